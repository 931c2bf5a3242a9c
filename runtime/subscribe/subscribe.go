// Package subscribe opens subscriptions, which are the event streams of the protocol, at any server. It is for
// generated code:
//
//	client, err := subscribe.New("wss://labeler.example.org", network.Network{})
//	...
//	for message, err := range atproto.LabelSubscribeLabels(ctx, client, nil) {
//
// It only yields what the server sends: to follow repositories, with saved positions and verification, use package
// firehose. By default the iteration ends when the connection does. With [WithReconnect] the client connects again,
// after pauses that grow from a second to a minute, half of each at random, and continues after the last message if
// the messages have numbers. The protocol is https://atproto.com/specs/event-stream.
package subscribe

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// MaxFrame is the size of the largest frame that is accepted, in bytes.
const MaxFrame = 8 << 20

// ErrFrame says that a frame is not two objects in DAG-CBOR, or is larger than [MaxFrame].
var ErrFrame = errors.New("malformed frame")

// Client opens the subscriptions of one server. It is safe for concurrent use.
type Client struct {
	origin    url.URL
	transport *stream.Transport
	reconnect bool
	report    func(Interruption)
}

var _ rpc.Subscriber = (*Client)(nil)

// Option sets how a [Client] works.
type Option func(*Client)

// WithReconnect makes the client connect again when a connection is lost or closed. If report is not nil, the client
// calls it before each pause, and when the server was reset, in the goroutine of the iteration.
func WithReconnect(report func(Interruption)) Option {
	return func(c *Client) {
		c.reconnect, c.report = true, report
		if report == nil {
			c.report = func(Interruption) {}
		}
	}
}

// New returns a client for the server at origin, such as "wss://labeler.example.org". The scheme may be wss or https,
// which are the same, or left out for wss; ws and http, which are without TLS, must be allowed by n. The client
// connects as n says. New does not connect.
func New(origin string, n network.Network, opts ...Option) (*Client, error) {
	u, transport, err := stream.Open(origin, "/xrpc", nil, n, 30*time.Second, MaxFrame)
	if err != nil {
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	c := &Client{origin: u, transport: transport}
	for _, opt := range opts {
		opt(c)
	}
	return c, nil
}

// Subscribe connects to a subscription and yields its frames; see [rpc.Subscriber]. A malformed frame is yielded as an
// [*rpc.BadFrame] that wraps [ErrFrame], and the iteration continues. A frame with an unknown operation is skipped, as
// the protocol requires. When ctx ends, the iteration ends with its cause.
//
// With [WithReconnect], Subscribe connects again and continues after the last frame that was yielded if the
// subscription is resumable, and otherwise with the current messages. Then the iteration ends only if reconnecting is
// useless: the server says FutureCursor, or refuses the request; its address is not public; or ctx ends, or would end
// before the next attempt.
func (c *Client) Subscribe(ctx context.Context, s *rpc.Subscription) iter.Seq2[rpc.Frame, error] {
	return func(yield func(rpc.Frame, error) bool) {
		r := &reader{client: c, subscription: s, yield: yield}
		if err := r.run(ctx); err != nil {
			yield(rpc.Frame{}, r.failed(err))
		}
	}
}

// named is an error with the name that the server gave it.
type named struct {
	name rpc.ErrorName
	error
}

// Is reports whether target is the error's name. It is for errors.Is.
func (n named) Is(target error) bool { return target == n.name }

// Unwrap returns the error without the name.
func (n named) Unwrap() error { return n.error }

// parts are the header and the payload of a frame, each undecoded. They are decoded from an array, which parse makes
// of the frame.
type parts []lex.Raw

// DecodeLex reads an array of two values of any kind.
func (p *parts) DecodeLex(d *lex.Decoder) { *p = lex.DecodeArray(d, 2, 2, (*lex.Decoder).Raw) }

// header is the header of a frame, or the payload of an error.
type header struct {
	op               int64
	t, name, message string
	extra            lex.Map
}

var headerFields = lex.NewFields("t", "op", "error", "message")

// DecodeLex reads a header, or the payload of an error.
func (h *header) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, headerFields, &h.extra)
	for i := d.Next(&c); i >= 0; i = d.Next(&c) {
		switch i {
		case 0:
			h.t = d.String(0, lex.NoLimit)
		case 1:
			h.op = d.Int(lex.Min, lex.Max)
		case 2:
			h.name = d.String(0, lex.NoLimit)
		case 3:
			h.message = d.String(0, lex.NoLimit)
		}
	}
}

// parse returns the frame in a message, and whether its operation is known. If the server sent an error, parse returns
// that error. The error of a malformed frame wraps [ErrFrame].
func parse(m stream.Message) (frame rpc.Frame, known bool, err error) {
	if !m.Binary || m.Size > int64(len(m.Data)) {
		return frame, false, fmt.Errorf("%w: not binary, or larger than the limit of %d bytes", ErrFrame, MaxFrame)
	}
	var p parts
	if err := lex.DecodeCBOR(append([]byte{0x82}, m.Data...), &p); err != nil {
		return frame, false, fmt.Errorf("%w: %w", ErrFrame, err)
	}
	var h header
	if err := lex.DecodeCBOR(p[0].Data, &h); err != nil {
		return frame, false, fmt.Errorf("%w: header: %w", ErrFrame, err)
	}
	switch h.op {
	case 1:
		return rpc.Frame{Type: h.t, Payload: p[1].Data}, true, nil
	case -1:
		var e header
		if err := lex.DecodeCBOR(p[1].Data, &e); err != nil {
			return frame, false, fmt.Errorf("%w: error: %w", ErrFrame, err)
		}
		f := stream.Named(e.name, e.message)
		return frame, false, named{f.Name, f}
	}
	return frame, false, nil
}
