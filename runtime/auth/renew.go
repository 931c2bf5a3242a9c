package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

const (
	// renewTimeout is how long a renewal may take, waiting for another process that renews included.
	renewTimeout = 90 * time.Second
	// rereadTimeout is for a last look into the store.
	rereadTimeout = 5 * time.Second
	// overFor is how long a session that the server called over is taken to be that without asking again.
	overFor = time.Minute
)

// pending is something under way that calls wait for.
type pending struct {
	done chan struct{}
	err  error // when done is closed
}

// wait waits for the end of p or of ctx.
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

// Renew renews the session, whether that is needed or not, or takes over one that another process has renewed. It
// is for those who need to know that the session is alive; calls renew it themselves. The error is as that of
// [Client.Call]. When ctx ends, Renew returns, but the renewal goes on.
func (c *Client) Renew(ctx context.Context) error {
	session, err := c.current()
	if err != nil {
		return err
	}
	return c.renew(ctx, session.secrets().access, false)
}

var errDoubtful = errors.New("too many renewals that nobody asked for in so many words")

// renew sees to it that the session has another access token than the one that was refused. Those who need
// that at the same time share one renewal, which none of them ends. If it is doubtful that a renewal helps, renew begins
// none, and returns errDoubtful, when there were many such lately.
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

// renewed returns the session that takes the place of the one whose access token was refused. It may return one
// together with an error.
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
		if s.secrets().access != refused { // ours is later, but could not be saved
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
	// A process that does not heed the lock may have been faster.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rereadTimeout)
	defer cancel()
	again, problem := c.store.Load(ctx, c.did)
	if problem == nil && again.secret != nil && c.renewedElsewhere(again, refused) {
		return again, nil
	}
	return nil, fmt.Errorf("auth: %s: %w: %w", c.did, ErrRenewalFailed, err)
}

// renewedElsewhere reports whether a stored session is another's work, and not the refused one or one before it.
func (c *Client) renewedElsewhere(s *Session, refused string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return s.secrets().access != refused && s.secrets().access != c.replaced
}

// saved notes which access token is in the store in place of the session's; "" if it is that.
func (c *Client) saved(replaced string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.replaced = replaced
}

// exchange hands the refresh token of s in for a new session.
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

// granted returns the session that takes the place of s.
func (c *Client) granted(g *granted, issuer *xrpc.Client, s *Session) (*Session, error) {
	if g.DID != c.did {
		return nil, fmt.Errorf("%w: %s", ErrAccount, g.DID)
	}
	// A server that renews its own tokens has the account's data. If the document names another, the account has left, or is
	// about to come: see CheckPDS.
	follow := s.issuer() != s.PDS
	return g.session(issuer, s.PDS, s.secrets().named, s.secrets().password, follow, c.options), nil
}

// noteOver remembers that the session is over, so that the server is not asked with every call, and that it does not
// take the kept password any more.
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

// Logout ends the session: at the server, and in the store, from which it is removed even if the server cannot
// be reached; then the error says so, and the session lives on there until it expires. The client, and every other one of
// the account that uses the store, can do nothing more. When ctx ends, Logout returns, but goes on.
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
		return fmt.Errorf("auth: %s was logged out here, but its server has not confirmed it, where the session may go on: %w", c.did, unheard)
	}
	return nil
}

// unsetCurrent leaves no current account if it was this one.
func (c *Client) unsetCurrent(ctx context.Context) error {
	current, err := c.store.Current(ctx)
	if err == nil && current == c.did {
		err = c.store.SetCurrent(ctx, "")
	}
	return err
}

var (
	_ lex.Caller      = (*Client)(nil)
	_ xrpc.Authorizer = authorizer{}
)
