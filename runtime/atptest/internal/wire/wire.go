// Package wire connects clients with the servers of a test network: over the loopback interface, or in the memory of
// the process.
package wire

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/internal/pipes"
)

// Wire connects clients with servers: servers listen on it, and its clients connect to them through it. It is safe for
// concurrent use.
type Wire struct {
	memory bool

	mu        sync.Mutex
	listeners []*pipes.Listener // in memory; the first has the port 1
}

// New returns a wire over the loopback interface, or one in memory.
func New(memory bool) *Wire { return &Wire{memory: memory} }

// Listen returns a listener at a new address of the loopback interface. In memory, the ports are 1, 2, and so on, whatever
// else runs on the host.
func (w *Wire) Listen() (net.Listener, error) {
	if !w.memory {
		return net.Listen("tcp", "127.0.0.1:0")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	l := pipes.Listen(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: len(w.listeners) + 1})
	w.listeners = append(w.listeners, l)
	return l, nil
}

// dial connects to an address of the loopback interface.
func (w *Wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if !w.memory {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	_, text, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	w.mu.Lock()
	if err != nil || port < 1 || port > len(w.listeners) {
		w.mu.Unlock()
		return nil, fmt.Errorf("dial %s: no server of the network has this address", address)
	}
	l := w.listeners[port-1]
	w.mu.Unlock()
	c, err := l.Dial(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", address, err)
	}
	return c, nil
}

// Client returns a client that can reach only the servers of the network. It connects to the addresses of the loopback
// interface, and, for HTTPS, to the hosts of handles, without TLS, since they have no certificates here. hostOf
// returns the address of the server that answers for a handle, or "".
func (w *Wire) Client(hostOf func(handle string) (address string)) *http.Client {
	client := guard.Client(true)
	transport := client.Transport.(*http.Transport)
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, _, err := net.SplitHostPort(address); err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback()) {
			return w.dial(ctx, network, address)
		}
		return nil, &net.DNSError{Err: "no such host", Name: address, IsNotFound: true}
	}
	transport.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		address = hostOf(host)
		if address == "" {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		return w.dial(ctx, network, address)
	}
	return client
}
