package firehose

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
)

const xrpcPath = "/xrpc/" + atproto.NSIDSyncSubscribeRepos

// parseEndpoint returns the URL of the subscription at address, which is an origin, or the whole URL, with one of the
// schemes ws, wss, http and https, or without a scheme.
func parseEndpoint(address string) (*url.URL, error) {
	bad := func(why string) error {
		return fmt.Errorf("firehose: address %s: %s", quote.Text(address, 200), why)
	}
	text := strings.TrimSpace(address)
	if !strings.Contains(text, "://") {
		text = "wss://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, bad("not a URL")
	}
	switch u.Scheme {
	case "ws", "http":
		u.Scheme = "ws"
	case "wss", "https":
		u.Scheme = "wss"
	default:
		return nil, bad("the scheme must be wss, ws, https or http")
	}
	switch {
	case u.Hostname() == "":
		return nil, bad("no host")
	case u.User != nil:
		return nil, bad("a user name is not allowed")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, bad("a query is not allowed: the cursor is an option")
	}
	switch path := strings.TrimRight(u.Path, "/"); path {
	case "", "/xrpc", xrpcPath:
	default:
		return nil, bad("the path must be " + xrpcPath + ", or left out")
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "wss" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return &url.URL{Scheme: u.Scheme, Host: host, Path: xrpcPath}, nil
}
