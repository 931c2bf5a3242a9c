package guard

import (
	"errors"
	"fmt"
	"net/http"
)

// maxRedirects is the largest number of redirects that [CheckRedirect] lets a request follow.
const maxRedirects = 5

// ErrRedirect says that a redirect was not followed.
var ErrRedirect = errors.New("redirect not followed")

// CheckRedirect is the redirect policy of [Client], for the CheckRedirect field of [http.Client]: it allows at most
// five redirects in a row, and none from https to another scheme. Its errors wrap [ErrRedirect].
func CheckRedirect(req *http.Request, via []*http.Request) error {
	if len(via) > maxRedirects {
		return fmt.Errorf("guard: %w: stopped after %d redirects, at %s", ErrRedirect, maxRedirects, via[len(via)-1].URL.Host)
	}
	if last := via[len(via)-1].URL; last.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("guard: %w: from https://%s to %s", ErrRedirect, last.Host, req.URL.Scheme+"://"+req.URL.Host)
	}
	return nil
}
