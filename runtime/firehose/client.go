package firehose

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"time"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/network"
)

// Client subscribes to the repositories of one source, a relay or a PDS, by com.atproto.sync.subscribeRepos. It is safe
// for concurrent use, and can have several subscriptions at once.
type Client struct {
	endpoint  url.URL
	transport *stream.Transport
	keys      *keys // nil if commits are not verified
}

const xrpcPath = "/xrpc/" + atproto.NSIDSyncSubscribeRepos

// DefaultPing is the interval of the pings with which a connection is checked, unless [WithPing] sets another.
const DefaultPing = 15 * time.Second

// Option is a setting of a [Client].
type Option func(*settings) error

type settings struct {
	network   network.Network
	ping      time.Duration
	directory *identity.Directory
}

// WithNetwork sets how the client connects: to which addresses, and with which User-Agent. If n.HTTPClient is set, the
// client connects with the DialContext and the TLSClientConfig of its Transport, which must be an *http.Transport; its
// proxy settings are not used. The servers that n names, such as the PLC directory, are not used either.
func WithNetwork(n network.Network) Option {
	return func(s *settings) error { s.network = n; return nil }
}

// WithDirectory makes the client verify commits and [*Sync] events, as the methods Verify and Sync of
// [reposync.Verifier] do, with the signing keys of the accounts, which it looks up in directory. It checks the
// signature of each commit, and that the commit's operations lead from the previous tree to its own, so that none was
// left out, made up or altered. The events then have the trust [rec.Signed], or [rec.Chained] in a repository whose
// state the caller knows: see [Options.Known]. A commit that cannot be verified is yielded as a [*BadFrame]. Without a
// directory, the client checks only the form of commits and the hashes of their records.
func WithDirectory(directory *identity.Directory) Option {
	return func(s *settings) error { s.directory = directory; return nil }
}

// WithPing sets the interval at which the client checks the connection by a ping, in place of [DefaultPing]. It must
// be positive. A connection on which nothing is received for three intervals counts as lost.
func WithPing(interval time.Duration) Option {
	return func(s *settings) error { s.ping = interval; return nil }
}

// New returns a client for the source at address: the origin of a relay or a PDS, such as "wss://relay.example.com", or
// the URL of its subscription, which ends in /xrpc/com.atproto.sync.subscribeRepos. The scheme may be wss or https, which
// are the same, ws or http for a connection without TLS, or left out for wss. New does not connect.
func New(address string, opts ...Option) (*Client, error) {
	s := settings{ping: DefaultPing}
	for _, opt := range opts {
		if err := opt(&s); err != nil {
			return nil, err
		}
	}
	u, transport, err := stream.Open(address, xrpcPath, []string{"/xrpc"}, s.network, s.ping, MaxFrame)
	if err != nil {
		return nil, fmt.Errorf("firehose: %w", err)
	}
	c := &Client{endpoint: u, transport: transport}
	if s.directory != nil {
		c.keys = &keys{s.directory}
	}
	return c, nil
}

// Endpoint returns the URL of the subscription, without a cursor. It is the [Header.Source] of events, and the
// endpoint for which a [CursorStore] keeps the position.
func (c *Client) Endpoint() string { return c.endpoint.String() }

// Subscribe connects to the source and yields its events. A nil options means the zero value.
//
// Events of one repository are in order. Events of different repositories alternate, so that a busy repository does
// not hold up the others. A [*Reset], a [*Reconnect] and an [*Info] can come before events that were received earlier.
//
// Without [Options.Reconnect], the iteration ends with the connection: without an error if the source closed it with
// the code 1000 (done) or 1001 (going away), and with an [*Error] otherwise. With it, the iteration yields a
// [*Reconnect] for each attempt to connect again, and ends with an [*Error] only if reconnecting is useless: the
// source says that the cursor is ahead of it ([ErrFutureCursor]), or refuses the request in the protocol's own form;
// its address is not public, or it redirects too often or from TLS to none; the first response is a client error (a
// status of 4xx, except 408 and 429) in any form; or ctx would end before the next attempt.
//
// When ctx ends, the iteration ends soon, with ctx's cause as the error. It also ends with an error if
// [Options.Cursors] fails or the options are invalid. An error is yielded once, with a nil event.
func (c *Client) Subscribe(ctx context.Context, options *Options) iter.Seq2[Event, error] {
	return Subscribe(ctx, options, c.transport, func(o *Options, f *stream.Filter) stream.Protocol {
		return newRepos(c, o, f)
	})
}

var _ Subscriber = (*Client)(nil)
