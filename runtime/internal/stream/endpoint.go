package stream

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/network"
)

// Open returns the URL of the subscription at address, as [Endpoint] does, and a transport to connect to it, as
// [NewTransport] does with n, ping and limit. It returns an error for an address without TLS unless n allows private
// addresses.
func Open(address, path string, also []string, n network.Network, ping time.Duration, limit int) (url.URL, *Transport, error) {
	u, err := Endpoint(address, path, also...)
	if err != nil {
		return url.URL{}, nil, err
	}
	if u.Scheme == "ws" && !n.AllowsHTTP() {
		return url.URL{}, nil, fmt.Errorf("%s: a connection without TLS must be allowed (Network.AllowPrivate or --allow-private)", u)
	}
	t, err := NewTransport(n, ping, limit)
	return *u, t, err
}

// Endpoint returns the URL of the subscription at address, with the scheme wss or ws and the given path. address is an
// origin, or a URL with that path or one of those in also, which mean the same. Its scheme is wss, https, ws or http;
// without a scheme, wss is meant.
func Endpoint(address, path string, also ...string) (*url.URL, error) {
	bad := func(why string) error {
		return fmt.Errorf("address %s: %s", quote.Text(address, 200), why)
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
	if p := strings.TrimRight(u.Path, "/"); p != "" && p != path && !slices.Contains(also, p) {
		return nil, bad("the path must be " + path + ", or left out")
	}
	host := strings.ToLower(u.Host)
	if u.Scheme == "wss" {
		host = strings.TrimSuffix(host, ":443")
	} else {
		host = strings.TrimSuffix(host, ":80")
	}
	return &url.URL{Scheme: u.Scheme, Host: host, Path: path}, nil
}
