// Package pipes is a network in memory, for tests in a bubble of testing/synctest, which have a clock of their own and
// so do not depend on how busy the machine is. Its connections have no buffers: a write waits until the other end reads.
package pipes

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Listener is a net.Listener that accepts the connections that its method Dial opens. It is safe for concurrent use.
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

// Dial opens a connection to the listener, whatever network and address it is given. It waits until the listener
// accepts the connection, and fails if the listener is closed or ctx ends first.
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

// Client returns an HTTP client whose connections all lead to the listener.
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

// Close makes Accept and Dial fail. Open connections stay open. The error is always nil.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr returns the address that was given to Listen.
func (l *Listener) Addr() net.Addr { return l.addr }
