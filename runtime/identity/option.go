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

// What holds unless an [Option] sets something else.
const (
	// DefaultPLC is the directory that is asked for documents of did:plc.
	DefaultPLC = "https://plc.directory"
	// DefaultFoundTTL is how long what was found is remembered, DefaultNotFoundTTL that there is nothing
	// or something invalid, DefaultFailedTTL that it could not be found out.
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

// lookupTXT asks for name as it is: without the dot, the search list of the host's configuration would
// be tried as well.
func lookupTXT(ctx context.Context, name string) ([]string, error) {
	return net.DefaultResolver.LookupTXT(ctx, name+".")
}

// WithPLC sets the origin of the directory that is asked for documents of did:plc, in place of
// [DefaultPLC]. It may be an http address only with [WithAllowPrivate] or [WithHTTPClient].
func WithPLC(address string) Option {
	return func(o *options) (err error) {
		if o.plc, err = origin(address); err != nil {
			return fmt.Errorf("identity: PLC directory: %w", err)
		}
		return nil
	}
}

// WithHandleService makes one server, a PDS or an appview, resolve all handles
// (com.atproto.identity.resolveHandle), in place of DNS and HTTPS: for tests, whose handles nobody else
// knows, and where there is no DNS. Its answers are believed. It may be an http address only with
// [WithAllowPrivate] or [WithHTTPClient].
func WithHandleService(service string) Option {
	return func(o *options) (err error) {
		if o.handleService, err = origin(service); err != nil {
			return fmt.Errorf("identity: handle service: %w", err)
		}
		return nil
	}
}

// WithHTTPClient makes the directory send its requests by client, in place of a client of package guard:
// whom it may connect to, and which redirects it follows, is then the client's affair.
func WithHTTPClient(client *http.Client) Option {
	return func(o *options) error {
		if client == nil {
			return errors.New("identity: WithHTTPClient: nil client")
		}
		o.http = client
		return nil
	}
}

// WithAllowPrivate lets the directory connect to addresses that are not public, such as those of the own
// host, fetch the document of did:web:localhost, by http, and accept documents that name a server by an
// http address. The default is false.
func WithAllowPrivate(allow bool) Option {
	return func(o *options) error {
		o.allowPrivate = allow
		return nil
	}
}

// WithLookupTXT sets how the TXT records of a DNS name are looked up, in place of the LookupTXT of
// [net.DefaultResolver]. The name is complete, without a dot at its end. The function must return when ctx ends, and an error for a name that does not exist must
// be, or wrap, a [net.DNSError] with IsNotFound. It must be safe for concurrent use.
func WithLookupTXT(lookup func(ctx context.Context, name string) ([]string, error)) Option {
	return func(o *options) error {
		if lookup == nil {
			return errors.New("identity: WithLookupTXT: nil function")
		}
		o.lookupTXT = lookup
		return nil
	}
}

// WithTTL sets for how long the directory remembers what it found, that there is nothing or something
// invalid, and that it could not find out. The defaults are [DefaultFoundTTL], [DefaultNotFoundTTL] and
// [DefaultFailedTTL]; at 0 such an answer is not remembered. That there is nothing is remembered for a minute
// at most where only DNS or a status of 404 or 410 of a host says so.
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
// [DefaultCacheSize]. An account takes some 2 KB, so that the default is up to 200 MB; a document counts
// once more for each 2 KiB that it has. When there are too many, those go that have expired, then those
// that have not been asked for of late. At 0 nothing is remembered, and all is asked anew.
func WithCacheSize(accounts int) Option {
	return func(o *options) error {
		if accounts < 0 {
			return fmt.Errorf("identity: WithCacheSize: negative size %d", accounts)
		}
		o.cacheSize = accounts
		return nil
	}
}
