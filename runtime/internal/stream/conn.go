package stream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

const (
	handshakeTimeout = 45 * time.Second
	// maxHandshake is how many bytes a server may send before its connection has become a WebSocket.
	maxHandshake = 256 << 10
	writeTimeout = 10 * time.Second
	readBuffer   = 64 << 10
	// messageTimeout is how long receiving one message may take.
	messageTimeout = 5 * time.Minute
	// maxMessage is the size in bytes of the longest message that does not end the connection. What exceeds the
	// transport's limit is read but not kept.
	maxMessage = 64 << 20
	// deadAfter is after how many intervals between pings a connection is ended if nothing is received on it.
	deadAfter = 3
)

var (
	errDead    = errors.New("connection is dead: no response to pings")
	errSlow    = fmt.Errorf("a frame took more than %v", messageTimeout)
	errMessage = fmt.Errorf("message of more than %d bytes", maxMessage)
)

// The names of errors from the source that a [Subscription] handles in a way of their own.
const (
	// FutureCursor says that the cursor is ahead of the source.
	FutureCursor rpc.ErrorName = "FutureCursor"
	// ConsumerTooSlow says that the source ended the stream because the subscription read too slowly.
	ConsumerTooSlow rpc.ErrorName = "ConsumerTooSlow"
)

// Failure says why a connection to a source ended or could not be made.
type Failure struct {
	// Position is the position of the last message, or zero if there was none.
	Position Position
	// Status is the HTTP status of a response that did not open a stream, or 0.
	Status int
	// Code is the code with which the source closed the stream (RFC 6455, section 7.4), or 0 if it did not.
	Code int
	// Name is the name of the error that the source sent, or "", and Message is its message for people, or "".
	Name    rpc.ErrorName
	Message string
	// Err is the cause if it is not an answer of the source, or nil.
	Err error
	// RetryAfter is how long the source asks clients to wait before they connect again, at most an hour, or 0.
	RetryAfter time.Duration
}

// Named returns a Failure with the name and the message of an error that a source sent. It shortens both.
func Named(name, message string) *Failure {
	return &Failure{Name: rpc.ErrorName(quote.Cut(name, maxName)), Message: quote.Cut(message, maxText)}
}

// The longest name and message of an error that are kept, in bytes.
const (
	maxName = 128
	maxText = 1 << 10
)

// Error returns a text with the status, the code, the name, the message and the cause, as far as the Failure has them.
func (f *Failure) Error() string {
	var parts []string
	if f.Status != 0 {
		parts = append(parts, fmt.Sprintf("status %d", f.Status))
	}
	if f.Code != 0 {
		parts = append(parts, fmt.Sprintf("closed with code %d", f.Code))
	}
	if f.Name != "" {
		parts = append(parts, quote.Message(string(f.Name), maxName+len("…")))
	}
	if f.Message != "" {
		parts = append(parts, strconv.Quote(f.Message))
	}
	if f.Err != nil {
		parts = append(parts, f.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap returns f.Err.
func (f *Failure) Unwrap() error { return f.Err }

// Closed reports whether the source closed the stream with the code 1000 (done) or 1001 (going away).
func (f *Failure) Closed() bool {
	return f.Name == "" && (f.Code == websocket.CloseNormalClosure || f.Code == websocket.CloseGoingAway)
}

// failure returns err, an error of a connection, as a Failure.
func failure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		if closed.Code == websocket.CloseAbnormalClosure {
			return &Failure{Err: io.ErrUnexpectedEOF} // there was no close frame
		}
		f := Named("", closed.Text)
		f.Code = closed.Code
		return f
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errDead
	}
	return &Failure{Err: err}
}

// Transport opens WebSocket connections to a source. It is safe for concurrent use.
type Transport struct {
	dialer websocket.Dialer
	ping   time.Duration // the interval between pings
	agent  string        // the value of the header User-Agent
	limit  int           // how many bytes of a message are kept

	// Authorization is the value of the header Authorization in the request to the source, or "". It is not sent to
	// other servers.
	Authorization string
}

// NewTransport returns a Transport that connects as n says, sends pings at the given interval to check that connections
// are alive, and keeps up to limit bytes of a message. The Transport of n's HTTPClient must be an *http.Transport.
func NewTransport(n network.Network, ping time.Duration, limit int) (*Transport, error) {
	if ping <= 0 {
		return nil, errors.New("the interval of pings must be positive")
	}
	client := n.Client()
	base, ok := client.Transport.(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("the HTTP client has a transport of type %T, which cannot open WebSockets", client.Transport)
	}
	d := websocket.Dialer{HandshakeTimeout: handshakeTimeout, ReadBufferSize: readBuffer, WriteBufferSize: 1 << 10, TLSClientConfig: base.TLSClientConfig}
	if d.NetDialContext = base.DialContext; d.NetDialContext == nil {
		d.NetDialContext = new(net.Dialer).DialContext
	}
	return &Transport{dialer: d, ping: ping, agent: cmp.Or(n.UserAgent, network.DefaultUserAgent), limit: limit}, nil
}

// netConn is a connection whose Read fails if nothing is received for a while, or if the handshake is too large.
type netConn struct {
	net.Conn
	patience  time.Duration // how long Read waits for data
	handshake *atomic.Int64 // how many more bytes may be received before the connection is a stream; nil afterwards
	deaf      *atomic.Bool  // whether every Read fails; see conn.cut
}

func (c *netConn) Read(b []byte) (int, error) {
	left := c.handshake.Load()
	if left > 0 {
		n, err := c.Conn.Read(b[:min(int64(len(b)), left)])
		if c.handshake.CompareAndSwap(left, left-int64(n)) && left == int64(n) {
			return n, fmt.Errorf("handshake of more than %d bytes", maxHandshake)
		}
		return n, err
	}
	if err := c.Conn.SetReadDeadline(time.Now().Add(c.patience)); err != nil {
		return 0, err
	}
	if c.deaf.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := c.Conn.Read(b)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		err = errDead
	}
	return n, err
}

// conn is one connection to a source.
type conn struct {
	ws    *websocket.Conn
	limit int           // how many bytes of a message are kept
	deaf  *atomic.Bool  // whether reading fails; see cut
	stop  func() bool   // makes the end of the context have no effect on the connection
	pings chan struct{} // closed when the goroutine that sends pings has ended
	close chan struct{} // closed to end that goroutine
	acks  *acks
}

// dial connects to a source. It follows redirects as package guard allows, without the header Authorization. When ctx
// ends, reading from the connection fails.
func (t *Transport) dial(ctx context.Context, address url.URL) (*conn, error) {
	header := http.Header{"User-Agent": {t.agent}}
	if t.Authorization != "" {
		header.Set("Authorization", t.Authorization)
	}
	var via []*http.Request
	for {
		var handshake atomic.Int64
		var deaf atomic.Bool
		handshake.Store(maxHandshake)
		d := t.dialer
		stop := func() bool { return true }
		forward := d.NetDialContext
		d.NetDialContext = func(dialing context.Context, network, addr string) (net.Conn, error) {
			c, err := forward(dialing, network, addr)
			if err != nil {
				return nil, err
			}
			// The dialer does not notice that ctx ends while it waits for the answer to the handshake.
			stop = context.AfterFunc(ctx, func() { c.Close() })
			return &netConn{Conn: c, patience: deadAfter * t.ping, handshake: &handshake, deaf: &deaf}, nil
		}
		ws, response, err := d.DialContext(ctx, address.String(), header)
		stop()
		if err == nil {
			handshake.Store(0)
			return t.start(ctx, ws, &deaf), nil
		}
		if response == nil || !errors.Is(err, websocket.ErrBadHandshake) {
			return nil, err
		}
		location := response.Header.Get("Location")
		if response.StatusCode/100 != 3 || location == "" {
			return nil, refusal(response)
		}
		// The rules of redirects are about http.
		from := &http.Request{URL: httpForm(address)}
		to, err := from.URL.Parse(location)
		if err != nil {
			return nil, fmt.Errorf("redirect to %s: not a URL", quote.Text(location, 200))
		}
		switch to.Scheme {
		case "ws":
			to.Scheme = "http"
		case "wss":
			to.Scheme = "https"
		}
		via = append(via, from)
		if err := guard.CheckRedirect(&http.Request{URL: to}, via); err != nil {
			return nil, err
		}
		address = *to
		if address.Scheme = "ws"; to.Scheme == "https" {
			address.Scheme = "wss"
		}
		address.User, address.Fragment = nil, ""
		header.Del("Authorization")
	}
}

// httpForm returns u with the scheme http or https in place of ws or wss.
func httpForm(u url.URL) *url.URL {
	if u.Scheme == "wss" {
		u.Scheme = "https"
	} else {
		u.Scheme = "http"
	}
	return &u
}

// refusal returns the Failure for an HTTP response that does not open a WebSocket.
func refusal(response *http.Response) error {
	body, _ := io.ReadAll(response.Body) // at most 1 KiB
	var xrpc struct{ Error, Message string }
	f := new(Failure)
	if json.Unmarshal(body, &xrpc) == nil && xrpc.Error != "" {
		f = Named(xrpc.Error, xrpc.Message)
	}
	f.Status = response.StatusCode
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		f.RetryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	return f
}

// start returns the conn for a new WebSocket, and starts sending pings on it. It sends the first ping at once, so that
// a connection that never worked is noticed as soon as any other. When ctx ends, reading from the conn fails.
func (t *Transport) start(ctx context.Context, ws *websocket.Conn, deaf *atomic.Bool) *conn {
	c := &conn{ws: ws, limit: t.limit, deaf: deaf, pings: make(chan struct{}), close: make(chan struct{}), acks: newAcks(ws)}
	c.stop = context.AfterFunc(ctx, c.cut)
	go func() {
		defer close(c.pings)
		ticker := time.NewTicker(t.ping)
		defer ticker.Stop()
		for {
			// A write that fails does not end the connection, since there may be messages and a close frame that were
			// received and not read yet. After them, the read fails, too, or nothing is received and it times out.
			if ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTimeout)) != nil {
				return
			}
			select {
			case <-c.close:
				return
			case <-ticker.C:
			}
		}
	}()
	return c
}

// cut makes the read that is in progress and all later ones fail.
func (c *conn) cut() {
	c.deaf.Store(true)
	c.ws.SetReadDeadline(time.Now())
}

// end closes the connection, and waits until its goroutines have ended.
func (c *conn) end() {
	c.stop()
	close(c.close)
	c.acks.end()
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	c.ws.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Second))
	c.ws.Close()
	<-c.pings
	c.acks.join()
}

// read reads the next message into buf, and returns the message and the buffer, which it has enlarged if necessary. If
// the message is longer than the limit, its Data is truncated.
func (c *conn) read(buf []byte) (Message, []byte, error) {
	typ, r, err := c.ws.NextReader()
	if err != nil {
		return Message{}, buf, err
	}
	began := time.Time{}
	buf = buf[:cap(buf)]
	var m Message
	n := 0
	for reads := 0; ; reads++ {
		if n == len(buf) {
			if n >= c.limit+1 {
				break
			}
			grown := make([]byte, min(max(2*len(buf), 16<<10), c.limit+1))
			copy(grown, buf[:n])
			buf = grown
		}
		got, err := r.Read(buf[n:])
		n += got
		if err == io.EOF {
			m = Message{Data: buf[:n], Size: int64(n), Binary: typ == websocket.BinaryMessage}
			if n <= c.limit {
				return m, buf, nil
			}
			break
		}
		if err != nil {
			return Message{}, buf, err
		}
		// Most messages take a few reads, and reading the clock would cost more than they do.
		if reads%16 == 15 {
			if began.IsZero() {
				began = time.Now()
			} else if time.Since(began) > messageTimeout {
				return Message{}, buf, errSlow
			}
		}
	}
	// Too large: the rest is read, so that the stream can continue after it.
	m = Message{Data: buf[:min(n, c.limit)], Size: int64(n), Binary: typ == websocket.BinaryMessage}
	var scratch [4 << 10]byte
	for {
		got, err := r.Read(scratch[:])
		m.Size += int64(got)
		switch {
		case err == io.EOF:
			return m, buf, nil
		case err != nil:
			return Message{}, buf, err
		case m.Size > maxMessage:
			return Message{}, buf, errMessage
		}
	}
}
