// Package guard makes HTTP clients that can safely connect to hosts that untrusted parties choose.
//
// DID documents, handles, redirects and DNS answers come from others. They can lead a program to services that only it
// can reach: on its own host, in its network, or at its cloud provider. A client of this package checks the address of
// each connection after host names have been resolved, and refuses addresses that are not on the public Internet:
//
//	response, err := guard.Client(false).Get("http://localhost:8080/")
//	errors.Is(err, guard.ErrPrivate) // true
//
// Every package of this module that opens connections uses such a client, unless the caller supplies another one.
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

// ErrPrivate says that a host was not contacted because its address is not public. The errors of [http.Client] wrap
// it: use [errors.Is].
var ErrPrivate = errors.New("not a public address (Network.AllowPrivate or --allow-private allows it)")

// Settings of the transport that [Client] makes.
const (
	dialTimeout     = 30 * time.Second
	idleConnTimeout = 90 * time.Second
	pingAfter       = 30 * time.Second // an HTTP/2 connection that received no frame for this long is pinged
	pingTimeout     = 15 * time.Second
	maxHeaderBytes  = 256 << 10
	idlePerHost     = 64  // the largest number of idle connections to one host
	idleConns       = 512 // the largest number of idle connections to all hosts
)

// Client returns an HTTP client that connects to public addresses only, see [Public], or to any if allowPrivate is
// set. It checks the address that is actually dialled, so a name that resolves to a different address the second time
// does not escape the check. If a host has both public and private addresses, only the public ones are contacted.
//
// The client follows redirects as [CheckRedirect] allows. It ignores proxy settings in the environment, speaks
// HTTP/1.1 and HTTP/2, asks for gzip (see [Inflate] for the limit), keeps connections for reuse, and has no time-outs
// except those for connecting: limit each request by its context. Each call returns a client with its own connection
// pool. The client is safe for concurrent use.
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
			// Control runs after a socket is made and before it is connected, for each address tried.
			d.ControlContext = func(_ context.Context, network, dialled string, _ syscall.RawConn) error {
				return check(address, network, dialled)
			}
		}
		return d.DialContext(ctx, network, address)
	}
}

// check returns an error unless the dialled address, to which host was resolved, is public.
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
