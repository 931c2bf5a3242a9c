package atproto

import (
	"context"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// Reading returns a client for one call, whose response is decoded by [lex.Answer]: fields are the names of the fields
// that the caller reads; a name that ends in "?" may be missing.
func Reading(c rpc.Caller, fields ...string) *Client { return NewClient(reading{c, fields}) }

type reading struct {
	caller rpc.Caller
	fields []string
}

// Call sends request, and decodes the response as lex.Answer describes.
func (r reading) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	if response.Output != nil {
		response.Output = lex.Answer(response.Output, r.fields...)
	}
	return r.caller.Call(ctx, request, response)
}

// Repeatable returns a caller for idempotent procedures, which sends them through c and marks them as repeatable: if
// the response is lost, c may send them again.
func Repeatable(c rpc.Caller) rpc.Caller { return repeatable{c} }

type repeatable struct{ caller rpc.Caller }

// Call sends request, marked as repeatable.
func (r repeatable) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	request.Repeatable = true
	return r.caller.Call(ctx, request, response)
}
