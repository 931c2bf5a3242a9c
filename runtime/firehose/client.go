package firehose

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
)

// Client subscribes to the repositories of one source, a relay or a PDS, by com.atproto.sync.subscribeRepos. It is safe
// for concurrent use, and can have several subscriptions at once.
type Client struct {
	endpoint  url.URL
	transport transport
	keys      *keys
}

// DefaultPing is how often a connection is checked, unless [WithPing] says otherwise.
const DefaultPing = 15 * time.Second

// Option is a setting of a [Client].
type Option func(*settings) error

type settings struct {
	network   network.Network
	ping      time.Duration
	directory *identity.Directory
}

// WithNetwork sets how the client connects: to which addresses, and with which User-Agent. If n has an HTTPClient, the
// client connects as that does, with the DialContext and the TLSClientConfig of its Transport, which must be an
// *http.Transport; its proxy settings are not used. The servers that n names play no part.
func WithNetwork(n network.Network) Option {
	return func(s *settings) error { s.network = n; return nil }
}

// WithDirectory makes the client verify commits and [*Sync] events with the keys of accounts, which directory looks up:
// the signature of the commit, and that its tree has each record that the event reports, or lacks one that was deleted.
// Then the trust of events is [rec.Signed]. A commit that cannot be verified is a [*BadFrame]. Without a directory,
// nothing but the hashes of records is checked.
func WithDirectory(directory *identity.Directory) Option {
	return func(s *settings) error { s.directory = directory; return nil }
}

// WithPing sets how often the connection is checked by a ping, in place of [DefaultPing]. A connection on which nothing
// was received for three times as long is lost.
func WithPing(interval time.Duration) Option {
	return func(s *settings) error {
		if interval <= 0 {
			return errors.New("firehose: the interval of pings must be positive")
		}
		s.ping = interval
		return nil
	}
}

// New returns a client for the source at address: the origin of a relay or a PDS, such as "wss://relay.example.com", or
// the URL of its subscription, which ends in /xrpc/com.atproto.sync.subscribeRepos. The scheme may be wss or https, which
// are the same, ws or http for a connection without TLS, or left out for wss. New does not connect.
func New(address string, opts ...Option) (*Client, error) {
	u, err := parseEndpoint(address)
	if err != nil {
		return nil, err
	}
	s := settings{ping: DefaultPing}
	for _, opt := range opts {
		if err := opt(&s); err != nil {
			return nil, err
		}
	}
	if u.Scheme == "ws" && !s.network.AllowsHTTP() {
		return nil, fmt.Errorf("firehose: %s: a connection without TLS must be allowed (Network.AllowPrivate or --allow-private)", u)
	}
	client := s.network.Client()
	base, ok := client.Transport.(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("firehose: the HTTP client has a transport of type %T, which cannot open a WebSocket", client.Transport)
	}
	d := websocket.Dialer{HandshakeTimeout: handshakeTimeout, ReadBufferSize: readBuffer, WriteBufferSize: 1 << 10, TLSClientConfig: base.TLSClientConfig}
	if d.NetDialContext = base.DialContext; d.NetDialContext == nil {
		d.NetDialContext = new(net.Dialer).DialContext
	}
	c := &Client{endpoint: *u, transport: transport{dialer: d, ping: s.ping, agent: cmp.Or(s.network.UserAgent, network.DefaultUserAgent)}}
	if s.directory != nil {
		c.keys = &keys{s.directory}
	}
	return c, nil
}

// Endpoint returns the URL of the subscription, without a cursor. It is the [Header.Source] of events, and the endpoint
// of a [CursorStore].
func (c *Client) Endpoint() string { return c.endpoint.String() }

// at returns the URL with a cursor, unless that is negative.
func (c *Client) at(cursor int64) url.URL {
	u := c.endpoint
	if cursor >= 0 {
		u.RawQuery = fmt.Sprintf("cursor=%d", cursor)
	}
	return u
}

var _ interface{ Subscriber } = (*Client)(nil)

// sleep waits, and returns ctx's error if that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
