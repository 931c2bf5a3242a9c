package network

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/internal/quote"
)

// ParseOrigin parses the origin of a server, "https://host" or "https://host:port". A slash at its end is ignored. An
// origin with http is accepted, too: the caller decides whether to use it, see [Network.AllowsHTTP]. The result is in
// lower case, without the slash and without the port that is the scheme's default.
//
// The error quotes the address unless it has an @ or a ?, since a password or a query may be secret.
func ParseOrigin(address string) (*url.URL, error) {
	if strings.ContainsAny(address, "@?") {
		return nil, errors.New("the address is not of the form https://host[:port]")
	}
	shown := quote.Text(address, 100)
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s is not a URL: %w", shown, errors.Unwrap(err))
	case u.Scheme == "":
		return nil, fmt.Errorf("%s has no scheme, as in https://pds.example.com", shown)
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("%s is not an http or https URL", shown)
	case u.Hostname() == "", strings.HasSuffix(u.Host, ":"):
		return nil, fmt.Errorf("%s has no host, or an empty port", shown)
	case u.Path != "" && u.Path != "/", strings.Contains(address, "#"):
		return nil, fmt.Errorf("%s has more than a host and a port", shown)
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r >= utf8.RuneSelf }):
		return nil, fmt.Errorf("%s: the host is not ASCII: write it in punycode (xn--...)", shown)
	}
	defaultPort := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	return &url.URL{Scheme: u.Scheme, Host: strings.TrimSuffix(strings.ToLower(u.Host), defaultPort)}, nil
}
