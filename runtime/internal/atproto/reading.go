package atproto

import (
	"context"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// Reading returns a client for one call, whose answer is decoded as [lex.Answer] decodes it: fields names those that the
// caller reads, and those that may be missing end in "?".
func Reading(c lex.Caller, fields ...string) *Client { return NewClient(reading{c, fields}) }

type reading struct {
	caller lex.Caller
	fields []string
}

// Call sends c.
func (r reading) Call(ctx context.Context, c *lex.Call) error {
	if c.Output != nil {
		c.Output = lex.Answer(c.Output, r.fields...)
	}
	return r.caller.Call(ctx, c)
}
