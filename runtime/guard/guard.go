// Package guard makes HTTP clients that can be pointed at addresses which strangers choose.
//
// A DID document, a handle, a redirect and a DNS answer are written by somebody else. A program that
// follows them can be led to services that only it can reach: on its own host, in its network, of its
// cloud provider. A client of this package looks at the address of each connection when it is made,
// after names have been resolved, and refuses all that are not on the public Internet:
//
//	response, err := guard.Client(false).Get("http://localhost:8080/")
//	errors.Is(err, guard.ErrPrivate) // true
//
// Everything in this module that opens connections does it through such a client, unless it is given
// another one.
package guard

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// ErrPrivate says that a host was not contacted because its address is not public. It is in the chain
// of the errors of [http.Client], for [errors.Is].
var ErrPrivate = errors.New("not a public address, which must be allowed (WithAllowPrivate, --allow-private)")

// Settings of the transport that [Client] makes.
const (
	dialTimeout     = 30 * time.Second
	idleConnTimeout = 90 * time.Second
	pingAfter       = 30 * time.Second // an HTTP/2 connection without a frame for so long is asked whether it lives
	pingTimeout     = 15 * time.Second
	maxHeaderBytes  = 256 << 10
	idlePerHost     = 64
	idleConns       = 512
)

// Client returns an HTTP client that connects to public addresses only, see [Public], or to any if
// allowPrivate is set. It checks the address that is really dialled, so that a name which resolves to
// another address the second time does not get past it. A host with both kinds of addresses is
// contacted at its public ones.
//
// The client follows redirects as [CheckRedirect] allows. It takes no proxy from the environment,
// speaks HTTP/1.1 and HTTP/2, asks for gzip (see [Inflate] for its limit), keeps connections for reuse, and has no time-out besides
// those of connecting: limit each request by its context. Each call returns a client with a
// connection pool of its own, for use by any number of goroutines.
func Client(allowPrivate bool) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            dialer(allowPrivate),
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    dialTimeout,
			MaxIdleConns:           idleConns,
			MaxIdleConnsPerHost:    idlePerHost,
			IdleConnTimeout:        idleConnTimeout,
			MaxResponseHeaderBytes: maxHeaderBytes,
			HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingTimeout},
		},
		CheckRedirect: CheckRedirect,
	}
}

func dialer(allowPrivate bool) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		d := net.Dialer{Timeout: dialTimeout}
		if !allowPrivate {
			// Control runs between making a socket and connecting it, for each address tried.
			d.ControlContext = func(_ context.Context, network, dialled string, _ syscall.RawConn) error {
				return check(address, network, dialled)
			}
		}
		return d.DialContext(ctx, network, address)
	}
}

// check refuses the address dialled, which host has been resolved to, unless it is a public one.
func check(host, network, dialled string) error {
	if network != "tcp4" && network != "tcp6" {
		return fmt.Errorf("guard: %s: network %s: %w", host, network, ErrPrivate)
	}
	at, err := netip.ParseAddrPort(dialled)
	if err != nil {
		return fmt.Errorf("guard: %s: address %q: %w", host, dialled, ErrPrivate)
	}
	if !Public(at.Addr()) {
		if host == dialled {
			return fmt.Errorf("guard: %s: %w", host, ErrPrivate)
		}
		return fmt.Errorf("guard: %s is %s: %w", host, at.Addr(), ErrPrivate)
	}
	return nil
}
