package jetstream

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"time"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/feed"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/network"
)

// MaxMessage is the size of the longest message that is accepted, in bytes. A longer message is a [*firehose.BadFrame],
// which keeps this many of its bytes.
const MaxMessage = feed.MaxMessage

// ErrMessage says, in a [*firehose.BadFrame], that a message is malformed.
var ErrMessage = feed.ErrMessage

// Client subscribes to one Jetstream. It is safe for concurrent use, and can have several subscriptions at once.
type Client struct {
	endpoint  url.URL
	transport *stream.Transport
}

// Option is a setting of a [Client].
type Option func(*settings)

type settings struct {
	network network.Network
	ping    time.Duration
}

// WithNetwork sets how the client connects: see [firehose.WithNetwork].
func WithNetwork(n network.Network) Option { return func(s *settings) { s.network = n } }

// WithPing sets how often the connection is checked, in place of [firehose.DefaultPing]: see [firehose.WithPing].
func WithPing(interval time.Duration) Option { return func(s *settings) { s.ping = interval } }

// New returns a client for the Jetstream at address: its origin, such as "wss://jetstream.example.com", or the URL of its
// subscription, which ends in /subscribe. The scheme may be wss or https, which are the same, ws or http for a connection
// without TLS, or left out for wss. New does not connect.
func New(address string, opts ...Option) (*Client, error) {
	s := settings{ping: firehose.DefaultPing}
	for _, opt := range opts {
		opt(&s)
	}
	u, t, err := stream.Open(address, "/subscribe", nil, s.network, s.ping, MaxMessage)
	if err != nil {
		return nil, fmt.Errorf("jetstream: %w", err)
	}
	return &Client{endpoint: u, transport: t}, nil
}

// Endpoint returns the URL of the subscription, without parameters. It is the [firehose.Header.Source] of events, and the
// endpoint of a [firehose.CursorStore].
func (c *Client) Endpoint() string { return c.endpoint.String() }

// Subscribe connects to the source and yields its events: [*firehose.Record], [*firehose.Identity],
// [*firehose.Account], [*firehose.BadFrame], [*firehose.Reset] and [*firehose.Reconnect]. A nil options means the zero
// value. It works as [firehose.Client.Subscribe], except that a close frame with a reason is an error, whatever its
// code. The options Commits, Known and Reuse have no effect.
func (c *Client) Subscribe(ctx context.Context, options *firehose.Options) iter.Seq2[firehose.Event, error] {
	return firehose.Subscribe(ctx, options, c.transport, func(o *firehose.Options, f *stream.Filter) stream.Protocol {
		return &protocol{feed.Base{Endpoint: c.Endpoint(), Options: o, Filter: f}, c.endpoint}
	})
}

var _ firehose.Subscriber = (*Client)(nil)
