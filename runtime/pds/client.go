package pds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Client reads repositories. It is safe for concurrent use, and its settings do not change after it is made. It keeps
// connections, and what it has learned about accounts and servers, for later calls.
type Client struct {
	directory *identity.Directory
	fixed     rpc.Caller // the one server of WithHost, WithCaller or WithNetwork; nil: the accounts' servers
	servers   servers
}

// Option sets how a [Client] works.
type Option func(*options) error

type options struct {
	network   *network.Network // nil: that of the directory, or the public network
	directory *identity.Directory
	host      string
	caller    rpc.Caller
	xrpc      []xrpc.Option
}

// WithDirectory sets the directory in which accounts are looked up, so that several clients share what it remembers.
// By default the client makes its own by [identity.New], for the same network. Without [WithNetwork], the client uses
// the directory's network.
func WithDirectory(directory *identity.Directory) Option {
	return func(o *options) error {
		o.directory = directory
		return nil
	}
}

// WithHost makes the client ask one server for all repositories, such as a relay or a mirror, instead of the servers
// that the accounts' DID documents name. service is an origin, such as "https://relay.example.com". WithHost cannot be
// combined with [WithCaller].
func WithHost(service string) Option {
	return func(o *options) error {
		o.host = service
		return nil
	}
}

// WithCaller makes the client send all calls about repositories through caller, such as an authenticated client. It
// cannot be combined with [WithHost].
func WithCaller(caller rpc.Caller) Option {
	return func(o *options) error {
		o.caller = caller
		return nil
	}
}

// WithXRPC sets options for the xrpc clients, of which there is one for each server, such as limits and pauses. They
// apply to every server that a DID document may name. So do not set an Authorizer here: use it in a client of its own,
// for [WithCaller]. The network is that of [WithNetwork], whatever these options say.
func WithXRPC(opts ...xrpc.Option) Option {
	return func(o *options) error {
		o.xrpc = append(o.xrpc, opts...)
		return nil
	}
}

// WithNetwork sets the servers that are asked and how they are reached, in place of the public network. If its PDS is
// set, the client reads all repositories there, unless [WithHost] or [WithCaller] says otherwise.
func WithNetwork(n network.Network) Option {
	return func(o *options) error {
		o.network = &n
		return nil
	}
}

// New returns a client. It returns an error only if an option is invalid.
func New(opts ...Option) (*Client, error) {
	var o options
	for _, opt := range opts {
		if err := opt(&o); err != nil {
			return nil, err
		}
	}
	if o.host != "" && o.caller != nil {
		return nil, errors.New("pds: WithHost and WithCaller cannot be combined")
	}
	var at network.Network
	switch {
	case o.network != nil:
		at = *o.network
	case o.directory != nil:
		at = o.directory.Network()
	}
	if o.directory == nil {
		var err error
		if o.directory, err = identity.New(identity.WithNetwork(at)); err != nil {
			return nil, err
		}
	}
	if o.caller == nil {
		o.host = cmp.Or(o.host, at.PDS)
	}
	c := &Client{directory: o.directory, fixed: o.caller}
	c.servers.allowHTTP = at.AllowPrivate // a DID document may name any address, whatever the HTTP client allows
	at.HTTPClient = at.Client()           // all clients share its connections
	c.servers.options = append(o.xrpc, xrpc.WithNetwork(at))
	if o.host != "" {
		server, err := c.servers.client(o.host)
		if err != nil {
			return nil, err
		}
		c.fixed = server
	}
	return c, nil
}

// Directory returns the directory in which accounts are looked up.
func (c *Client) Directory() *identity.Directory { return c.directory }

// CallRepo calls query with the DID of an account, and with the server that has its repository, and returns the answer.
// actor is a handle or a DID. query should make one call about that repository, by server.Call or by a generated
// client for server. It must not use server after it returns.
//
// If the server turns out not to have the repository, or something other than the server answers, CallRepo looks the
// account up once more. If that finds another server or, for a handle, another DID, CallRepo calls query a second
// time, with those, so query must not rely on what it did the first time. CallRepo does not do so if query called a
// procedure, which may have had its effect.
//
// The error is one of the look-up (package identity), or it wraps that of query: one of the server (*[xrpc.Error]), of
// the transport, or any other. If the server says, in any form, that it does not have the repository, the error also
// wraps [ErrRepoNotFound]. With an error, the answer is that of the last call of query, or the zero value.
func CallRepo[T any](ctx context.Context, c *Client, actor syntax.AtIdentifier, query func(did syntax.DID, server rpc.Caller) (T, error)) (answer T, err error) {
	at, err := c.place(ctx, actor, false)
	if err != nil {
		return answer, err
	}
	server := &watched{Caller: at.caller}
	answer, err = query(at.did, server)
	if err == nil || server.procedure.Load() || !verdict.Moved(err) || ctx.Err() != nil || c.fixed != nil && actor.IsDID() {
		return answer, repoError(actor, err)
	}
	fresh, failed := c.place(ctx, actor, true)
	if failed != nil || fresh.did == at.did && fresh.server == at.server {
		return answer, repoError(actor, err)
	}
	answer, err = query(fresh.did, fresh.caller)
	return answer, repoError(actor, err)
}

// callAt is [CallRepo] if host is "". Otherwise it calls query with the server at that origin, once.
func callAt[T any](ctx context.Context, c *Client, host string, actor syntax.AtIdentifier, query func(did syntax.DID, server rpc.Caller) (T, error)) (answer T, err error) {
	if host == "" {
		return CallRepo(ctx, c, actor, query)
	}
	did, ok := actor.DID()
	if !ok {
		if did, _, err = c.account(ctx, actor, false); err != nil {
			return answer, fmt.Errorf("pds: %w", err)
		}
	}
	server, err := c.servers.client(host)
	if err != nil {
		return answer, fmt.Errorf("pds: %s: %w", actor, err)
	}
	answer, err = query(did, server)
	return answer, repoError(actor, err)
}

// watched is a caller that remembers whether a procedure was called.
type watched struct {
	rpc.Caller
	procedure atomic.Bool
}

func (w *watched) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	if request.Procedure {
		w.procedure.Store(true)
	}
	return w.Caller.Call(ctx, request, response)
}

// place says where a repository is.
type place struct {
	did    syntax.DID
	server string // the server's origin; "" for Client.fixed
	caller rpc.Caller
}

// place finds the server of a repository; if fresh is set, it ignores what is remembered.
func (c *Client) place(ctx context.Context, actor syntax.AtIdentifier, fresh bool) (place, error) {
	if did, ok := actor.DID(); ok && c.fixed != nil {
		return place{did: did, caller: c.fixed}, nil
	}
	did, account, err := c.account(ctx, actor, fresh)
	if err != nil {
		return place{}, fmt.Errorf("pds: %w", err)
	}
	if c.fixed != nil {
		return place{did: did, caller: c.fixed}, nil
	}
	origin, err := account.RequirePDS()
	if err != nil {
		return place{}, fmt.Errorf("pds: %w", err)
	}
	server, err := c.servers.client(origin)
	if err != nil {
		return place{}, fmt.Errorf("pds: %s: %w", actor, err)
	}
	return place{did, origin, server}, nil
}

// account is an identity or a DID document.
type account interface {
	RequirePDS() (string, error)
	RequireKey() (multikey.Key, error)
}

// account looks an account up; if fresh is set, it ignores what is remembered. For a DID it looks up the handle only
// if fresh is set, since the handle is not needed.
func (c *Client) account(ctx context.Context, actor syntax.AtIdentifier, fresh bool) (syntax.DID, account, error) {
	if did, ok := actor.DID(); ok && !fresh {
		document, err := c.directory.ResolveDID(ctx, did)
		return did, document, err
	}
	resolve := c.directory.Resolve
	if fresh {
		resolve = c.directory.Refresh
	}
	found, err := resolve(ctx, actor)
	return found.DID, found, err
}

// repoError returns err with the name of the repository, and with ErrRepoNotFound if the server does not have it.
func repoError(actor syntax.AtIdentifier, err error) error {
	switch {
	case err == nil:
		return nil
	case verdict.Of(err) == verdict.NoRepo:
		return fmt.Errorf("pds: %s: %w: %w", actor, ErrRepoNotFound, err)
	}
	return fmt.Errorf("pds: %s: %w", actor, err)
}

// host returns the caller for methods that are not about one repository: a client of the server with the origin service
// or, if that is "", c.fixed. It returns an error if both are missing.
func (c *Client) host(service string) (rpc.Caller, error) {
	if service == "" {
		if c.fixed == nil {
			return nil, errors.New("pds: no server: neither the call nor the client names one")
		}
		return c.fixed, nil
	}
	return c.servers.client(service)
}

// maxServers is how many clients are kept, one for each server. Clients are small, and the network has a few thousand
// servers.
const maxServers = 1000

// servers makes a client for each server and keeps up to maxServers of them. They share one HTTP client.
type servers struct {
	allowHTTP bool
	options   []xrpc.Option

	mu      sync.Mutex
	clients map[string]*xrpc.Client
}

func (s *servers) client(service string) (*xrpc.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if client := s.clients[service]; client != nil {
		return client, nil
	}
	if !s.allowHTTP && !strings.HasPrefix(service, "https://") {
		return nil, fmt.Errorf("pds: server %q is not an https address: http is refused unless private addresses are allowed (Network.AllowPrivate, --allow-private)", service)
	}
	client, err := xrpc.New(service, s.options...)
	if err != nil {
		return nil, err
	}
	if s.clients == nil {
		s.clients = map[string]*xrpc.Client{}
	}
	for other := range s.clients { // any
		if len(s.clients) < maxServers {
			break
		}
		delete(s.clients, other)
	}
	s.clients[service] = client
	return client, nil
}
