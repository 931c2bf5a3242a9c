package xrpcserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Method is a query or procedure.
type Method struct {
	NSID      syntax.NSID
	Procedure bool
	// Serve answers one call. It may run concurrently. If it returns an error it has not sent anything.
	Serve func(c *Call) error
}

// MaxInput is the largest input in JSON that is read, in bytes. A body that is no JSON has no limit.
const MaxInput = 4 << 20

// Error is an error that a server sends with a status of its own.
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

// New returns a handler for methods, each at the path /xrpc/ and its NSID. Queries are answered to GET and HEAD, procedures to
// POST. Any other path gets the error MethodNotImplemented. The handler is safe for concurrent use.
func New(methods ...Method) http.Handler {
	byName := make(map[string]Method, len(methods))
	for _, m := range methods {
		byName[string(m.NSID)] = m
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, _ := strings.CutPrefix(r.URL.Path, "/xrpc/")
		m, found := byName[name]
		get := r.Method == http.MethodGet || r.Method == http.MethodHead
		switch {
		case !found:
			fail(w, &Error{http.StatusNotImplemented, "MethodNotImplemented", "there is no such method"})
		case m.Procedure && r.Method != http.MethodPost, !m.Procedure && !get:
			w.Header().Set("Allow", map[bool]string{true: "POST", false: "GET, HEAD"}[m.Procedure])
			fail(w, &Error{http.StatusMethodNotAllowed, "InvalidRequest", "wrong HTTP method"})
		default:
			if err := m.Serve(&Call{w, r}); err != nil {
				fail(w, err)
			}
		}
	})
}

// fail sends an error.
func fail(w http.ResponseWriter, err error) {
	answer := Error{http.StatusInternalServerError, "InternalServerError", ""}
	if own, ok := errors.AsType[*Error](err); ok {
		answer = *own
	} else if name, ok := errors.AsType[rpc.ErrorName](err); ok {
		answer = Error{http.StatusBadRequest, string(name), err.Error()}
	}
	body, err := json.Marshal(struct {
		Error   string `json:"error"`
		Message string `json:"message,omitempty"`
	}{answer.Name, answer.Message})
	if err != nil {
		body = []byte(`{"error":"InternalServerError"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.Status)
	w.Write(body)
}

// Call is one call of a method. Its methods are for generated code.
type Call struct {
	w http.ResponseWriter
	r *http.Request
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
	encoding, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || encoding != "application/json" {
		return invalid("the input must be of the type application/json")
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

// decode says what is wrong with what was decoded.
func decode(what string, err error) error {
	if err == nil {
		return nil
	}
	if issues, ok := errors.AsType[*issue.Error](err); ok {
		return invalid("%s: %s", what, issue.Summary(issues.Issues))
	}
	return invalid("%s: %v", what, err)
}

// Body returns the body of a procedure that takes something other than JSON, and its media type.
func (c *Call) Body() (io.Reader, string) { return c.r.Body, c.r.Header.Get("Content-Type") }

// Output sends a result in JSON. If it does not encode, nothing is sent and the error is returned.
func (c *Call) Output(v lex.Encodable) error {
	body, err := lex.EncodeJSON(v)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Write(body)
	return nil
}

// Stream sends a result that is not described by a lexicon, and closes it. An error of reading it ends the connection, since
// the status is sent already.
func (c *Call) Stream(body io.ReadCloser, contentType string) error {
	defer body.Close()
	c.w.Header().Set("Content-Type", contentType)
	if _, err := io.Copy(c.w, body); err != nil {
		panic(http.ErrAbortHandler)
	}
	return nil
}
