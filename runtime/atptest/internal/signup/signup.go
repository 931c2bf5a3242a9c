// Package signup checks what is asked of new accounts, as the reference PDS does.
package signup

import (
	"net/http"
	"strings"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Domain is the domain of the handles that a server gives to new accounts.
const Domain = ".test"

// Check returns the handle and the mail address of a new account, in lower case, or the error that the server answers.
// It does not check whether they are taken. It refuses accounts that bring a DID.
func Check(input *atproto.ServerCreateAccountInput) (handle syntax.Handle, email string, err error) {
	if did, ok := input.DID.Get(); ok {
		return "", "", store.Refuse(http.StatusUnauthorized, "AuthenticationRequired", "Missing auth to create account with did: %s", did)
	}
	email = strings.ToLower(input.Email.Or(""))
	handle = syntax.Handle(strings.ToLower(string(input.Handle)))
	switch name, supported := strings.CutSuffix(string(handle), Domain); {
	case email == "":
		err = store.Invalid("Email is required")
	case !strings.Contains(strings.Trim(email, "@"), "@"):
		err = store.Invalid("This email address is not supported, please use a different email.")
	case !supported:
		err = store.Refuse(http.StatusBadRequest, "UnsupportedDomain", "Not a supported handle domain")
	case strings.Contains(name, "."):
		err = store.Refuse(http.StatusBadRequest, "InvalidHandle", "Invalid characters in handle")
	case len(name) < 3:
		err = store.Refuse(http.StatusBadRequest, "InvalidHandle", "Handle too short")
	case len(name) > 18:
		err = store.Refuse(http.StatusBadRequest, "InvalidHandle", "Handle too long")
	}
	return handle, email, err
}
