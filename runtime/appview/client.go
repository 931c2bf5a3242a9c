package appview

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Client calls the methods of one appview. It is safe for concurrent use.
type Client struct{ caller rpc.Caller }

// Option sets how a [Client] works.
type Option func(*options) error

type options struct {
	network network.Network
	xrpc    []xrpc.Option
}

// WithNetwork sets the appview and how it is reached, in place of the public network. The client uses the fields
// Appview, AllowPrivate, HTTPClient and UserAgent.
func WithNetwork(n network.Network) Option {
	return func(o *options) error {
		o.network = n
		return nil
	}
}

// WithXRPC sets options for the xrpc client, such as limits and pauses. The network is that of [WithNetwork], whatever
// these options say.
func WithXRPC(opts ...xrpc.Option) Option {
	return func(o *options) error {
		o.xrpc = append(o.xrpc, opts...)
		return nil
	}
}

// New returns a client of the appview at the given origin, "https://host[:port]"; "" stands for the appview of
// [WithNetwork]. Errors are those of [xrpc.New].
func New(service string, opts ...Option) (*Client, error) {
	var o options
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			return nil, err
		}
	}
	if service = cmp.Or(service, o.network.Appview); service == "" {
		return nil, errors.New("appview: no server: pass its origin to New or set Network.Appview")
	}
	caller, err := xrpc.New(service, append(o.xrpc, xrpc.WithNetwork(o.network))...)
	if err != nil {
		return nil, err
	}
	return Through(caller), nil
}

// Through returns a client that makes its calls by caller, such as an auth.Client, whose PDS forwards calls to the
// appview that xrpc.WithProxy names.
func Through(caller rpc.Caller) *Client { return &Client{caller} }

// Call makes a call, as [xrpc.Client.Call] does. It makes the Client a rpc.Caller.
func (c *Client) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	return c.caller.Call(ctx, request, response)
}

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
func (c *Client) Query(ctx context.Context, method string, params rpc.Params, out lex.Decodable) error {
	nsid, err := Name(method)
	if err != nil {
		return err
	}
	return c.Call(ctx, &rpc.Request{NSID: nsid, Params: params}, &rpc.Response{Output: out})
}

// Get calls the query that method names, as in [Name], and returns the answer, which must be an object. Its errors
// are those of [Client.Query].
func (c *Client) Get(ctx context.Context, method string, params rpc.Params) (lex.Map, error) {
	var answer lex.Map
	err := c.Query(ctx, method, params, &answer)
	return answer, err
}
