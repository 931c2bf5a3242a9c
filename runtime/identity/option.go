package identity

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"time"

	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// The default settings of a [Directory].
const (
	// DefaultFoundTTL is how long an identity is remembered, DefaultNotFoundTTL how long an [ErrNotFound] or
	// [ErrInvalid] is, and DefaultFailedTTL how long an [ErrUnreachable] is.
	DefaultFoundTTL    = time.Hour
	DefaultNotFoundTTL = 5 * time.Minute
	DefaultFailedTTL   = 10 * time.Second
	// DefaultCacheSize is the largest number of accounts that are remembered.
	DefaultCacheSize = 100_000

	plainRefused = "http is refused unless private addresses are allowed (Network.AllowPrivate, --allow-private)"
)

// Option is a setting of a [Directory].
type Option func(*options) error

type options struct {
	network   network.Network
	ttl       lifetimes
	cacheSize int
}

func newOptions(opts []Option) (*options, error) {
	o := &options{
		ttl:       lifetimes{DefaultFoundTTL, DefaultNotFoundTTL, DefaultFailedTTL},
		cacheSize: DefaultCacheSize,
	}
	for _, opt := range opts {
		if err := opt(o); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// sources are the servers that a directory asks.
type sources struct {
	network.Network              // PLC, HTTPClient, UserAgent and LookupTXT are set
	handles         *xrpc.Client // calls the server Network.Handles; nil: handles are resolved by DNS and HTTPS
}

func newSources(n network.Network) (*sources, error) {
	n.Handles = cmp.Or(n.Handles, n.PDS)
	for _, server := range []struct {
		name    string
		address *string
	}{{"PLC directory", &n.PLC}, {"server that resolves handles", &n.Handles}} {
		if *server.address == "" {
			continue
		}
		origin, err := network.ParseOrigin(*server.address)
		if err != nil {
			return nil, fmt.Errorf("identity: %s: %w", server.name, err)
		}
		if origin.Scheme == "http" && !n.AllowsHTTP() {
			return nil, fmt.Errorf("identity: %s: %s is not an https address: %s", server.name, origin, plainRefused)
		}
		*server.address = origin.String()
	}
	n.PLC = cmp.Or(n.PLC, network.DefaultPLC)
	n.UserAgent = cmp.Or(n.UserAgent, network.DefaultUserAgent)
	n.HTTPClient = n.Client()
	if n.LookupTXT == nil {
		n.LookupTXT = lookupTXT
	}
	if n.Handles == "" {
		return &sources{Network: n}, nil
	}
	handles, err := xrpc.New(n.Handles, xrpc.WithNetwork(n), xrpc.WithRetry(xrpc.Retry{Attempts: 1}), xrpc.WithPace(0, 0))
	return &sources{n, handles}, err
}

// lookupTXT looks up name with a dot at its end: without the dot, the resolver would also try the search list of the
// host's configuration.
func lookupTXT(ctx context.Context, name string) ([]string, error) {
	return net.DefaultResolver.LookupTXT(ctx, name+".")
}

// WithNetwork sets the servers that are asked and how they are reached, in place of the public network. The directory
// uses all fields but Appview, and PDS only in place of Handles.
//
// With AllowPrivate, the directory fetches the document of did:web:localhost by http, and accepts documents in which
// the server has an http address.
func WithNetwork(n network.Network) Option {
	return func(o *options) error {
		o.network = n
		return nil
	}
}

// WithTTL sets how long the directory remembers answers: found for what it found, notFound for [ErrNotFound] and
// [ErrInvalid], and failed for [ErrUnreachable]. The defaults are [DefaultFoundTTL], [DefaultNotFoundTTL] and
// [DefaultFailedTTL]; 0 means not at all. An ErrNotFound for which the only evidence is DNS, or a status of 404 or
// 410 from a host, is remembered for at most a minute.
func WithTTL(found, notFound, failed time.Duration) Option {
	return func(o *options) error {
		if found < 0 || notFound < 0 || failed < 0 {
			return fmt.Errorf("identity: WithTTL: negative lifetime (%s, %s, %s)", found, notFound, failed)
		}
		o.ttl = lifetimes{found, notFound, failed}
		return nil
	}
}

// WithCacheSize sets how many handles, and how many documents, the directory remembers, in place of
// [DefaultCacheSize]. An account takes some 2 KB, so the default takes up to 200 MB; a large document counts as one
// more for each 2 KiB of its size. If there are too many, expired entries are removed first, then those that have not
// been used recently. At 0 nothing is remembered, and every call makes new look-ups.
func WithCacheSize(accounts int) Option {
	return func(o *options) error {
		if accounts < 0 {
			return fmt.Errorf("identity: WithCacheSize: negative size %d", accounts)
		}
		o.cacheSize = accounts
		return nil
	}
}
