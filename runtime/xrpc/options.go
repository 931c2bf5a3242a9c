package xrpc

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The default settings of a [Client].
const (
	// DefaultMaxResponse is the size of the largest JSON answer that is accepted, in bytes after decompression.
	DefaultMaxResponse = 32 << 20
	// DefaultMaxRequest is the size of the largest JSON body that is sent, in bytes.
	DefaultMaxRequest = 32 << 20
	// DefaultIdleTimeout is how long a call waits while no byte is transferred.
	DefaultIdleTimeout = 60 * time.Second
	// DefaultMinRate is the slowest accepted rate of an answer, in bytes per second, on average over two minutes.
	DefaultMinRate = 256
	// DefaultMaxWait is the longest pause that a client accepts when a server asks for one.
	DefaultMaxWait = 2 * time.Minute
	// DefaultPace, in calls per second, and DefaultBurst limit the calls to a server that does not send its rate
	// limits.
	DefaultPace  = 10.0
	DefaultBurst = 500
)

// defaultRetry says how often and how soon a failed call is repeated.
var defaultRetry = Retry{Attempts: 4, Base: 250 * time.Millisecond, Max: 30 * time.Second}

// Option is a setting of a [Client].
type Option func(*options) error

type options struct {
	network     network.Network
	auth        Authorizer
	header      http.Header // sent with each request
	proxy       string
	maxResponse int64
	maxRequest  int64
	inflation   guard.Inflation
	retry       Retry
	idle        time.Duration
	minRate     int64
	maxWait     time.Duration
	pauses      func(Pause)
	perSecond   float64
	burst       int
}

func newOptions(opts []Option) (*options, error) {
	o := &options{
		header:      http.Header{"Accept": {typeJSON}},
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
	return o, header("User-Agent", cmp.Or(o.network.UserAgent, network.DefaultUserAgent))(o)
}

// WithNetwork sets how servers are reached, in place of the public network. The client uses the fields AllowPrivate,
// HTTPClient and UserAgent; the service is the one that is passed to [New].
//
// If HTTPClient is set, requests are sent through a copy of it, which has its transport, cookie jar and time-out; the
// transport is wrapped by [guard.Inflate]. Redirects follow its policy, or [guard.CheckRedirect] if it has none. In
// both cases procedures follow no redirects, and only the headers Accept and User-Agent are sent to another origin.
func WithNetwork(n network.Network) Option {
	return func(o *options) error {
		o.network = n
		return nil
	}
}

// WithAuthorizer sets the [Authorizer] that adds credentials to each request. By default requests have no credentials.
func WithAuthorizer(a Authorizer) Option {
	return func(o *options) error {
		o.auth = a
		return nil
	}
}

// WithProxy asks the service, a PDS, to forward calls to another service, which is named by its DID and the fragment
// of the service in the DID document: did:web:api.example.com#appview. A PDS does not forward methods of
// com.atproto.*. The option sets the header atproto-proxy.
func WithProxy(service string) Option {
	return func(o *options) error {
		did, fragment, found := strings.Cut(service, "#")
		if _, err := syntax.ParseDID(did); err != nil || !found || fragment == "" || !printable(fragment) {
			return fmt.Errorf("xrpc: proxied service %s is not a DID with a fragment", excerpt(service))
		}
		o.proxy = service
		return nil
	}
}

// WithLabelers asks for labels from these labelers, each named by its DID and optional parameters:
// "did:plc:...;redact". The option sets the header atproto-accept-labelers.
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

// WithHeader adds a header to each request. It refuses the headers that the client sets itself, and Idempotency-Key,
// with which [http.Transport] might send a procedure twice.
func WithHeader(name, value string) Option {
	switch http.CanonicalHeaderKey(name) {
	case "Accept", "Accept-Encoding", "Atproto-Proxy", "Connection", "Content-Encoding", "Content-Length",
		"Content-Type", "Host", "Idempotency-Key", "X-Idempotency-Key", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"User-Agent":
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
			return fmt.Errorf("xrpc: the value of the header %s has characters that are not allowed in headers", name)
		}
		o.header.Set(name, value)
		return nil
	}
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// WithMaxResponse sets the size of the largest JSON answer that is accepted, in bytes after decompression, in place
// of [DefaultMaxResponse]. It does not limit streams.
func WithMaxResponse(size int64) Option {
	return func(o *options) error { o.maxResponse = size; return positive("answers", size) }
}

// WithMaxRequest sets the size of the largest JSON body that is sent, in bytes, in place of [DefaultMaxRequest]. It
// does not limit streams.
func WithMaxRequest(size int64) Option {
	return func(o *options) error { o.maxRequest = size; return positive("requests", size) }
}

// WithInflation sets how much a compressed answer, streams included, may inflate, in place of [guard.MaxInflation]
// and [guard.FreeInflation]; a field that is 0 keeps the default. An answer that inflates more ends with
// [ErrInflation]. The option has no effect if the transport of [WithNetwork]'s HTTPClient was made by guard.Inflate.
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

// WithRetry sets how often and how soon a failed call is repeated. By default there are 4 attempts; Base is 250 ms
// and Max is 30 s.
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

// WithIdleTimeout sets how long a call waits while no byte is transferred, in place of [DefaultIdleTimeout]. It
// applies to the wait for the headers of the answer and to each read of its body. A call that would wait longer fails
// with [ErrTimeout]. 0 means no time-out: only the context limits the wait.
func WithIdleTimeout(d time.Duration) Option {
	return func(o *options) error {
		if o.idle = d; d < 0 {
			return fmt.Errorf("xrpc: idle time-out is %v, must be positive", d)
		}
		return nil
	}
}

// WithMinRate sets the slowest accepted rate of an answer's body, in bytes per second, in place of [DefaultMinRate].
// The rate is the average over each two minutes that the call spends waiting for bytes; the time that the caller
// takes between two reads of a stream does not count. A body that arrives more slowly ends with [ErrTimeout], unless
// it is complete after less than two minutes of waiting. 0 means no limit.
//
// Uploads need no such limit, since a server that accepts less than 32 KiB in the time of [WithIdleTimeout] counts as
// idle.
func WithMinRate(bytesPerSecond int64) Option {
	return func(o *options) error {
		if o.minRate = bytesPerSecond; bytesPerSecond < 0 {
			return fmt.Errorf("xrpc: minimum rate is %d bytes a second, must not be negative", bytesPerSecond)
		}
		return nil
	}
}

// WithMaxWait sets the longest pause that the client accepts when a server asks for one by Retry-After or its
// RateLimit headers, in place of [DefaultMaxWait]. A call that would have to wait longer returns a [*WaitError] at
// once, which says when the call may be made again. The client's own pauses ([WithPace], [WithRetry]) do not count.
func WithMaxWait(d time.Duration) Option {
	return func(o *options) error {
		if o.maxWait = d; d < 0 {
			return fmt.Errorf("xrpc: longest pause is %v, must not be negative", d)
		}
		return nil
	}
}

// WithPauses makes the client call announce before it pauses: before every pause that the server asked for and every
// pause before a retry, however short, and before pauses for the client's own pace of a second or more. announce runs
// in the goroutine of the call, so it must not block; if several goroutines make calls, it runs concurrently. A pause
// that is too long and therefore not begun is not announced, see [WaitError]. Packages that build on this one, such
// as write, announce their pauses here, too: see [Client.Announce].
func WithPauses(announce func(Pause)) Option {
	return func(o *options) error {
		o.pauses = announce
		return nil
	}
}

// WithPace sets how many calls per second the client makes to a server that sends no RateLimit headers, and how many
// it may make at once when it has been idle, in place of [DefaultPace] and [DefaultBurst]. A pace of 0 means no
// limit.
func WithPace(perSecond float64, burst int) Option {
	return func(o *options) error {
		if !(perSecond >= 0) || perSecond > 0 && burst < 1 {
			return fmt.Errorf("xrpc: pace of %v calls a second with a burst of %d: the pace must not be negative, and the burst must be positive", perSecond, burst)
		}
		o.perSecond, o.burst = perSecond, burst
		return nil
	}
}
