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
	// PDS is the origin of the server to log in at: the account's PDS, or an entryway. By default it is the
	// PDS of the account's DID document, which is looked up. Resume does not use it.
	PDS string
	// Directory looks accounts up, for Login unless PDS is given, and before records are written: see
	// [Client.CheckPDS]. By default it is a new one of [identity.New].
	Directory *identity.Directory
	// Store keeps the session. By default Login keeps it in memory only, in this client. Resume needs one.
	Store Store
	// AuthFactorToken is the code that the server has sent by e-mail, after [ErrAuthFactorTokenRequired].
	AuthFactorToken string
	// KeepPassword keeps the password in memory, to log in again when the session is over. By default it is
	// forgotten.
	KeepPassword bool
	// StorePassword keeps the password in the store, too, so that a resumed session can do the same. Whoever
	// can read the store then has the password. It implies KeepPassword.
	StorePassword bool
	// AnyPDS allows records to be written although the account's DID document names another server than the session's:
	// for one that is reached at another address than the world knows. See [Client.CheckPDS].
	AnyPDS bool
	// XRPC are options of the client of the PDS, such as xrpc.WithAllowPrivate in tests.
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

// MarshalText returns what String returns: it is what a log or a JSON encoder shows of options.
func (o Options) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// Login opens a session with a password, which had better be an app password (com.atproto.server.createSession),
// and stores it as the current one. The actor is a DID or a handle. opts may be nil.
//
// Servers count logins, and allow few: 30 in five minutes and 300 a day is usual. A program logs in once, and
// then uses [Resume]. If the server asks to wait, Login does so for as long as ctx allows.
//
// The session is that of the account asked for, or the error wraps [ErrAccount]. If Options.PDS is given, nothing is
// looked up, and it is that server's word which account has the handle. A refused password is [ErrPassword].
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
	if _, err := c.store.Current(ctx); err != nil { // before a login is spent
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

// is reports whether the account is the one that was asked for: did, unless that is not known.
func (g *granted) is(actor syntax.AtIdentifier, did syntax.DID) bool {
	if did != "" {
		return g.DID == did
	}
	return g.Handle == identity.HandleInvalid || strings.EqualFold(string(g.Handle), string(actor))
}

// locate returns the account's DID, "" if it is not known, and the origin of the server to log in at.
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

// save stores the session of a login and makes it the current one. If that fails nobody has any use for the
// session, and it is ended.
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

// Resume returns a client for a session in opts.Store, without logging in. The actor is a DID, or a handle, or "" for
// the current account, or the only one. Nothing is sent, unless no stored session has the handle: then it is
// looked up. That the session is over shows in the first call.
//
// The error wraps [ErrNoSession] when the store has no such session.
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
