package batch_test

import (
	"context"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/author"
)

const (
	did        = author.DID
	collection = author.Collection
)

type testAccount = author.Author

var (
	newPDS      = author.New
	membership  = author.Membership
	jsonOf      = author.JSON
	keyOf       = author.Key
	lookup      = author.Lookup
	untyped     = author.Untyped
	uriOf       = author.URI
	cidOfRecord = author.CID
	failure     = author.Failure
	errInternal = author.ErrInternal
	lost        = author.Lost
)

// nobody is an account that was not logged in.
type nobody struct{ *testAccount }

func (nobody) DID() syntax.DID { return "" }

// answering carries procedures out, and answers something else.
type answering struct {
	*testAccount
	answer string
}

func (a answering) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	if !request.Procedure {
		return a.testAccount.Call(ctx, request, response)
	}
	if err := a.testAccount.Call(ctx, &rpc.Request{NSID: request.NSID, Procedure: true, Input: request.Input}, new(rpc.Response)); err != nil {
		return err
	}
	if err := lex.DecodeJSON([]byte(a.answer), response.Output); err != nil {
		return fmt.Errorf("xrpc: %w", err)
	}
	return nil
}
