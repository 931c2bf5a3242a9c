package xrpc

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// What holds unless an [Option] sets something else.
const (
	// DefaultMaxResponse is the largest JSON answer that is read, in bytes, after decompression.
	DefaultMaxResponse = 32 << 20
	// DefaultMaxRequest is the largest JSON body that is sent, in bytes.
	DefaultMaxRequest = 32 << 20
	// DefaultIdleTimeout is how long a call waits for a byte.
	DefaultIdleTimeout = 60 * time.Second
	// DefaultMinRate is how many bytes of an answer must come a second, on average over two minutes.
	DefaultMinRate = 256
	// DefaultMaxWait is the longest pause that a server may ask for.
	DefaultMaxWait = 2 * time.Minute
	// DefaultPace and DefaultBurst are the pace of calls to a server that does not say what it allows.
	DefaultPace  = 10.0
	DefaultBurst = 500

	defaultUserAgent = "layers-go (+https://github.com/layers-pub/layers-go)"
)

// defaultRetry is how often and how soon a call is repeated.
var defaultRetry = Retry{Attempts: 4, Base: 250 * time.Millisecond, Max: 30 * time.Second}

// Option is a setting of a [Client].
type Option func(*options) error

type options struct {
	http         *http.Client
	allowPrivate bool
	auth         Authorizer
	header       http.Header // of each request
	proxy        string
	maxResponse  int64
	maxRequest   int64
	inflation    guard.Inflation
	retry        Retry
	idle         time.Duration
	minRate      int64
	maxWait      time.Duration
	pauses       func(Pause)
	perSecond    float64
	burst        int
}

func newOptions(opts []Option) (*options, error) {
	o := &options{
		header:      http.Header{"User-Agent": {defaultUserAgent}, "Accept": {typeJSON}},
		maxResponse: DefaultMaxResponse,
		maxRequest:  DefaultMaxRequest,
		retry:       defaultRetry,
		idle:        DefaultIdleTimeout,
		minRate:     DefaultMinRate,
		maxWait:     DefaultMaxWait,
		perSecond:   DefaultPace,
		burst:       DefaultBurst,
	}
	for _, opt := range opts {
		if err := opt(o); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// WithHTTPClient makes the client send its requests through a copy of h, in place of a client of package
// guard: whom it may connect to is then h's affair, and a service may have an http address. The copy uses
// the transport, the cookie jar and the time-out of h as they are, with [guard.Inflate] before the transport.
// Redirects follow the policy of h, or guard.CheckRedirect if it has none; in both cases procedures follow
// none, and headers besides Accept and User-Agent do not go to another origin.
func WithHTTPClient(h *http.Client) Option {
	return func(o *options) error {
		if h == nil {
			return errors.New("xrpc: WithHTTPClient: nil client")
		}
		o.http = h
		return nil
	}
}

// WithAllowPrivate lets the client connect to addresses that are not public, such as those of the own
// host, and to a service without TLS. The default is false. It does not matter with [WithHTTPClient].
func WithAllowPrivate(allow bool) Option {
	return func(o *options) error {
		o.allowPrivate = allow
		return nil
	}
}

// WithAuthorizer makes a sign each request. By default requests carry no credentials.
func WithAuthorizer(a Authorizer) Option {
	return func(o *options) error {
		o.auth = a
		return nil
	}
}

// WithUserAgent sets the User-Agent header, by which operators of servers see whose program calls.
func WithUserAgent(agent string) Option { return header("User-Agent", agent) }

// WithProxy asks the service, a PDS, to pass calls on to another service, named by DID and the fragment
// of the service in its document: did:web:api.example.com#appview. Methods of com.atproto.* are not
// passed on. It is the header atproto-proxy.
func WithProxy(service string) Option {
	return func(o *options) error {
		did, fragment, found := strings.Cut(service, "#")
		if _, err := syntax.ParseDID(did); err != nil || !found || fragment == "" || !printable(fragment) {
			return fmt.Errorf("xrpc: service to pass calls on to: %s is not a DID with a fragment", excerpt(service))
		}
		o.proxy = service
		return nil
	}
}

// WithLabelers names the labelers whose labels are wanted, by their DIDs, each with its parameters, if
// any: "did:plc:...;redact". It is the header atproto-accept-labelers.
func WithLabelers(labelers ...string) Option {
	return func(o *options) error {
		for _, labeler := range labelers {
			did, _, _ := strings.Cut(labeler, ";")
			if _, err := syntax.ParseDID(did); err != nil {
				return fmt.Errorf("xrpc: labeler: %w", err)
			}
		}
		return header("Atproto-Accept-Labelers", strings.Join(labelers, ", "))(o)
	}
}

// WithHeader adds a header to each request. It refuses the headers that the client sets itself, and
// Idempotency-Key, which would make procedures be sent twice.
func WithHeader(name, value string) Option {
	switch http.CanonicalHeaderKey(name) {
	case "Accept", "Accept-Encoding", "Atproto-Proxy", "Connection", "Content-Encoding", "Content-Length",
		"Content-Type", "Host", "Idempotency-Key", "X-Idempotency-Key", "Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return func(*options) error { return fmt.Errorf("xrpc: the header %s cannot be set", name) }
	}
	return header(name, value)
}

func header(name, value string) Option {
	return func(o *options) error {
		if name == "" || strings.ContainsFunc(name, func(r rune) bool {
			return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
		}) {
			return fmt.Errorf("xrpc: %s is not the name of a header", excerpt(name))
		}
		if !printable(value) {
			return fmt.Errorf("xrpc: the value of the header %s has characters that a header cannot have", name)
		}
		o.header.Set(name, value)
		return nil
	}
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// WithMaxResponse sets the largest JSON answer that is read, in bytes after decompression, in place of
// [DefaultMaxResponse]. Streams have no limit here.
func WithMaxResponse(size int64) Option {
	return func(o *options) error { o.maxResponse = size; return positive("answers", size) }
}

// WithMaxRequest sets the largest JSON body that is sent, in bytes, in place of [DefaultMaxRequest].
// Streams have no limit here.
func WithMaxRequest(size int64) Option {
	return func(o *options) error { o.maxRequest = size; return positive("requests", size) }
}

// WithInflation sets how much a compressed answer may inflate, in place of [guard.MaxInflation] and
// [guard.FreeInflation]; a field that is 0 leaves its constant. An answer that inflates more ends with [ErrInflation].
// This includes streams. It does not matter if the transport of [WithHTTPClient] is one of guard.Inflate.
func WithInflation(limits guard.Inflation) Option {
	return func(o *options) error {
		if o.inflation = limits; limits.Max < 0 || limits.Free < 0 {
			return fmt.Errorf("xrpc: negative value in %+v", limits)
		}
		return nil
	}
}

func positive(what string, size int64) error {
	if size < 1 || size >= 1<<40 {
		return fmt.Errorf("xrpc: limit of %s is %d bytes, must be from 1 to 1 TiB", what, size)
	}
	return nil
}

// WithRetry sets how often and how soon a call is repeated. The defaults are 4 attempts, 250 ms and 30 s.
func WithRetry(r Retry) Option {
	return func(o *options) error {
		if r.Attempts < 0 || r.Base < 0 || r.Max < 0 {
			return fmt.Errorf("xrpc: negative value in %+v", r)
		}
		if o.retry = defaultRetry; r.Attempts > 0 {
			o.retry.Attempts = r.Attempts
		}
		if r.Base > 0 {
			o.retry.Base = r.Base
		}
		if r.Max > 0 {
			o.retry.Max = r.Max
		}
		return nil
	}
}

// WithIdleTimeout sets how long a call waits while no byte comes or goes, in place of
// [DefaultIdleTimeout]: for the headers of the answer, and in each read of its body. A call that waits
// longer ends with [ErrTimeout]. 0 waits for ever, or until the context ends.
func WithIdleTimeout(d time.Duration) Option {
	return func(o *options) error {
		if o.idle = d; d < 0 {
			return fmt.Errorf("xrpc: idle time-out is %v", d)
		}
		return nil
	}
}

// WithMinRate sets how many bytes of an answer's body must come a second, in place of [DefaultMinRate]. Of
// each two minutes that a call spends waiting for bytes, the average counts; time that the caller takes
// between two reads of a stream does not. A body that comes more slowly ends with [ErrTimeout], unless less
// than two minutes of waiting bring all of it. 0 is no limit.
//
// An upload needs no such limit: a server that takes less than 32 KiB in the time of [WithIdleTimeout] is
// idle.
func WithMinRate(bytesPerSecond int64) Option {
	return func(o *options) error {
		if o.minRate = bytesPerSecond; bytesPerSecond < 0 {
			return fmt.Errorf("xrpc: rate of at least %d bytes a second", bytesPerSecond)
		}
		return nil
	}
}

// WithMaxWait sets the longest pause that a server may ask for, by Retry-After or its RateLimit headers, in
// place of [DefaultMaxWait]. A call that would have to wait longer returns a [*WaitError] at once, which says
// until when. Pauses of the client's own, of [WithPace] and [WithRetry], do not count.
func WithMaxWait(d time.Duration) Option {
	return func(o *options) error {
		if o.maxWait = d; d < 0 {
			return fmt.Errorf("xrpc: longest pause is %v", d)
		}
		return nil
	}
}

// WithPauses calls announce before each pause of a call: before each one that the server asked for and each
// one before an attempt is repeated, however short, and before those of the client's own pace that take a
// second or more. announce runs in the goroutine of the call, so that it must not block; calls in several
// goroutines run it concurrently. A pause that is not begun, see [WaitError], is not announced. Packages above,
// such as write, announce theirs here, too: see [Client.Announce].
func WithPauses(announce func(Pause)) Option {
	return func(o *options) error {
		o.pauses = announce
		return nil
	}
}

// WithPace sets how many calls go out a second to a server that sends no RateLimit headers, and how many
// may go out at once after a pause, in place of [DefaultPace] and [DefaultBurst]. A pace of 0 is no limit.
func WithPace(perSecond float64, burst int) Option {
	return func(o *options) error {
		if !(perSecond >= 0) || perSecond > 0 && burst < 1 {
			return fmt.Errorf("xrpc: pace of %v calls a second, at most %d at once", perSecond, burst)
		}
		o.perSecond, o.burst = perSecond, burst
		return nil
	}
}
