package tap

import (
	"context"
	"encoding/base64"
	"fmt"
	"iter"
	"net/url"
	"time"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/feed"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
)

// MaxMessage is the size of the longest message that is accepted, in bytes. A longer message is a [*firehose.BadFrame],
// which keeps this many of its bytes.
const MaxMessage = feed.MaxMessage

// ErrMessage says, in a [*firehose.BadFrame], that a message is malformed.
var ErrMessage = feed.ErrMessage

// Client subscribes to one Tap. It is safe for concurrent use. It can have several subscriptions at once; Tap divides
// the events among them.
type Client struct {
	endpoint  url.URL
	transport *stream.Transport
}

// Option is a setting of a [Client].
type Option func(*settings)

type settings struct {
	network  network.Network
	ping     time.Duration
	password string
}

// WithNetwork sets how the client connects: see [firehose.WithNetwork]. A Tap on the same machine or in the same network
// has a private address, which n must allow.
func WithNetwork(n network.Network) Option { return func(s *settings) { s.network = n } }

// WithPing sets how often the connection is checked, in place of [firehose.DefaultPing]: see [firehose.WithPing].
func WithPing(interval time.Duration) Option { return func(s *settings) { s.ping = interval } }

// WithPassword sets the administrator's password (TAP_ADMIN_PASSWORD), which is sent with basic authentication.
func WithPassword(password string) Option { return func(s *settings) { s.password = password } }

// New returns a client for the Tap at address: its origin, such as "ws://localhost:2480", or the URL of its channel, which
// ends in /channel. The scheme may be wss or https, which are the same, ws or http for a connection without TLS, or left
// out for wss. New does not connect.
func New(address string, opts ...Option) (*Client, error) {
	s := settings{ping: firehose.DefaultPing}
	for _, opt := range opts {
		opt(&s)
	}
	u, t, err := stream.Open(address, "/channel", nil, s.network, s.ping, MaxMessage)
	if err != nil {
		return nil, fmt.Errorf("tap: %w", err)
	}
	if s.password != "" {
		t.Authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+s.password))
	}
	return &Client{endpoint: u, transport: t}, nil
}

// Endpoint returns the URL of the channel. It is the [firehose.Header.Source] of events.
func (c *Client) Endpoint() string { return c.endpoint.String() }

// Subscribe connects to the source and yields its events: [*firehose.Record], [*firehose.Identity],
// [*firehose.Account], [*firehose.BadFrame] and [*firehose.Reconnect]. A nil options means the zero value. A message of
// Tap about an account becomes two events, first an Identity and then an Account. Without Reconnect, the iteration ends
// when the connection does, always with a [*firehose.Error], since Tap never ends a stream. The options Commits, Known,
// Cursor, Cursors and Reuse have no effect; for everything else see [firehose.Client.Subscribe].
func (c *Client) Subscribe(ctx context.Context, options *firehose.Options) iter.Seq2[firehose.Event, error] {
	var o firehose.Options
	if options != nil {
		o = *options
	}
	o.Cursor, o.Cursors = lex.Opt[int64]{}, nil
	return firehose.Subscribe(ctx, &o, c.transport, func(o *firehose.Options, f *stream.Filter) stream.Protocol {
		return &protocol{feed.Base{Endpoint: c.Endpoint(), Options: o, Filter: f}, c.endpoint}
	})
}

var _ firehose.Subscriber = (*Client)(nil)
