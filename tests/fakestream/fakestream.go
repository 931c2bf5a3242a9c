// Package fakestream is a server of WebSocket streams whose behavior each test defines.
//
//	s := fakestream.Start(t, func(c *fakestream.Conn) {
//		c.Send(`{"kind":"commit"}`)
//		c.Wait()
//	})
//	client, err := jetstream.New(s.URL(), jetstream.WithNetwork(network.Network{AllowPrivate: true}))
//
// It is for tests of clients of Jetstream and Tap, with single messages, most of them malformed. Package atptest cannot
// replace it: its streams are those of a PDS and a relay, while Jetstream and Tap send JSON, and Tap receives
// acknowledgements. tests/jetstream and tests/tap run the real servers.
package fakestream

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Server is a running server of WebSocket streams. It is safe for concurrent use.
type Server struct {
	server *httptest.Server

	mu    sync.Mutex
	count int
	conns map[*websocket.Conn]bool
}

// Conn is a connection of a client.
type Conn struct {
	// Number is the number of the connection, from 0. Request is the HTTP request that opened it.
	Number  int
	Request *http.Request

	ws       *websocket.Conn
	received chan string // the messages of the client; closed when it has disconnected
}

// Start starts a server, which runs until the end of the test. The server calls serve for each connection, in a goroutine of
// its own, and cuts the connection when serve returns.
func Start(t testing.TB, serve func(c *Conn)) *Server {
	s := &Server{conns: map[*websocket.Conn]bool{}}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		s.mu.Lock()
		c := &Conn{Number: s.count, Request: r, ws: ws, received: make(chan string, 1<<16)}
		s.count++
		s.conns[ws] = true
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.conns, ws)
			ws.Close()
		}()
		go func() {
			defer close(c.received)
			for {
				_, data, err := ws.ReadMessage()
				if err != nil {
					return
				}
				c.received <- string(data)
			}
		}()
		serve(c)
	}))
	t.Cleanup(func() {
		s.Cut()
		s.server.CloseClientConnections()
		s.server.Close()
	})
	return s
}

// URL returns the server's origin, with the scheme ws.
func (s *Server) URL() string { return "ws" + strings.TrimPrefix(s.server.URL, "http") }

// Connections returns how many connections there have been.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Cut cuts all open connections, without a close frame.
func (s *Server) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for ws := range s.conns {
		ws.Close()
	}
}

// Query returns the parameters of the request.
func (c *Conn) Query() url.Values { return c.Request.URL.Query() }

// Send sends text messages. It reports whether that succeeded.
func (c *Conn) Send(messages ...string) bool {
	for _, m := range messages {
		if c.ws.WriteMessage(websocket.TextMessage, []byte(m)) != nil {
			return false
		}
	}
	return true
}

// SendBinary sends a binary message. It reports whether that succeeded.
func (c *Conn) SendBinary(message []byte) bool {
	return c.ws.WriteMessage(websocket.BinaryMessage, message) == nil
}

// Receive returns the next message of the client. It returns "" if there is none within d, or if the client has
// disconnected.
func (c *Conn) Receive(d time.Duration) string {
	select {
	case m := <-c.received:
		return m
	case <-time.After(d):
		return ""
	}
}

// Close sends a close frame with a status code and a reason.
func (c *Conn) Close(code int, text string) {
	c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(time.Second))
}

// Wait waits until the client has disconnected, and discards its messages.
func (c *Conn) Wait() {
	for range c.received {
	}
}
