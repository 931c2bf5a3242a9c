// Package subscribe opens the subscriptions of any server, for generated code:
//
//	client, err := subscribe.New("wss://labeler.example.org", network.Network{})
//	...
//	for message, err := range atproto.LabelSubscribeLabels(ctx, client, nil) {
//
// It only yields what the server sends: to follow repositories, with saved positions and verification, use package
// firehose. By default the iteration ends when the connection does. With [WithReconnect] the client connects again,
// after pauses that grow from a second to a minute, half of each at random, and continues after the last message if the
// messages have numbers. The protocol is https://atproto.com/specs/event-stream.
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

// WithReconnect makes the client connect again when a connection is lost or closed. If report is not nil, it is called
// before each pause, and when the server was reset, in the goroutine of the iteration.
func WithReconnect(report func(Interruption)) Option {
	return func(c *Client) {
		c.reconnect, c.report = true, report
		if report == nil {
			c.report = func(Interruption) {}
		}
	}
}

// New returns a client for a server, given by its origin, such as "wss://labeler.example.org"; the scheme may be https, too. It
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

// Subscribe connects to a subscription and yields its frames; see [rpc.Subscriber]. A frame that is malformed is yielded as an
// [*rpc.BadFrame] that wraps [ErrFrame], and the iteration goes on; one with an operation that is not known is passed over, as the
// protocol wants. When ctx ends, the iteration ends with its cause.
//
// With [WithReconnect] it goes on after the last frame that was yielded, if the subscription is resumable, and otherwise with what
// the server sends then. It ends only if ctx ends, or if it would be of no use to connect again: if the server says FutureCursor, or refuses the request.
func (c *Client) Subscribe(ctx context.Context, s *rpc.Subscription) iter.Seq2[rpc.Frame, error] {
	return func(yield func(rpc.Frame, error) bool) {
		r := &reader{client: c, subscription: s, yield: yield}
		if err := r.run(ctx); err != nil {
			yield(rpc.Frame{}, r.failed(err))
		}
	}
}

// named is an error that the server named.
type named struct {
	name rpc.ErrorName
	error
}

// Is reports whether the target is the name.
func (n named) Is(target error) bool { return target == n.name }

// Unwrap returns the error itself.
func (n named) Unwrap() error { return n.error }

// parts are a frame's header and payload, as an array has them.
type parts []lex.Raw

// DecodeLex reads two values of any kind.
func (p *parts) DecodeLex(d *lex.Decoder) { *p = lex.DecodeArray(d, 2, 2, (*lex.Decoder).Raw) }

// header is the header of a frame, or the payload of an error.
type header struct {
	op               int64
	t, name, message string
	extra            lex.Map
}

var headerFields = lex.NewFields("t", "op", "error", "message")

// DecodeLex reads a header.
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

// parse returns the frame in a message, and whether its operation is known.
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
