package appview

import (
	"context"
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Client calls the methods of one appview. It is safe for concurrent use.
type Client struct{ caller lex.Caller }

// New returns a client of the appview at the given origin, "https://host[:port]". Options and errors are those of
// [xrpc.New].
func New(service string, opts ...xrpc.Option) (*Client, error) {
	caller, err := xrpc.New(service, opts...)
	if err != nil {
		return nil, err
	}
	return Through(caller), nil
}

// Through returns a client that makes its calls by caller, such as an auth.Client, whose PDS forwards calls to the
// appview that xrpc.WithProxy names.
func Through(caller lex.Caller) *Client { return &Client{caller} }

// Call makes a call, as [xrpc.Client.Call] does. It makes the Client a lex.Caller.
func (c *Client) Call(ctx context.Context, call *lex.Call) error { return c.caller.Call(ctx, call) }

// Name returns the NSID of a method. The prefix pub.layers. may be left out, as in expression.getExpression.
func Name(method string) (syntax.NSID, error) {
	full := method
	if strings.Count(method, ".") == 1 { // an NSID has at least two dots
		full = "pub.layers." + method
	}
	nsid, err := syntax.ParseNSID(full)
	if err != nil {
		return "", fmt.Errorf("appview: method %q: %w", method, err)
	}
	return nsid, nil
}

// Query calls the query that method names, as in [Name], and decodes the answer into out. Its errors are those of
// Name and of [xrpc.Client.Call].
func (c *Client) Query(ctx context.Context, method string, params lex.Params, out lex.Decodable) error {
	nsid, err := Name(method)
	if err != nil {
		return err
	}
	return c.Call(ctx, &lex.Call{NSID: nsid, Params: params, Output: out})
}

// Get calls the query that method names, as in [Name], and returns the answer, which must be an object. Its errors
// are those of [Client.Query].
func (c *Client) Get(ctx context.Context, method string, params lex.Params) (lex.Map, error) {
	var answer lex.Map
	err := c.Query(ctx, method, params, &answer)
	return answer, err
}
