package xrpc_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// network is an HTTP server in memory, so that a test in a synctest bubble has time to itself. Set handler,
// or raw, which gets the connection after each request.
type fakeNetwork struct {
	handler http.HandlerFunc
	raw     func(conn net.Conn, req *http.Request)

	mu       sync.Mutex
	dials    int
	requests []*http.Request
	refuse   int // so many dials fail
	conns    []net.Conn
	servers  sync.WaitGroup
}

var errDial = errors.New("connection refused")

func (n *fakeNetwork) dial(context.Context, string, string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dials++
	if n.refuse > 0 {
		n.refuse--
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errDial}
	}
	client, server := net.Pipe()
	n.conns = append(n.conns, server)
	n.servers.Go(func() { n.serve(server) })
	return client, nil
}

func (n *fakeNetwork) serve(conn net.Conn) {
	defer conn.Close()
	if n.raw == nil {
		l := &listener{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
		l.conn <- conn
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.note(r)
			n.handler(w, r)
		}), ConnState: func(_ net.Conn, s http.ConnState) {
			if s == http.StateClosed || s == http.StateHijacked {
				l.Close()
			}
		}}
		server.Serve(l)
		return
	}
	in := bufio.NewReader(conn)
	for {
		req, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		req.Body = io.NopCloser(bytes.NewReader(body))
		n.note(req)
		n.raw(conn, req)
	}
}

func (n *fakeNetwork) note(r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.requests = append(n.requests, r)
}

func (n *fakeNetwork) count() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.requests)
}

// listener accepts one connection.
type listener struct {
	conn   chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *listener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

const origin = "http://service.example"

// client returns a client of the network. It is closed at the end of the test.
func (n *fakeNetwork) client(t *testing.T, opts ...xrpc.Option) *xrpc.Client {
	t.Helper()
	transport := &http.Transport{DialContext: n.dial}
	c, err := xrpc.New(origin, append([]xrpc.Option{xrpc.WithNetwork(network.Network{HTTPClient: &http.Client{Transport: transport}})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		n.mu.Lock()
		for _, conn := range n.conns {
			conn.Close()
		}
		n.mu.Unlock()
		n.servers.Wait()
	})
	return c
}

// answer answers with JSON.
func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, text)
}

// failing is a handler that answers the first requests with these statuses, and the others well.
func failing(statuses ...int) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		if len(statuses) == 0 {
			answer(w, 200, `{"ok":true}`)
			return
		}
		status := statuses[0]
		statuses = statuses[1:]
		answer(w, status, `{"error":"Failed","message":"not this time"}`)
	}
}

// testCall is a request with its response.
type testCall struct {
	rpc.Request
	rpc.Response
}

func (c *testCall) do(ctx context.Context, client *xrpc.Client) error {
	return client.Call(ctx, &c.Request, &c.Response)
}

func query() *testCall {
	return &testCall{Request: rpc.Request{NSID: "com.example.get"}, Response: rpc.Response{Output: new(lex.Map)}}
}

func procedure() *testCall {
	input := new(lex.Map)
	value, _ := lex.ValueOf("text")
	input.Set("field", value)
	return &testCall{
		Request:  rpc.Request{NSID: "com.example.do", Procedure: true, Input: input},
		Response: rpc.Response{Output: new(lex.Map)},
	}
}

func upload(r io.Reader) *testCall {
	return &testCall{
		Request:  rpc.Request{NSID: "com.example.upload", Procedure: true, Body: r, Encoding: "image/png"},
		Response: rpc.Response{Output: new(lex.Map)},
	}
}

func stream() *testCall {
	return &testCall{Request: rpc.Request{NSID: "com.example.stream"}, Response: rpc.Response{Stream: true}}
}

func repeatable(call *testCall) *testCall {
	call.Repeatable = true
	return call
}

var background = context.Background()

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(background, d)
	t.Cleanup(cancel)
	return ctx
}

// remote returns the *xrpc.Error in err.
func remote(t *testing.T, err error) *xrpc.Error {
	t.Helper()
	var e *xrpc.Error
	if !errors.As(err, &e) {
		t.Fatalf("%T %v is not an answer", err, err)
	}
	return e
}

// bubble runs a test with a network, in time of its own.
func bubble(t *testing.T, test func(t *testing.T, n *fakeNetwork)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, new(fakeNetwork)) })
}
