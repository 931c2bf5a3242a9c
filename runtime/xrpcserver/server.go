package xrpcserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Method is a query, a procedure or a subscription that a handler serves.
type Method struct {
	NSID syntax.NSID
	// Procedure and Subscription say what the method is. If both are false, it is a query.
	Procedure, Subscription bool
	// Serve answers one call by the methods and functions of this package that take a Call. If it returns an error, the
	// handler sends that, see [Error]. It may run concurrently.
	Serve func(c *Call) error
}

// MaxInput is the size of the largest JSON input that is read, in bytes. A body that is not JSON has no limit.
const MaxInput = 4 << 20

// Error is an error that a server returns for the client: the handler sends its name and message, with its status.
type Error struct {
	// Status is the HTTP status, 400 or above.
	Status int
	// Name is the name of the error, such as "InvalidRequest", and Message a text for people.
	Name, Message string
}

// Error returns the name and the message.
func (e *Error) Error() string { return e.Name + ": " + e.Message }

// invalid returns the error for a malformed request.
func invalid(format string, arguments ...any) error {
	return &Error{http.StatusBadRequest, "InvalidRequest", fmt.Sprintf(format, arguments...)}
}

// Option is a setting of the handler that [New] returns.
type Option func(*handler)

// WithErrorHook sets a function that is called with each error that is reported to the client only as
// InternalServerError: an error without a name, a missing or invalid result, or a panic of the server. It is not called
// if the client has disconnected. It may be called concurrently.
func WithErrorHook(hook func(r *http.Request, err error)) Option {
	return func(h *handler) { h.hook = hook }
}

// New returns a handler for methods, each at the path /xrpc/ and its NSID. Queries must be sent by GET or HEAD,
// procedures by POST, and subscriptions by GET with an upgrade to a WebSocket; the response to OPTIONS lists the HTTP
// methods. Any other path gets the error MethodNotImplemented, or InvalidRequest if it does not end in an NSID. A panic
// of a server becomes an InternalServerError. The handler is safe for concurrent use.
func New(methods []Method, opts ...Option) http.Handler {
	h := &handler{methods: make(map[string]Method, len(methods)), hook: func(*http.Request, error) {}, ping: pingInterval, patience: patience, goodbye: goodbye}
	for _, m := range methods {
		h.methods[string(m.NSID)] = m
	}
	for _, opt := range opts {
		opt(h)
	}
	return h
}

// handler is the handler that [New] returns.
type handler struct {
	methods map[string]Method
	hook    func(*http.Request, error)
	// ping is the interval of pings on a WebSocket. patience is how long its client may take to receive a frame, and
	// goodbye is how long it may take to receive the last frame and close the connection.
	ping, patience, goodbye time.Duration
}

// ServeHTTP answers a call.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, _ := strings.CutPrefix(r.URL.Path, "/xrpc/")
	m, found := h.methods[name]
	c := &Call{w: w, r: r, handler: h}
	if !found {
		if _, err := syntax.ParseNSID(name); err != nil {
			c.fail(invalid("the path does not end in the NSID of a method"))
			return
		}
		c.fail(&Error{http.StatusNotImplemented, "MethodNotImplemented", "there is no such method"})
		return
	}
	if allowed := m.allowed(); !slices.Contains(allowed, r.Method) {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		c.fail(&Error{http.StatusMethodNotAllowed, "InvalidRequest", "wrong HTTP method"})
		return
	} else if r.Method == http.MethodOptions {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		w.WriteHeader(http.StatusNoContent)
		return
	}
	err := panics.Catch(func() error { return m.Serve(c) })
	switch {
	case err == nil:
	case c.sent: // what was sent must not pass for a whole answer
		h.failed(r, err)
		panic(http.ErrAbortHandler)
	default:
		c.fail(err)
	}
}

// allowed returns the HTTP methods with which m may be called.
func (m Method) allowed() []string {
	switch {
	case m.Procedure:
		return []string{http.MethodPost, http.MethodOptions}
	case m.Subscription:
		return []string{http.MethodGet, http.MethodOptions}
	}
	return []string{http.MethodGet, http.MethodHead, http.MethodOptions}
}

// failed calls the hook with err, unless the client has disconnected.
func (h *handler) failed(r *http.Request, err error) {
	if r.Context().Err() == nil && !errors.Is(err, http.ErrAbortHandler) {
		h.hook(r, err)
	}
}

// public returns the error to send to the client for err: the [Error] or the [rpc.ErrorName] that err wraps. If it wraps
// neither, public calls the hook with err and returns InternalServerError.
func (c *Call) public(err error) Error {
	// The name of an error that a panic carries was not meant for the client.
	if _, panicked := errors.AsType[*panics.Error](err); !panicked {
		if own, ok := errors.AsType[*Error](err); ok {
			return *own
		}
		if name, ok := errors.AsType[rpc.ErrorName](err); ok {
			return Error{http.StatusBadRequest, string(name), err.Error()}
		}
	}
	c.handler.failed(c.r, err)
	return Error{http.StatusInternalServerError, "InternalServerError", ""}
}

// fail sends err to the client in the form that public returns.
func (c *Call) fail(err error) {
	answer := c.public(err)
	body, err := json.Marshal(struct {
		Error   string `json:"error"`
		Message string `json:"message,omitempty"`
	}{answer.Name, answer.Message})
	if err != nil {
		body = []byte(`{"error":"InternalServerError"}`)
	}
	if answer.Status < 400 || answer.Status > 599 {
		answer.Status = http.StatusInternalServerError
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(answer.Status)
	c.w.Write(body)
}

// Call is one call of a method. Its methods are for generated code.
type Call struct {
	w       http.ResponseWriter
	r       *http.Request
	handler *handler
	sent    bool // whether the answer has begun
}

type requestKey struct{}

// Context returns the context of the call, from which [Request] returns the request.
func (c *Call) Context() context.Context { return context.WithValue(c.r.Context(), requestKey{}, c.r) }

// Request returns the HTTP request of the call that ctx belongs to, or nil.
func Request(ctx context.Context) *http.Request {
	r, _ := ctx.Value(requestKey{}).(*http.Request)
	return r
}

// Input decodes the body of a procedure that takes JSON. The error is an [Error] if the body is not valid.
func (c *Call) Input(v lex.Decodable) error {
	if _, err := c.encoding("application/json"); err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, MaxInput))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return &Error{http.StatusRequestEntityTooLarge, "PayloadTooLarge", fmt.Sprintf("the input is larger than the limit of %d bytes", MaxInput)}
	}
	if err != nil {
		return invalid("the input could not be read")
	}
	return decode("input", lex.Decode(c.r.Context(), body, v, lex.DecodeOptions{Encoding: lex.JSON}))
}

// Body returns the body of a procedure that takes something other than JSON, and its Content-Type. The error is an
// [Error] if the media type does not match pattern, which is a media type, such as "text/csv", "audio/*" or "*/*", or
// several, separated by commas. Letter case does not matter.
func (c *Call) Body(pattern string) (io.Reader, string, error) {
	contentType, err := c.encoding(pattern)
	return c.r.Body, contentType, err
}

// encoding returns the Content-Type of the body, or an error if that does not match pattern, see Body.
func (c *Call) encoding(pattern string) (string, error) {
	if coding := c.r.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return "", &Error{http.StatusUnsupportedMediaType, "InvalidRequest", "the input must not be compressed"}
	}
	header := c.r.Header.Get("Content-Type")
	if pattern == "*/*" {
		return header, nil
	}
	encoding, _, err := mime.ParseMediaType(header)
	for one := range strings.SplitSeq(strings.ToLower(pattern), ",") {
		one, _, _ = strings.Cut(one, ";")
		one = strings.TrimSpace(one)
		major, anyMinor := strings.CutSuffix(one, "/*")
		if err == nil && (one == "*/*" || encoding == one || anyMinor && strings.HasPrefix(encoding, major+"/")) {
			return header, nil
		}
	}
	return "", invalid("the input must be of the type %s", pattern)
}

// decode returns the error for the client after decoding, which returned err, nil if that is nil. what names what was
// decoded.
func decode(what string, err error) error {
	if err == nil {
		return nil
	}
	if issues, ok := errors.AsType[*issue.Error](err); ok {
		return invalid("%s: %s", what, issue.Summary(issues.Issues))
	}
	return invalid("%s: %v", what, err)
}
