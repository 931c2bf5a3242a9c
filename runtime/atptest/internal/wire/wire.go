// Package wire connects clients with the servers of a test network: over the loopback interface, or in the memory of the process.
package wire

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/layers-pub/layers-go/runtime/guard"
)

// Wire is where servers listen, and to where clients connect. It is safe for concurrent use.
type Wire struct {
	memory bool

	mu        sync.Mutex
	listeners []*listener // in memory; the first has the port 1
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
	l := &listener{port: len(w.listeners) + 1, connections: make(chan net.Conn), closed: make(chan struct{})}
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
	client, server := net.Pipe()
	select {
	case l.connections <- server:
		return client, nil
	case <-l.closed:
		return nil, fmt.Errorf("dial %s: the server is closed", address)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Client returns a client for which the network is all that there is. It connects to the addresses of the loopback interface,
// and to the hosts of handles, which have no certificates here: hostOf returns the address of their server, or "".
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

// listener is a server's end in memory.
type listener struct {
	port        int
	connections chan net.Conn
	once        sync.Once
	closed      chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.connections:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: l.port} }
