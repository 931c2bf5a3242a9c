package rpc

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Caller performs the calls of generated clients. An implementation takes care of HTTP, authentication and retries.
// It must be safe for concurrent use.
type Caller interface {
	// Call sends request and fills in response. Its error distinguishes an error that the server returned from a
	// failure to get a response; errors.Is matches the former with its [ErrorName]. Neither request nor response is
	// nil.
	Call(ctx context.Context, request *Request, response *Response) error
}

// Request is one call of an XRPC method (https://atproto.com/specs/xrpc), without its transport.
type Request struct {
	// NSID is the method's name.
	NSID syntax.NSID
	// Procedure says that the method is a procedure and not a query.
	Procedure bool
	// Repeatable says that the procedure may be sent again if its response was lost, when it is unknown whether the
	// server carried it out. Queries may always be sent again.
	Repeatable bool
	// Params are the parameters of the query string.
	Params Params
	// Input is the body of a procedure that takes JSON.
	Input lex.Encodable
	// Body is the body of a procedure that takes anything else, and Encoding is its media type.
	Body     io.Reader
	Encoding string
}

// Response is the response to a [Request]. The caller sets Output or Stream to choose how the response is returned; a
// zero Response discards it.
type Response struct {
	// Output is the value into which a JSON response is decoded.
	Output lex.Decodable
	// Stream asks for an undecoded response: Call sets Body, which the caller must close, and Encoding, its media type.
	Stream   bool
	Body     io.ReadCloser
	Encoding string
}

// Params are the parameters of a request, in order; an array is several parameters of the same name. The method LexParams
// of a generated type returns those that are set, and the defaults of those that are not; its receiver may be nil.
type Params []Param

// Param is one parameter of a query string, not escaped.
type Param struct{ Name, Value string }

// String adds a parameter whose value is a string.
func (p *Params) String(name, value string) { *p = append(*p, Param{name, value}) }

// Int adds a parameter whose value is an integer.
func (p *Params) Int(name string, value int64) { p.String(name, strconv.FormatInt(value, 10)) }

// Bool adds a parameter whose value is a boolean.
func (p *Params) Bool(name string, value bool) { p.String(name, strconv.FormatBool(value)) }

// OptParam adds a parameter to q if v is set. T is a string, integer or boolean type.
func OptParam[T comparable](q *Params, name string, v lex.Opt[T]) {
	if value, ok := v.Get(); ok {
		q.String(name, fmt.Sprint(value))
	}
}

// Encode returns the parameters as a query string, without the question mark.
func (p Params) Encode() string {
	var b strings.Builder
	for i, param := range p {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(param.Name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(param.Value))
	}
	return b.String()
}

// ErrorName is the name of an error that a method's lexicon declares. Use it as the target of errors.Is.
type ErrorName string

// Error returns the name.
func (n ErrorName) Error() string { return string(n) }
