package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Options are settings of [Login] and [Resume]. Printing them does not show AuthFactorToken.
type Options struct {
	// PDS is the origin of the server to log in to: the account's PDS, or an entryway. By default Login looks up the
	// PDS in the account's DID document. Resume does not use it.
	PDS string
	// Directory looks up accounts: for Login, unless PDS is set, and before records are written, see
	// [Client.CheckPDS]. By default it is a new one made by [identity.New].
	Directory *identity.Directory
	// Store stores the session. By default Login keeps the session only in memory, in this client. Resume requires a
	// Store.
	Store Store
	// AuthFactorToken is the code that the server has sent by e-mail, after [ErrAuthFactorTokenRequired].
	AuthFactorToken string
	// KeepPassword keeps the password in memory, so that the client can log in again when the session is over. By
	// default the password is not kept.
	KeepPassword bool
	// StorePassword keeps the password in the store, too, so that a resumed session can log in again. Anyone who can
	// read the store then has the password. It implies KeepPassword.
	StorePassword bool
	// AnyPDS allows writes even if the account's DID document names another server than the session's. It is for
	// servers that are reached at an address other than the public one. See [Client.CheckPDS].
	AnyPDS bool
	// XRPC are options for the client of the PDS, such as xrpc.WithAllowPrivate in tests.
	XRPC []xrpc.Option
}

// String returns the settings, without the secrets.
func (o Options) String() string {
	factor := ""
	if o.AuthFactorToken != "" {
		factor = hidden
	}
	return fmt.Sprintf("{PDS:%s Store:%T AuthFactorToken:%s KeepPassword:%t StorePassword:%t AnyPDS:%t}",
		o.PDS, o.Store, factor, o.KeepPassword, o.StorePassword, o.AnyPDS)
}

// Format prints what String returns, whatever the verb.
func (o Options) Format(f fmt.State, _ rune) { io.WriteString(f, o.String()) }

// MarshalText returns what String returns, so that logs and JSON encoders do not show the secrets.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Login opens a session with a password, preferably an app password (com.atproto.server.createSession), and stores it
// as the current session. actor is a DID or a handle. opts may be nil.
//
// Servers limit the number of logins; 30 in five minutes and 300 a day are common limits. So log in once, and use
// [Resume] after that. If the server asks for a pause, Login waits as long as ctx allows.
//
// If the server opens a session for another account, the error wraps [ErrAccount]. If Options.PDS is set, Login does
// not look the account up, and relies on that server for which account has the handle. If the server refuses the
// password, the error wraps [ErrPassword].
func Login(ctx context.Context, actor syntax.AtIdentifier, password string, opts *Options) (*Client, error) {
	o := orDefault(opts)
	c, err := login(ctx, actor, password, o)
	if err != nil {
		return nil, fmt.Errorf("auth: login of %q: %w", actor, err)
	}
	return c, nil
}

func orDefault(opts *Options) *Options {
	if opts == nil {
		return new(Options)
	}
	return opts
}

func login(ctx context.Context, actor syntax.AtIdentifier, password string, o *Options) (*Client, error) {
	actor, err := syntax.ParseAtIdentifier(string(actor))
	if err != nil {
		return nil, err
	}
	if password == "" || !utf8.ValidString(password) {
		return nil, fmt.Errorf("%w: it is empty, or not text", ErrPassword)
	}
	want, pds, err := locate(ctx, actor, o)
	if err != nil {
		return nil, err
	}
	c := newClient(o, want)
	if _, err := c.store.Current(ctx); err != nil { // before using up one of the limited logins
		return nil, err
	}
	issuer, err := c.service(pds)
	if err != nil {
		return nil, err
	}
	g, err := create(ctx, issuer, string(actor), password, o.AuthFactorToken)
	if err != nil {
		return nil, err
	}
	if !g.is(actor, want) {
		return nil, fmt.Errorf("%w: %s answers for %s (%s)", ErrAccount, issuer.Service(), g.DID, g.Handle)
	}
	c.did = g.DID
	stored := ""
	if o.StorePassword {
		stored = password
	}
	session := g.session(issuer, issuer.Service(), issuer.Service(), stored, true, c.options)
	c.issuer = issuer
	if issuer.Service() == session.PDS {
		c.pds = issuer
	}
	if err := c.use(session); err != nil {
		return nil, err
	}
	if o.KeepPassword || o.StorePassword {
		c.password = &password
	}
	return c, c.save(ctx, session)
}

// is reports whether the account is the requested one: did, or actor if did is not known. A session without a handle
// matches every actor.
func (g *granted) is(actor syntax.AtIdentifier, did syntax.DID) bool {
	if did != "" {
		return g.DID == did
	}
	return g.Handle == identity.HandleInvalid || strings.EqualFold(string(g.Handle), string(actor))
}

// locate returns the account's DID, "" if it is not known, and the origin of the server to log in to.
func locate(ctx context.Context, actor syntax.AtIdentifier, o *Options) (syntax.DID, string, error) {
	if o.PDS != "" {
		did, _ := actor.DID()
		return did, o.PDS, nil
	}
	found, err := resolve(ctx, actor, o)
	if err != nil {
		return "", "", err
	}
	pds, err := found.RequirePDS()
	return found.DID, pds, err
}

func resolve(ctx context.Context, actor syntax.AtIdentifier, o *Options) (identity.Identity, error) {
	directory, err := o.directory()
	if err != nil {
		return identity.Identity{}, err
	}
	return directory.Resolve(ctx, actor)
}

func (o *Options) directory() (*identity.Directory, error) {
	if o.Directory != nil {
		return o.Directory, nil
	}
	return identity.New()
}

// save stores the session of a login and makes it the current one. If that fails, save ends the session, which is of
// no use then.
func (c *Client) save(ctx context.Context, s *Session) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTimeout)
	defer cancel()
	err := c.store.Update(ctx, c.did, func(context.Context, *Session) (*Session, error) { return s, nil })
	if err == nil {
		err = c.store.SetCurrent(ctx, c.did)
	}
	if err != nil {
		remove(ctx, c.issuer, s.secrets().refresh)
		return fmt.Errorf("%w: %w", ErrNotSaved, err)
	}
	return nil
}

// Resume returns a client for a session in opts.Store, without logging in. actor is a DID, a handle, or "" for the
// current account, or for the only one in the store. Resume sends nothing, unless no stored session has the handle:
// then it looks the handle up. If the session is over, the first call reports it.
//
// The error wraps [ErrNoSession] if the store has no such session.
func Resume(ctx context.Context, actor syntax.AtIdentifier, opts *Options) (*Client, error) {
	o := orDefault(opts)
	if o.Store == nil {
		return nil, errors.New("auth: Resume needs a Store")
	}
	session, err := find(ctx, actor, o)
	if err != nil {
		return nil, err
	}
	c := newClient(o, session.DID)
	if err := c.use(session); err != nil {
		return nil, fmt.Errorf("auth: session of %s: %w", session.DID, err)
	}
	return c, nil
}

// find returns the stored session of an account.
func find(ctx context.Context, actor syntax.AtIdentifier, o *Options) (*Session, error) {
	if actor != "" {
		if _, err := syntax.ParseAtIdentifier(string(actor)); err != nil {
			return nil, fmt.Errorf("auth: %w", err)
		}
	}
	if did, ok := actor.DID(); ok {
		return o.Store.Load(ctx, did)
	}
	if actor == "" {
		current, err := o.Store.Current(ctx)
		if err != nil {
			return nil, err
		}
		if current != "" {
			return o.Store.Load(ctx, current)
		}
	}
	list, err := o.Store.List(ctx)
	if err != nil {
		return nil, err
	}
	if actor == "" {
		if len(list) == 1 {
			return list[0], nil
		}
		return nil, fmt.Errorf("auth: %w is the current one, of %d", ErrNoSession, len(list))
	}
	for _, session := range list {
		if strings.EqualFold(string(session.Handle), string(actor)) {
			return session, nil
		}
	}
	found, err := resolve(ctx, actor, o)
	if err != nil {
		return nil, fmt.Errorf("auth: %w of %s: %w", ErrNoSession, actor, err)
	}
	return o.Store.Load(ctx, found.DID)
}
