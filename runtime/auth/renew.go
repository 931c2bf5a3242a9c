package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

const (
	// renewTimeout limits the time of a renewal, including the wait for a renewal by another process.
	renewTimeout = 90 * time.Second
	// rereadTimeout limits the time to read the store once more after a failed renewal.
	rereadTimeout = 5 * time.Second
	// overFor is how long a session that the server has ended is treated as ended without asking the server again.
	overFor = time.Minute
)

// pending is an operation in progress for which calls wait.
type pending struct {
	done chan struct{}
	err  error // set before done is closed
}

// wait waits until p is done, and returns its error. If ctx ends first, it returns the cause of that in an error that
// names the operation, what, and the account.
func (p *pending) wait(ctx context.Context, what string, did syntax.DID) error {
	select {
	case <-p.done:
		return panics.Resume(p.err)
	default:
	}
	select {
	case <-p.done:
		return panics.Resume(p.err)
	case <-ctx.Done():
		return fmt.Errorf("auth: %s: %s: %w", did, what, context.Cause(ctx))
	}
}

// Renew renews the session even if that is not needed, or takes over a session that another process has renewed. Use
// it to find out whether the session is alive; calls renew the session automatically. Errors are as in [Client.Call].
// If ctx ends, Renew returns, but the renewal continues.
func (c *Client) Renew(ctx context.Context) error {
	session, err := c.current()
	if err != nil {
		return err
	}
	return c.renew(ctx, session.secrets().access, false)
}

var errDoubtful = errors.New("too many ambiguous authentication failures; renewal suspended")

// renew makes sure that the session has another access token than the refused one. Concurrent callers share one
// renewal, which continues if their contexts end. The argument doubtful says that the server did not state clearly that
// the token has expired; if there were many such cases recently, renew returns errDoubtful and does not renew.
func (c *Client) renew(ctx context.Context, refused string, doubtful bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	c.mu.Lock()
	if c.session.secrets().access != refused {
		c.mu.Unlock()
		return nil
	}
	p := c.renewal
	if p == nil && doubtful && !c.doubts.Allow() {
		c.mu.Unlock()
		return errDoubtful
	}
	if p == nil {
		p = &pending{done: make(chan struct{})}
		c.renewal = p
		detached := context.WithoutCancel(ctx)
		go func() {
			ctx, cancel := context.WithTimeout(detached, renewTimeout)
			defer cancel()
			var session *Session
			err := panics.Catch(func() (err error) {
				session, err = c.renewed(ctx, refused)
				return err
			})
			c.mu.Lock()
			defer c.mu.Unlock()
			if session != nil && !c.loggedOut {
				if problem := c.use(session); problem != nil {
					err = errors.Join(err, problem)
				}
			}
			c.renewal, p.err = nil, err
			close(p.done)
		}()
	}
	c.mu.Unlock()
	return p.wait(ctx, "renewal", c.did)
}

// renewed returns the session that replaces the one whose access token was refused. It may return a session together
// with an error.
func (c *Client) renewed(ctx context.Context, refused string) (*Session, error) {
	var stored, next *Session
	err := c.store.Update(ctx, c.did, func(ctx context.Context, s *Session) (_ *Session, err error) {
		if s == nil || s.secret == nil {
			return nil, fmt.Errorf("%w: it was logged out", ErrNoSession)
		}
		stored = s
		if c.renewedElsewhere(s, refused) {
			next = s
			return s, nil
		}
		if s.secrets().access != refused { // our session is newer, but could not be saved
			ours := c.Session()
			s = &ours
		}
		next, err = c.exchange(ctx, s)
		return next, err
	})
	switch {
	case err == nil:
		c.saved("")
		return next, nil
	case next != nil:
		c.saved(stored.secrets().access)
		return next, fmt.Errorf("auth: %s: %w: %w", c.did, ErrNotSaved, err)
	}
	// A process that does not respect the lock may have renewed the session before.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rereadTimeout)
	defer cancel()
	again, problem := c.store.Load(ctx, c.did)
	if problem == nil && again.secret != nil && c.renewedElsewhere(again, refused) {
		return again, nil
	}
	return nil, fmt.Errorf("auth: %s: %w: %w", c.did, ErrRenewalFailed, err)
}

// renewedElsewhere reports whether a stored session was renewed by another process: it is neither the refused session
// nor an earlier one.
func (c *Client) renewedElsewhere(s *Session, refused string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return s.secrets().access != refused && s.secrets().access != c.replaced
}

// saved records which access token the store has instead of the session's, "" if it has the session's.
func (c *Client) saved(replaced string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replaced = replaced
}

// exchange exchanges the refresh token of s for a new session. If the server has ended the session, and the client has
// the password, exchange logs in again.
func (c *Client) exchange(ctx context.Context, s *Session) (*Session, error) {
	c.mu.Lock()
	issuer, password, over, since := c.issuer, c.password, c.over, time.Since(c.overAt)
	c.mu.Unlock()
	if over != nil && since < overFor {
		return nil, over
	}
	if issuer.Service() != s.issuer() {
		var err error
		if issuer, err = c.service(s.issuer()); err != nil {
			return nil, err
		}
	}
	g, err := refresh(ctx, issuer, s.secrets().refresh)
	if sessionOver(err) {
		over := fmt.Errorf("%w: %w", ErrSessionOver, err)
		if password == nil || errors.Is(err, ErrAccountTakedown) {
			err = over
		} else if g, problem := create(ctx, issuer, string(c.did), *password, ""); problem == nil {
			return c.granted(g, issuer, s)
		} else if verdict.Of(problem) != verdict.Unknown {
			err = fmt.Errorf("%w; logging in again: %w", over, problem)
		} else {
			err = fmt.Errorf("%w; logging in again, which may succeed later: %w", err, problem)
		}
	}
	if err != nil {
		c.noteOver(err)
		return nil, err
	}
	return c.granted(g, issuer, s)
}

// granted returns the session that replaces s: the one that issuer granted in its answer g.
func (c *Client) granted(g *granted, issuer *xrpc.Client, s *Session) (*Session, error) {
	if g.DID != c.did {
		return nil, fmt.Errorf("%w: %s", ErrAccount, g.DID)
	}
	// A server that renews its own tokens has the account's data. If the document names another server, the account
	// has left or is about to arrive: see CheckPDS.
	follow := s.issuer() != s.PDS
	return g.session(issuer, s.PDS, s.secrets().named, s.secrets().password, follow, c.options), nil
}

// noteOver records that the session is over, so that not every call asks the server again, and whether the server
// refused the kept password.
func (c *Client) noteOver(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if errors.Is(err, ErrSessionOver) {
		c.over, c.overAt = err, time.Now()
	}
	if errors.Is(err, ErrPassword) || errors.Is(err, ErrAuthFactorTokenRequired) {
		c.password = nil
	}
}

// Logout ends the session at the server and removes it from the store. If the server cannot be reached, the session
// is still removed from the store, the error says so, and at the server the session stays valid until it expires.
// After Logout, this client and the account's other clients that use the store can make no more calls. If ctx ends,
// Logout returns, but the work continues.
func (c *Client) Logout(ctx context.Context) error {
	p := &pending{done: make(chan struct{})}
	detached := context.WithoutCancel(ctx)
	go func() {
		defer close(p.done)
		ctx, cancel := context.WithTimeout(detached, renewTimeout)
		defer cancel()
		p.err = panics.Catch(func() error { return c.logout(ctx) })
	}()
	return p.wait(ctx, "logout", c.did)
}

func (c *Client) logout(ctx context.Context) error {
	var unheard error
	err := c.store.Update(ctx, c.did, func(ctx context.Context, s *Session) (*Session, error) {
		if ours, err := c.current(); s == nil && err == nil {
			s = ours
		}
		c.mu.Lock()
		c.loggedOut, c.password = true, nil
		c.mu.Unlock()
		if s == nil || s.secret == nil {
			return nil, nil
		}
		issuer, err := c.service(s.issuer())
		if err == nil {
			err = remove(ctx, issuer, s.secrets().refresh)
		}
		unheard = err
		return nil, nil
	})
	if err != nil {
		return fmt.Errorf("auth: logging out %s: %w", c.did, err)
	}
	if err := c.unsetCurrent(ctx); err != nil {
		return fmt.Errorf("auth: logging out %s: %w", c.did, err)
	}
	if unheard != nil {
		return fmt.Errorf("auth: %s was logged out here, but the server did not confirm it, and the session may still be valid there: %w", c.did, unheard)
	}
	return nil
}

// unsetCurrent unsets the current account if it is this one.
func (c *Client) unsetCurrent(ctx context.Context) error {
	current, err := c.store.Current(ctx)
	if err == nil && current == c.did {
		err = c.store.SetCurrent(ctx, "")
	}
	return err
}

var (
	_ rpc.Caller      = (*Client)(nil)
	_ xrpc.Authorizer = authorizer{}
)
