// Package faultproxy is a TCP proxy for tests that simulates network failures: it cuts a connection at any byte,
// stalls, trickles, corrupts or half-closes it, and refuses connections. For streams of WebSocket frames it can also
// drop, duplicate and reorder frames.
package faultproxy

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Fault says how the proxy changes the data that a server sends on one connection. The zero Fault changes nothing.
// Offsets count the bytes that the server sent on the connection, from 0.
type Fault struct {
	// CutAfter, if it is positive, is the number of bytes after which the connection is cut.
	CutAfter int64
	// HalfClose makes a cut close only the direction from the server to the client.
	HalfClose bool
	// StallAfter, if it is positive, is the number of bytes after which nothing more is sent; the connection stays
	// open.
	StallAfter int64
	// Trickle is the pause before each byte.
	Trickle time.Duration
	// CorruptAt flips the lowest bit of the byte at this offset, if it is positive.
	CorruptAt int64
	// Frames, if it is not nil, is called for each WebSocket message of the server, with its number from 0 and its bytes,
	// and returns the messages to send instead: none to drop it, two to duplicate it. It may keep a message for later, to
	// reorder them. Control frames pass unchanged.
	Frames func(number int, message []byte) [][]byte
}

// Proxy is a running proxy between clients and a server. It is safe for concurrent use.
type Proxy struct {
	listener net.Listener
	target   string

	mu     sync.Mutex
	next   func(connection int) Fault
	count  int
	refuse bool
	open   map[net.Conn]bool
	wait   sync.WaitGroup
}

// Start starts a proxy of the server at target, "host:port" or an origin. The proxy runs until the end of the test. faults
// returns the fault of each connection, given its number from 0; nil means no faults.
func Start(t testing.TB, target string, faults func(connection int) Fault) *Proxy {
	t.Helper()
	for _, scheme := range []string{"http://", "ws://"} {
		target = strings.TrimPrefix(target, scheme)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: listener, target: strings.TrimSuffix(target, "/"), next: faults, open: map[net.Conn]bool{}}
	p.wait.Go(p.accept)
	t.Cleanup(func() {
		listener.Close()
		p.CutAll()
		p.wait.Wait()
	})
	return p
}

// URL returns the proxy's origin, with the scheme ws.
func (p *Proxy) URL() string { return "ws://" + p.listener.Addr().String() }

// Origin returns the proxy's origin, with the scheme http.
func (p *Proxy) Origin() string { return "http://" + p.listener.Addr().String() }

// Set replaces the function that returns the faults of new connections; see [Start].
func (p *Proxy) Set(faults func(connection int) Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next = faults
}

// Connections returns how many connections there have been, not counting refused ones.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// Refuse sets whether new connections are closed at once.
func (p *Proxy) Refuse(refuse bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

// CutAll ends all connections.
func (p *Proxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		if p.refuse {
			p.mu.Unlock()
			client.Close()
			continue
		}
		var fault Fault
		if p.next != nil {
			fault = p.next(p.count)
		}
		p.count++
		p.mu.Unlock()
		p.wait.Go(func() { p.serve(client, fault) })
	}
}

func (p *Proxy) track(c net.Conn, on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if on {
		p.open[c] = true
	} else {
		delete(p.open, c)
		c.Close()
	}
}

func (p *Proxy) serve(client net.Conn, fault Fault) {
	p.track(client, true)
	defer p.track(client, false)
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	p.track(server, true)
	defer p.track(server, false)
	up := make(chan struct{})
	go func() {
		defer close(up)
		io.Copy(server, client)
		server.(*net.TCPConn).CloseWrite()
	}()
	w := &faulty{conn: client, fault: fault}
	if fault.Frames == nil {
		_, err = io.Copy(w, server)
	} else {
		err = copyFrames(w, bufio.NewReader(server), fault.Frames)
	}
	switch {
	case err == errStalled, err == errCut && fault.HalfClose:
		if err == errCut {
			client.(*net.TCPConn).CloseWrite()
		}
		<-up // until the client gives up
	default:
		client.Close()
		server.Close()
		<-up
	}
}

type proxyError string

func (e proxyError) Error() string { return string(e) }

const (
	errCut     proxyError = "cut"
	errStalled proxyError = "stalled"
)

// faulty is a writer to a client that applies a fault. at is the number of bytes that it has written.
type faulty struct {
	conn  net.Conn
	fault Fault
	at    int64
}

func (w *faulty) Write(b []byte) (int, error) {
	f := &w.fault
	written := 0
	for written < len(b) {
		part := b[written:]
		if f.Trickle > 0 {
			time.Sleep(f.Trickle)
			part = part[:1]
		}
		for _, limit := range []struct {
			at  int64
			err error
		}{{f.CutAfter, errCut}, {f.StallAfter, errStalled}} {
			if limit.at > 0 {
				if w.at >= limit.at {
					return written, limit.err
				}
				part = part[:min(int64(len(part)), limit.at-w.at)]
			}
		}
		if i := f.CorruptAt - w.at; f.CorruptAt > 0 && i >= 0 && i < int64(len(part)) {
			part = append([]byte(nil), part...)
			part[i] ^= 1
		}
		n, err := w.conn.Write(part)
		written += n
		w.at += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// copyFrames copies the HTTP response to the WebSocket handshake, and then frames. It calls change for each message, as
// [Fault].Frames describes.
func copyFrames(w io.Writer, r *bufio.Reader, change func(int, []byte) [][]byte) error {
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
		if strings.TrimSpace(string(line)) == "" {
			break
		}
	}
	var message []byte
	for number := 0; ; {
		var head [2]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return err
		}
		length := uint64(head[1] & 0x7f) // a server does not mask
		wide := map[uint64]int{126: 2, 127: 8}[length]
		if wide > 0 {
			b := make([]byte, 8)
			if _, err := io.ReadFull(r, b[8-wide:]); err != nil {
				return err
			}
			length = binary.BigEndian.Uint64(b)
		}
		payload := make([]byte, length)
		if _, err := io.ReadFull(r, payload); err != nil {
			return err
		}
		opcode := head[0] & 0x0f
		if opcode >= 8 {
			if err := writeFrame(w, opcode, payload); err != nil {
				return err
			}
			continue
		}
		message = append(message, payload...)
		if head[0]&0x80 == 0 {
			continue
		}
		for _, m := range change(number, message) {
			if err := writeFrame(w, 2, m); err != nil {
				return err
			}
		}
		number++
		message = nil
	}
}

func writeFrame(w io.Writer, opcode byte, payload []byte) error {
	b := []byte{0x80 | opcode}
	switch n := len(payload); {
	case n < 126:
		b = append(b, byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
	}
	_, err := w.Write(append(b, payload...))
	return err
}
