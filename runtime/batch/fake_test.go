package batch_test

import (
	"context"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/fakepds"
)

const (
	did        = fakepds.DID
	collection = fakepds.Collection
)

type (
	fakePDS    = fakepds.PDS
	fakeRecord = fakepds.Record
)

var (
	newPDS      = fakepds.New
	membership  = fakepds.Membership
	jsonOf      = fakepds.JSON
	keyOf       = fakepds.Key
	lookup      = fakepds.Lookup
	untyped     = fakepds.Untyped
	uriOf       = fakepds.URI
	cidOfRecord = fakepds.CID
	cidOf       = fakepds.CIDOf
	failure     = fakepds.Failure
	errInternal = fakepds.ErrInternal
	lost        = fakepds.Lost
)

// nobody is an account that was not logged in.
type nobody struct{ *fakePDS }

func (nobody) DID() syntax.DID { return "" }

// answering carries procedures out, and answers something else.
type answering struct {
	*fakePDS
	answer string
}

func (a answering) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	if !request.Procedure {
		return a.fakePDS.Call(ctx, request, response)
	}
	if err := a.fakePDS.Call(ctx, &rpc.Request{NSID: request.NSID, Procedure: true, Input: request.Input}, new(rpc.Response)); err != nil {
		return err
	}
	if err := lex.DecodeJSON([]byte(a.answer), response.Output); err != nil {
		return fmt.Errorf("xrpc: %w", err)
	}
	return nil
}
