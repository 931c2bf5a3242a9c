package xrpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// Client calls the methods of one service. It is a [lex.Caller]. Its settings do not change; any number
// of goroutines may use it at once, and should: what the server says about its limits then reaches all.
type Client struct {
	options
	base    url.URL // without path
	service string  // base as a string
	pace    pace
	buffers sync.Pool // of *bytes.Buffer
}

// Authorizer gives requests their credentials. It must be safe for concurrent use.
type Authorizer interface {
	// Authorize adds the credentials to the headers of req, which is about to be sent. It is called once
	// for each request of a call. An error ends the call.
	Authorize(ctx context.Context, req *http.Request) error
	// Refused is told of an answer to req which may mean that the credentials have to be renewed: status
	// 401, unless its body is not an XRPC error, or another 4xx with an error named ExpiredToken or
	// InvalidToken. When it returns true the request is authorized and sent once more. It is called at most once in a call. An error ends the
	// call; both it and the answer are in the error of the call then.
	Refused(ctx context.Context, req *http.Request, answer *Error) (again bool, err error)
}

// New returns a client of the service at an origin: "https://host" or "https://host:port". An origin
// with http is refused unless [WithAllowPrivate] or [WithHTTPClient] is given. Nothing is sent.
func New(service string, opts ...Option) (*Client, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	base, err := parseOrigin(service, o.allowPrivate || o.http != nil)
	if err != nil {
		return nil, err
	}
	c := &Client{options: *o, base: base, service: base.String()}
	h := o.http
	if h == nil {
		h = guard.Client(o.allowPrivate)
	}
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

// parseOrigin returns the parts of a service's origin, in lower case and without the scheme's own port.
func parseOrigin(service string, plain bool) (url.URL, error) {
	u, err := url.Parse(service)
	switch {
	case err != nil || u.User != nil || u.RawQuery != "": // not shown, it may have secrets
		return url.URL{}, errors.New("xrpc: the service is not of the form https://host[:port]")
	case u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Fragment != "" || u.ForceQuery,
		u.Scheme != "https" && u.Scheme != "http":
		return url.URL{}, fmt.Errorf("xrpc: service %s is not of the form https://host[:port]", excerpt(service))
	case u.Scheme == "http" && !plain:
		return url.URL{}, fmt.Errorf("xrpc: service %s: http is refused unless private addresses are allowed (WithAllowPrivate, --allow-private)",
			excerpt(service))
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r >= utf8.RuneSelf }):
		return url.URL{}, fmt.Errorf("xrpc: service %s: the host is not ASCII: write it in punycode (xn--...)", excerpt(service))
	}
	host := strings.TrimSuffix(strings.ToLower(u.Host), ":")
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return url.URL{Scheme: u.Scheme, Host: host}, nil
}

// checkRedirect lets procedures follow no redirect, keeps what a client says about itself and its user
// to the origin that it was meant for, and leaves the rest to follow.
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

// Format prints the client as its service, whatever the verb: its headers may be secrets.
func (c *Client) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "xrpc.Client(%s)", c.service) }

// Call sends call and fills its Output, or its OutputBody and OutputEncoding, and returns nil when the
// answer has a status of success and is what the method answers with. Its errors are described in the
// documentation of the package; a decoding error leaves in Output what could be decoded.
//
// A pause that the server asks for is kept if it is not longer than [WithMaxWait] says; otherwise Call
// returns a [*WaitError] at once. [WithPauses] announces each pause.
//
// For a stream, ctx holds until its body is closed. The body must be closed, which is also needed to
// release the connection; its errors are [*TransportError]s, and it ends with io.EOF only if it is
// complete, as far as HTTP says what that is: a body without a length, in HTTP/1.0, is not known to be. It has a method
// Size() int64, the length that the server announced: -1 for none, or if the body was compressed.
//
// InputBody is read but not closed. Unless it is an [io.Seeker], a Read of it may still be under way when
// Call returns with an error.
func (c *Client) Call(ctx context.Context, call *lex.Call) error {
	x := &exchange{c: c, ctx: ctx, call: call}
	if err := x.prepare(); err != nil {
		return fmt.Errorf("xrpc: %s at %s: %w", shown(string(call.NSID)), c.service, err)
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
