package xrpc

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// Client calls the methods of one service. It is a [rpc.Caller]. It is safe for concurrent use. A program should use
// one Client for each service, so that all its calls share what the server says about its rate limits.
type Client struct {
	options
	http    *http.Client
	base    url.URL // the origin of the service
	service string  // base as a string
	pace    pace
	buffers sync.Pool // of *bytes.Buffer
}

// Authorizer adds credentials to requests. It must be safe for concurrent use.
type Authorizer interface {
	// Authorize adds credentials to the headers of req just before req is sent. It is called once for each request of
	// a call. If it returns an error, the call fails.
	Authorize(ctx context.Context, req *http.Request) error
	// Refused is called with an answer to req that may mean that the credentials must be renewed: one with status
	// 401, unless its body is something other than an XRPC error, or with another 4xx status and an error named
	// ExpiredToken or InvalidToken. If it returns true, the request is authorized and sent once more. It is called at
	// most once in a call. If it returns an error, the call fails, and the call's error wraps both that error and the
	// answer.
	Refused(ctx context.Context, req *http.Request, answer *Error) (again bool, err error)
}

// New returns a client of the service at the given origin: "https://host" or "https://host:port". An http origin is
// refused unless the network allows it, see [WithNetwork]. New sends nothing.
func New(service string, opts ...Option) (*Client, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	base, err := network.ParseOrigin(service)
	if err != nil {
		return nil, fmt.Errorf("xrpc: service: %w", err)
	}
	if base.Scheme == "http" && !o.network.AllowsHTTP() {
		return nil, fmt.Errorf("xrpc: service %s: http is refused unless private addresses are allowed (Network.AllowPrivate, --allow-private)", base)
	}
	c := &Client{options: *o, base: *base, service: base.String()}
	h := o.network.Client()
	follow := h.CheckRedirect
	if follow == nil {
		follow = guard.CheckRedirect
	}
	c.http = &http.Client{Transport: guard.Inflate(h.Transport, o.inflation), Jar: h.Jar, Timeout: h.Timeout, CheckRedirect: checkRedirect(follow)}
	if o.perSecond > 0 {
		c.pace.own = rate.NewLimiter(rate.Limit(o.perSecond), o.burst)
	}
	c.buffers.New = func() any { return new(bytes.Buffer) }
	return c, nil
}

// checkRedirect returns a redirect policy: procedures follow no redirects, headers about the client and its user are
// not sent to another origin, and follow decides the rest.
func checkRedirect(follow func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		first := via[0]
		if first.Method != http.MethodGet {
			return http.ErrUseLastResponse
		}
		abroad := !sameOrigin(req.URL, first.URL)
		for _, earlier := range via[1:] {
			abroad = abroad || !sameOrigin(earlier.URL, first.URL)
		}
		if abroad {
			maps.DeleteFunc(req.Header, func(name string, _ []string) bool { return name != "Accept" && name != "User-Agent" })
		}
		return follow(req, via)
	}
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) }

// Service returns the origin of the service, without a slash at its end.
func (c *Client) Service() string { return c.service }

// Format prints only the client's service, whatever the verb, because its headers may contain secrets.
func (c *Client) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "xrpc.Client(%s)", c.service) }

// Call sends request and fills in response. It returns nil if the answer has a success status and is well-formed for the
// method. The package documentation describes the errors. After a decoding error, response.Output has what could be
// decoded.
//
// Call waits when the server asks for a pause, up to the limit of [WithMaxWait]; if the server asks for a longer one,
// Call returns a [*WaitError] at once. [WithPauses] sets a function that is called before each pause.
//
// If response asks for a stream, ctx must stay valid until response.Body is closed, and the caller must close it to
// release the connection. The body's errors are [*TransportError]s. It ends with io.EOF only if it is complete, as
// far as HTTP can tell: a body in HTTP/1.0 without a length may have been cut off. The body has a method Size()
// int64, which returns the length that the server announced, or -1 if it announced none or the body was compressed.
//
// Call reads request.Body but does not close it. Unless it is an [io.Seeker], a Read of it may still be in progress when
// Call returns an error.
func (c *Client) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	x := &exchange{c: c, ctx: ctx, call: request, result: response}
	if err := x.prepare(); err != nil {
		return fmt.Errorf("xrpc: %s at %s: %w", shown(string(request.NSID)), c.service, err)
	}
	renewed := false
	for {
		err := x.send()
		if err == nil {
			return nil
		}
		if refusal, ok := err.(*Error); ok && c.auth != nil && refusal.credentials() {
			if renewed {
				return err
			}
			renewed = true
			again, problem := c.auth.Refused(ctx, x.request, refusal)
			if problem != nil {
				return fmt.Errorf("%w; %w", err, problem)
			}
			if !again {
				return err
			}
			if problem := x.rewind(); problem != nil {
				return fmt.Errorf("%w; not repeated: %w", err, problem)
			}
			continue
		}
		if x.failures++; x.failures >= c.retry.Attempts || !x.repeatable(err) {
			return err
		}
		if problem := x.rewind(); problem != nil {
			return fmt.Errorf("%w; not repeated: %w", err, problem)
		}
		if problem := x.backOff(err); problem != nil {
			return fmt.Errorf("%w; not repeated: %w", err, problem)
		}
	}
}
