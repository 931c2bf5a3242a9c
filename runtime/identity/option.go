package identity

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// The default settings of a [Directory].
const (
	// DefaultPLC is the PLC directory, the source of documents of did:plc.
	DefaultPLC = "https://plc.directory"
	// DefaultFoundTTL is how long an identity is remembered, DefaultNotFoundTTL how long an [ErrNotFound] or
	// [ErrInvalid] is, and DefaultFailedTTL how long an [ErrUnreachable] is.
	DefaultFoundTTL    = time.Hour
	DefaultNotFoundTTL = 5 * time.Minute
	DefaultFailedTTL   = 10 * time.Second
	// DefaultCacheSize is the number of accounts that are remembered.
	DefaultCacheSize = 100_000

	plainRefused = "http is refused unless private addresses are allowed (WithAllowPrivate, --allow-private)"

	userAgent = "layers-go (+https://github.com/layers-pub/layers-go)"
)

// Option is a setting of a [Directory].
type Option func(*options) error

type options struct {
	plc           string
	handleService string       // empty: DNS and HTTPS
	handles       *xrpc.Client // of handleService, or nil
	http          *http.Client
	allowPrivate  bool
	lookupTXT     func(ctx context.Context, name string) ([]string, error)
	ttl           lifetimes
	cacheSize     int
}

func newOptions(opts []Option) (*options, error) {
	o := &options{
		plc:       DefaultPLC,
		lookupTXT: lookupTXT,
		ttl:       lifetimes{DefaultFoundTTL, DefaultNotFoundTTL, DefaultFailedTTL},
		cacheSize: DefaultCacheSize,
	}
	for _, opt := range opts {
		if err := opt(o); err != nil {
			return nil, err
		}
	}
	for _, address := range []string{o.plc, o.handleService} {
		if strings.HasPrefix(address, "http:") && !o.allowPrivate && o.http == nil {
			return nil, fmt.Errorf("identity: %s is not an https address: %s", address, plainRefused)
		}
	}
	if o.http == nil {
		o.http = guard.Client(o.allowPrivate)
	}
	if o.handleService == "" {
		return o, nil
	}
	var err error
	o.handles, err = xrpc.New(o.handleService, xrpc.WithHTTPClient(o.http), xrpc.WithUserAgent(userAgent),
		xrpc.WithRetry(xrpc.Retry{Attempts: 1}), xrpc.WithPace(0, 0))
	return o, err
}

// lookupTXT looks up name with a dot at its end: without the dot, the resolver would also try the search list of the
// host's configuration.
func lookupTXT(ctx context.Context, name string) ([]string, error) {
	return net.DefaultResolver.LookupTXT(ctx, name+".")
}

// WithPLC sets the origin of the PLC directory, the source of documents of did:plc, in place of [DefaultPLC]. It may
// be an http address only with [WithAllowPrivate] or [WithHTTPClient].
func WithPLC(address string) Option {
	return func(o *options) (err error) {
		if o.plc, err = origin(address); err != nil {
			return fmt.Errorf("identity: PLC directory: %w", err)
		}
		return nil
	}
}

// WithHandleService makes the directory ask one server, a PDS or an appview, to resolve all handles
// (com.atproto.identity.resolveHandle), in place of DNS and HTTPS. It is for tests with handles that exist nowhere
// else, and for hosts without DNS. The directory trusts the server's answers. It may be an http address only with
// [WithAllowPrivate] or [WithHTTPClient].
func WithHandleService(service string) Option {
	return func(o *options) (err error) {
		if o.handleService, err = origin(service); err != nil {
			return fmt.Errorf("identity: handle service: %w", err)
		}
		return nil
	}
}

// WithHTTPClient makes the directory send its requests through client, in place of a client of package guard. Then
// client decides which addresses may be contacted and which redirects are followed.
func WithHTTPClient(client *http.Client) Option {
	return func(o *options) error {
		if client == nil {
			return errors.New("identity: WithHTTPClient: nil client")
		}
		o.http = client
		return nil
	}
}

// WithAllowPrivate lets the directory connect to addresses that are not public, such as localhost, fetch the document
// of did:web:localhost by http, and accept documents in which the server has an http address. The default is false.
func WithAllowPrivate(allow bool) Option {
	return func(o *options) error {
		o.allowPrivate = allow
		return nil
	}
}

// WithLookupTXT sets how the TXT records of a DNS name are looked up, in place of the LookupTXT of
// [net.DefaultResolver]. The name is fully qualified, without a dot at its end. The function must return when ctx
// ends, and must be safe for concurrent use. Its error for a name that does not exist must be, or wrap, a
// [net.DNSError] with IsNotFound set.
func WithLookupTXT(lookup func(ctx context.Context, name string) ([]string, error)) Option {
	return func(o *options) error {
		if lookup == nil {
			return errors.New("identity: WithLookupTXT: nil function")
		}
		o.lookupTXT = lookup
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
