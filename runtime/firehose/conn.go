package firehose

import (
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
	"github.com/layers-pub/layers-go/runtime/internal/pause"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

const (
	handshakeTimeout = 45 * time.Second
	// maxHandshake is how many bytes a server may send before the connection is a stream.
	maxHandshake = 256 << 10
	writeTimeout = 10 * time.Second
	readBuffer   = 64 << 10
	// messageTimeout is how long the bytes of one frame may take.
	messageTimeout = 5 * time.Minute
	// maxMessage is the size of the longest message that is read to its end, in bytes.
	maxMessage = 64 << 20
	// deadAfter is how many pings without any answer end a connection.
	deadAfter = 3

	// minPause and maxPause are the limits of the pauses between two attempts to connect.
	minPause = time.Second
	maxPause = time.Minute
)

// The errors that a source names when it ends a stream, for errors.Is.
const (
	// ErrFutureCursor says that the cursor is ahead of the source, which was probably reset. The subscription does not
	// connect again by itself: the caller decides where to begin.
	ErrFutureCursor rpc.ErrorName = "FutureCursor"
	// ErrConsumerTooSlow says that the source gave up waiting for the caller. With [Options.Reconnect] the subscription
	// connects again when the loop has caught up with half of the queue.
	ErrConsumerTooSlow rpc.ErrorName = "ConsumerTooSlow"
)

var (
	errDead    = errors.New("connection is dead: no answer to pings")
	errSlow    = fmt.Errorf("a frame took more than %v", messageTimeout)
	errMessage = fmt.Errorf("message of more than %d bytes", maxMessage)
)

// Error is the error at the end of a stream, and of a [Reconnect].
type Error struct {
	// Endpoint is the source.
	Endpoint string
	// Position is that of the last frame, or zero if there was none.
	Position Position
	// Status is the HTTP status of an answer that was not a stream, or 0.
	Status int
	// Code is the code with which the source closed the stream (RFC 6455, section 7.4), or 0 if it did not.
	Code int
	// Name is the error that the source named, such as [ErrConsumerTooSlow], or "".
	Name rpc.ErrorName
	// Message is what the source said, for people. It may be empty.
	Message string
	// Err is another cause, or nil.
	Err error

	retryAfter time.Duration
}

// Error returns a text with the endpoint, the cause and the position.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "firehose: %s: ", e.Endpoint)
	var parts []string
	if e.Status != 0 {
		parts = append(parts, fmt.Sprintf("status %d", e.Status))
	}
	if e.Code != 0 {
		parts = append(parts, fmt.Sprintf("closed with code %d", e.Code))
	}
	if e.Name != "" {
		parts = append(parts, string(e.Name))
	}
	if e.Message != "" {
		parts = append(parts, strconv.Quote(e.Message))
	}
	if e.Err != nil {
		parts = append(parts, e.Err.Error())
	}
	b.WriteString(strings.Join(parts, ": "))
	if !e.Position.IsZero() {
		fmt.Fprintf(&b, " (after seq %d)", e.Position.Seq)
	}
	return b.String()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the error that the source named.
func (e *Error) Is(target error) bool {
	name, ok := target.(rpc.ErrorName)
	return ok && e.Name != "" && name == e.Name
}

// transport opens connections.
type transport struct {
	dialer websocket.Dialer
	ping   time.Duration
	agent  string
}

// netConn is a connection that ends when nothing is received for a while, and that limits the size of the handshake.
type netConn struct {
	net.Conn
	patience  time.Duration
	handshake *atomic.Int64 // how many more bytes may be received before the connection is a stream; nil afterwards
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
	n, err := c.Conn.Read(b)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		err = errDead
	}
	return n, err
}

// conn is one connection to a source.
type conn struct {
	ws    *websocket.Conn
	stop  func() bool
	pings chan struct{} // closed when the goroutine that sends pings has ended
	close chan struct{} // closed to end it
}

// dial connects to a source. It follows redirects as package guard allows. ctx's end closes the connection.
func (t *transport) dial(ctx context.Context, address url.URL) (*conn, error) {
	header := http.Header{"User-Agent": {t.agent}}
	var via []*http.Request
	for {
		var handshake atomic.Int64
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
			return &netConn{Conn: c, patience: deadAfter * t.ping, handshake: &handshake}, nil
		}
		ws, response, err := d.DialContext(ctx, address.String(), header)
		stop()
		if err == nil {
			handshake.Store(0)
			return t.start(ctx, ws), nil
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
	}
}

func httpForm(u url.URL) *url.URL {
	if u.Scheme == "wss" {
		u.Scheme = "https"
	} else {
		u.Scheme = "http"
	}
	return &u
}

// refusal returns the error for an answer that is not a stream.
func refusal(response *http.Response) error {
	e := &Error{Status: response.StatusCode}
	body, _ := io.ReadAll(response.Body) // at most 1 KiB
	var xrpc struct{ Error, Message string }
	if json.Unmarshal(body, &xrpc) == nil && xrpc.Error != "" {
		e.Name, e.Message = rpc.ErrorName(cut(xrpc.Error, maxName)), cut(xrpc.Message, maxText)
	}
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.retryAfter = time.Duration(min(seconds, 3600)) * time.Second
	}
	return e
}

// The longest name and message of an error that are kept, in bytes.
const (
	maxName = 128
	maxText = 1 << 10
)

func cut(s string, n int) string { return strings.ToValidUTF8(s[:min(len(s), n)], "") }

// start begins to send pings. The first one is sent at once, so that a connection that was dead from the first moment is
// noticed like any other.
func (t *transport) start(ctx context.Context, ws *websocket.Conn) *conn {
	c := &conn{ws: ws, pings: make(chan struct{}), close: make(chan struct{})}
	c.stop = context.AfterFunc(ctx, func() { ws.Close() })
	go func() {
		defer close(c.pings)
		ticker := time.NewTicker(t.ping)
		defer ticker.Stop()
		for {
			// A write that fails has no other consequence: the read fails, too.
			if err := ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTimeout)); err != nil {
				ws.Close()
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

// end closes the connection.
func (c *conn) end() {
	c.stop()
	close(c.close)
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	c.ws.WriteControl(websocket.CloseMessage, bye, time.Now().Add(time.Second))
	c.ws.Close()
	<-c.pings
}

// message is what a connection received.
type message struct {
	data   []byte // up to MaxFrame bytes; valid until the next one
	size   int64
	binary bool
}

// read reads the next message into buf, which it returns enlarged if necessary.
func (c *conn) read(buf []byte) (message, []byte, error) {
	typ, r, err := c.ws.NextReader()
	if err != nil {
		return message{}, buf, err
	}
	began := time.Time{}
	buf = buf[:cap(buf)]
	var m message
	n := 0
	for reads := 0; ; reads++ {
		if n == len(buf) {
			if n >= MaxFrame+1 {
				break
			}
			grown := make([]byte, min(max(2*len(buf), 16<<10), MaxFrame+1))
			copy(grown, buf[:n])
			buf = grown
		}
		got, err := r.Read(buf[n:])
		n += got
		if err == io.EOF {
			m = message{data: buf[:n], size: int64(n), binary: typ == websocket.BinaryMessage}
			if n <= MaxFrame {
				return m, buf, nil
			}
			break
		}
		if err != nil {
			return message{}, buf, err
		}
		// Most messages take a few reads, and reading the clock would cost more than they do.
		if reads%16 == 15 {
			if began.IsZero() {
				began = time.Now()
			} else if time.Since(began) > messageTimeout {
				return message{}, buf, errSlow
			}
		}
	}
	// Too large: the rest is read, so that the stream can continue after it.
	m = message{data: buf[:min(n, MaxFrame)], size: int64(n), binary: typ == websocket.BinaryMessage}
	var scratch [4 << 10]byte
	for {
		got, err := r.Read(scratch[:])
		m.size += int64(got)
		switch {
		case err == io.EOF:
			return m, buf, nil
		case err != nil:
			return message{}, buf, err
		case m.size > maxMessage:
			return message{}, buf, errMessage
		}
	}
}

// ending returns the Error for an error of read.
func ending(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		e := &Error{Code: closed.Code, Message: cut(closed.Text, maxText)}
		if closed.Code == websocket.CloseAbnormalClosure {
			e.Code, e.Err, e.Message = 0, io.ErrUnexpectedEOF, "" // there was no close frame
		}
		return e
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errDead
	}
	return &Error{Err: err}
}

// clean reports whether the source ended the stream as it should: it is done, or goes away.
func (e *Error) clean() bool {
	return e.Name == "" && (e.Code == websocket.CloseNormalClosure || e.Code == websocket.CloseGoingAway)
}

// pauseBefore returns how long to wait before an attempt: 1, 2, ... Pauses double up to their limit; half of each is random, so
// that the subscribers of a source that failed do not return all at once.
func pauseBefore(attempt int) time.Duration {
	return pause.Backoff{Base: minPause, Max: maxPause, AtLeastHalf: true}.After(attempt)
}
