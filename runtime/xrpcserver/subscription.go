package xrpcserver

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// ErrConsumerTooSlow ends the subscription of a client that reads too slowly: see [Feed].
const ErrConsumerTooSlow rpc.ErrorName = "ConsumerTooSlow"

const (
	pingInterval = 30 * time.Second
	// deadAfter is the number of ping intervals after which a connection is closed if nothing came from the client.
	deadAfter = 3
	// patience is how long a client may take to receive one frame.
	patience = time.Minute
	// goodbye is how long a client may take to receive the last frame and to close the connection.
	goodbye = 10 * time.Second
	// maxReceived is the size of the longest message that a client may send, in bytes. Such messages are ignored.
	maxReceived = 64 << 10
)

// errGone says that the client has disconnected.
var errGone = errors.New("the client has disconnected")

// Subscription answers a subscription: it sends the messages that open yields, one after the other, as frames of a
// WebSocket, and then closes that. A yielded error is sent as an error frame, in the same way as the errors of other
// calls, and ends the stream; so does an invalid message. encode returns the type of a message, which is sent as t in the
// frame's header, and its payload in DAG-CBOR. decode is the reverse of encode; a message is valid if it returns no
// error.
//
// The next message is taken from the iteration when the previous one has been sent, so a slow client slows down only
// its own stream; a client that takes more than a minute to receive a frame is disconnected with [ErrConsumerTooSlow].
// The context passed to open ends when the client disconnects, does not answer pings for a minute and a half, or the
// context of the request ends; the iteration must then end.
func Subscription[M any](c *Call, open func(ctx context.Context) iter.Seq2[M, error], encode func(M) (string, []byte, error), decode func(string, []byte) (M, error)) error {
	s, err := c.upgrade()
	if err != nil {
		return err
	}
	c.sent = true
	ctx, cancel := context.WithCancelCause(c.Context())
	received := make(chan struct{})
	go func() {
		defer close(received)
		cancel(s.receive())
	}()
	err = panics.Catch(func() error {
		for m, err := range open(ctx) {
			if err != nil {
				return err
			}
			t, payload, err := encode(m)
			if err == nil {
				_, err = decode(t, payload)
			}
			if err != nil {
				return fmt.Errorf("the message %s is not valid: %w", t, err)
			}
			if err := s.message(ctx, t, payload); err != nil {
				return err
			}
		}
		return nil
	})
	s.end(c, context.Cause(ctx), err)
	// The client closes the connection, so that it has received everything by then; or its time is over.
	over := time.AfterFunc(s.goodbye, func() { s.ws.Close() })
	<-received
	over.Stop()
	return nil
}

// socket is the connection of a subscription.
type socket struct {
	ws                      *websocket.Conn
	ping, patience, goodbye time.Duration
}

// upgrade turns the connection into a WebSocket. It accepts web pages of any origin, as other calls do.
func (c *Call) upgrade() (*socket, error) {
	var refused error
	u := websocket.Upgrader{
		CheckOrigin: func(*http.Request) bool { return true },
		Error: func(w http.ResponseWriter, _ *http.Request, _ int, reason error) {
			w.Header().Set("Upgrade", "websocket")
			refused = &Error{http.StatusUpgradeRequired, "InvalidRequest", "a subscription needs a WebSocket: " + reason.Error()}
		},
	}
	ws, err := u.Upgrade(c.w, c.r, nil)
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	return &socket{ws, c.handler.ping, c.handler.patience, c.handler.goodbye}, nil
}

// receive sends pings and reads what the client sends until the connection ends. It returns errGone.
func (s *socket) receive() error {
	s.ws.SetReadLimit(maxReceived)
	alive := func(string) error { return s.ws.SetReadDeadline(time.Now().Add(deadAfter * s.ping)) }
	s.ws.SetPongHandler(alive)
	s.ws.SetPingHandler(func(data string) error {
		if err := s.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(s.ping)); err != nil && !errors.Is(err, websocket.ErrCloseSent) {
			return err
		}
		return alive("")
	})
	over, pinging := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(pinging)
		ticker := time.NewTicker(s.ping)
		defer ticker.Stop()
		for {
			if s.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(s.ping)) != nil {
				return
			}
			select {
			case <-over:
				return
			case <-ticker.C:
			}
		}
	}()
	alive("")
	for {
		if _, _, err := s.ws.NextReader(); err != nil {
			close(over)
			s.ws.Close() // which also ends a write
			<-pinging
			return errGone
		}
		alive("")
	}
}

// message sends a message of type t. If the client has disconnected or receives nothing any more, the error is errGone;
// if it has received the frame too slowly, the error is ErrConsumerTooSlow.
func (s *socket) message(ctx context.Context, t string, payload []byte) error {
	header, err := lex.EncodeCBOR(&frameHeader{op: 1, t: t})
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	frame := append(header, payload...)
	written := make(chan error, 1)
	go func() { written <- s.ws.WriteMessage(websocket.BinaryMessage, frame) }()
	timer := time.NewTimer(s.patience)
	defer timer.Stop()
	select {
	case err = <-written:
	case <-timer.C:
		// The error can only follow the whole frame.
		timer.Reset(s.goodbye)
		select {
		case err = <-written:
			if err == nil {
				return ErrConsumerTooSlow
			}
		case <-timer.C:
			s.ws.Close()
			<-written
			return errGone
		}
	}
	if err != nil {
		return errGone
	}
	return nil
}

// end sends an error frame for err, unless it is nil, and then a close frame. cause says why the stream's context has
// ended, nil if it has not: if the client has disconnected, nothing is sent, and otherwise only a close frame.
func (s *socket) end(c *Call, cause, err error) {
	code, reason := websocket.CloseNormalClosure, ""
	switch {
	case errors.Is(err, errGone), errors.Is(cause, errGone):
		s.ws.Close()
		return
	case cause != nil:
		code = websocket.CloseGoingAway
	case err != nil:
		answer := c.public(err)
		if code = websocket.ClosePolicyViolation; answer.Status >= 500 {
			code = websocket.CloseInternalServerErr
		}
		reason = cut(answer.Name, maxReason)
		header, _ := lex.EncodeCBOR(&frameHeader{op: -1})
		payload, _ := lex.EncodeCBOR(&frameHeader{name: answer.Name, message: answer.Message})
		s.ws.SetWriteDeadline(time.Now().Add(s.goodbye))
		s.ws.WriteMessage(websocket.BinaryMessage, append(header, payload...))
	}
	s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(s.goodbye))
}

// maxReason is the length of the longest reason in a close frame, in bytes.
const maxReason = 123

// cut returns at most the first length bytes of text, which must be ASCII.
func cut(text string, length int) string { return text[:min(len(text), length)] }

// frameHeader is the header of a frame, or the payload of an error frame.
type frameHeader struct {
	op               int64 // of a header: 1 for a message, -1 for an error
	t, name, message string
}

// EncodeLex writes the fields that are set.
func (h *frameHeader) EncodeLex(e *lex.Encoder) {
	o := e.Object(new(lex.Map))
	if h.t != "" {
		o.Key("t").String(h.t)
	}
	if h.op != 0 {
		o.Key("op").Int(h.op)
	}
	if h.name != "" {
		o.Key("error").String(h.name)
	}
	if h.message != "" {
		o.Key("message").String(h.message)
	}
	o.End()
}
