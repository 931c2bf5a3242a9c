package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Login opens a session with a password, preferably an app password (com.atproto.server.createSession), stores it, and
// makes its account the current one. actor is a DID or a handle.
//
// Servers limit the number of logins; 30 in five minutes and 300 a day are common limits. So log in once, and use
// [Resume] after that. If the server asks for a pause, Login waits as long as ctx allows.
//
// If the server opens a session for another account, the error wraps [ErrAccount]. If the server is given, by
// [WithIssuer] or [WithNetwork], Login does not look the account up, and trusts that server to know which account has
// the handle. If the server refuses the password, the error wraps [ErrPassword]. If the session cannot be stored, Login
// ends it at the server, and the error wraps [ErrNotSaved].
func Login(ctx context.Context, actor syntax.AtIdentifier, password string, opts ...Option) (*Client, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	c, err := login(ctx, actor, password, o)
	if err != nil {
		return nil, fmt.Errorf("auth: login of %q: %w", actor, err)
	}
	return c, nil
}

func login(ctx context.Context, actor syntax.AtIdentifier, password string, o *options) (*Client, error) {
	actor, err := syntax.ParseAtIdentifier(string(actor))
	if err != nil {
		return nil, err
	}
	if password == "" || !utf8.ValidString(password) {
		return nil, fmt.Errorf("%w: it is empty, or not valid text", ErrPassword)
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
	g, err := create(ctx, issuer, string(actor), password, o.factor)
	if err != nil {
		return nil, err
	}
	if !g.is(actor, want) {
		return nil, fmt.Errorf("%w: %s answers for %s (%s)", ErrAccount, issuer.Service(), g.DID, g.Handle)
	}
	c.did = g.DID
	stored := ""
	if o.storePassword {
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
	if o.keepPassword || o.storePassword {
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
func locate(ctx context.Context, actor syntax.AtIdentifier, o *options) (syntax.DID, string, error) {
	if o.issuer != "" {
		did, _ := actor.DID()
		return did, o.issuer, nil
	}
	found, err := resolve(ctx, actor, o)
	if err != nil {
		return "", "", err
	}
	pds, err := found.RequirePDS()
	return found.DID, pds, err
}

func resolve(ctx context.Context, actor syntax.AtIdentifier, o *options) (identity.Identity, error) {
	directory, err := o.lookups()
	if err != nil {
		return identity.Identity{}, err
	}
	return directory.Resolve(ctx, actor)
}

// save stores the session of a login and makes it the current one. If that fails, save ends the session at the server,
// since the program could not resume it.
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

// Resume returns a client for a session in the store of [WithStore], which is required. It does not log in. actor is a
// DID or a handle; if it is "", Resume uses the current account or, if none is current, the only account in the store.
// Resume sends no request, unless actor is a handle that no stored session has: then it looks the handle up. If the
// server has ended the session, the first call reports that.
//
// The error wraps [ErrNoSession] if the store has no such session.
func Resume(ctx context.Context, actor syntax.AtIdentifier, opts ...Option) (*Client, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	if o.store == nil {
		return nil, errors.New("auth: Resume needs a store (WithStore)")
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
func find(ctx context.Context, actor syntax.AtIdentifier, o *options) (*Session, error) {
	if actor != "" {
		if _, err := syntax.ParseAtIdentifier(string(actor)); err != nil {
			return nil, fmt.Errorf("auth: %w", err)
		}
	}
	if did, ok := actor.DID(); ok {
		return o.store.Load(ctx, did)
	}
	if actor == "" {
		current, err := o.store.Current(ctx)
		if err != nil {
			return nil, err
		}
		if current != "" {
			return o.store.Load(ctx, current)
		}
	}
	list, err := o.store.List(ctx)
	if err != nil {
		return nil, err
	}
	if actor == "" {
		if len(list) == 1 {
			return list[0], nil
		}
		if len(list) == 0 {
			return nil, fmt.Errorf("auth: %w is stored", ErrNoSession)
		}
		return nil, fmt.Errorf("auth: %w: %d sessions are stored, but none is current", ErrNoSession, len(list))
	}
	for _, session := range list {
		if strings.EqualFold(string(session.Handle), string(actor)) {
			return session, nil
		}
	}
	found, err := resolve(ctx, actor, o)
	if err != nil {
		return nil, fmt.Errorf("auth: %w for %s: %w", ErrNoSession, actor, err)
	}
	return o.store.Load(ctx, found.DID)
}
