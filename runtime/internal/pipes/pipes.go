// Package pipes is a network in memory, for tests in a bubble of testing/synctest: there a test that waits for the clock does
// not depend on how busy the machine is. Its connections have no buffers.
package pipes

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Listener accepts the connections that Dial opens. It is a net.Listener, and safe for concurrent use.
type Listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	addr   net.Addr
}

// Listen returns a listener whose address is addr.
func Listen(addr net.Addr) *Listener {
	return &Listener{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Dial opens a connection to the listener, whatever the address. It waits until the listener accepts it.
func (l *Listener) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Client returns a client all of whose connections lead to the listener.
func (l *Listener) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: l.Dial}}
}

// Accept waits for a connection. It returns net.ErrClosed after Close.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept and Dial. Connections stay open.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns the address that was given to Listen.
func (l *Listener) Addr() net.Addr { return l.addr }
