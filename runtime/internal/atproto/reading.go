package atproto

import (
	"context"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// Reading returns a client for one call, whose answer is decoded as [lex.Answer] decodes it: fields names those that the
// caller reads, and those that may be missing end in "?".
func Reading(c rpc.Caller, fields ...string) *Client { return NewClient(reading{c, fields}) }

type reading struct {
	caller rpc.Caller
	fields []string
}

// Call sends request.
func (r reading) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	if response.Output != nil {
		response.Output = lex.Answer(response.Output, r.fields...)
	}
	return r.caller.Call(ctx, request, response)
}

// Repeatable returns c for procedures that may be sent once more when their answer was lost, because twice is as good as
// once.
func Repeatable(c rpc.Caller) rpc.Caller { return repeatable{c} }

type repeatable struct{ caller rpc.Caller }

// Call sends request.
func (r repeatable) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	request.Repeatable = true
	return r.caller.Call(ctx, request, response)
}
