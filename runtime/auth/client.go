package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Client makes authenticated calls as an account to its PDS. It is a [rpc.Caller], so generated clients and other
// packages of this module can use it. It is safe for concurrent use.
//
// It sends the access token with each call, and renews the token when the server does not accept it any more or when
// it is about to expire. Concurrent calls that need a renewal share one. The new session is stored before any of them
// continues, and the renewal continues if the context of a call ends. A call that was refused is sent once more after
// the renewal; if its body is a stream that is not an [io.Seeker], and some of it has been read, the error wraps
// xrpc.ErrBody instead.
type Client struct {
	did     syntax.DID
	store   Store
	options []xrpc.Option // of the clients pds and issuer, without the authorizer
	// directory returns the directory that looks up the account. It is nil if the account's PDS is not checked.
	directory func() (*identity.Directory, error)
	// doubts limits the rate of renewals after ambiguous refusals, which may or may not mean that the token has
	// expired. A method that app passwords must not call is refused in that way every time, and must not cause a
	// renewal every time.
	doubts *rate.Limiter

	mu        sync.Mutex
	session   Session
	pds       *xrpc.Client
	issuer    *xrpc.Client // of the server that renews the tokens; it may be pds
	password  *string      // kept to log in again; nil: not kept
	loggedOut bool
	renewal   *pending  // the renewal in progress
	replaced  string    // the access token that is still in the store because ours could not be saved
	over      error     // why the session is over; nil: it is not known to be over
	overAt    time.Time // when the server said so
	checked   string    // the access token with which CheckPDS last succeeded
	recheckAt time.Time // when to check that again; zero: not until the access token changes
	known     string    // the PDS that the account's document named at the last look-up
}

// Client.doubts allows doubtsAtOnce renewals at once, and one more every doubtsEvery.
const (
	doubtsAtOnce = 10
	doubtsEvery  = time.Minute
)

// newClient returns a client without a session.
func newClient(o *options, did syntax.DID) *Client {
	c := &Client{
		did:     did,
		store:   o.store,
		options: slices.Clip(o.xrpc),
		doubts:  rate.NewLimiter(rate.Every(doubtsEvery), doubtsAtOnce),
	}
	if c.store == nil {
		c.store = NewMemoryStore()
	}
	if !o.anyPDS {
		c.directory = sync.OnceValues((&options{network: o.network, directory: o.directory}).lookups) // a copy of o without secrets
	}
	return c
}

// service returns a client of a server, which adds the tokens of c to requests.
func (c *Client) service(origin string) (*xrpc.Client, error) {
	return xrpc.New(origin, append(c.options, xrpc.WithAuthorizer(authorizer{c}))...)
}

// use makes s the session of c. The caller must hold c.mu, unless c is not shared yet.
func (c *Client) use(s *Session) error {
	if s.DID != c.did {
		return fmt.Errorf("%w: %s", ErrAccount, s.DID)
	}
	if s.secret == nil {
		return fmt.Errorf("%w: it has no tokens", ErrNoSession)
	}
	pds, issuer := c.pds, c.issuer
	var err error
	if pds == nil || pds.Service() != s.PDS {
		if pds, err = c.service(s.PDS); err != nil {
			return err
		}
	}
	switch {
	case s.issuer() == s.PDS:
		issuer = pds
	case issuer == nil || issuer.Service() != s.issuer():
		if issuer, err = c.service(s.issuer()); err != nil {
			return err
		}
	}
	c.session, c.pds, c.issuer, c.over = *s, pds, issuer, nil
	if stored := s.secrets().password; stored != "" {
		c.password = &stored
	}
	return nil
}

// DID returns the DID of the account.
func (c *Client) DID() syntax.DID { return c.did }

// Announce calls the function that was set by xrpc.WithPauses, if that was among the options of [WithXRPC]: see
// [xrpc.Client.Announce].
func (c *Client) Announce(p xrpc.Pause) {
	c.mu.Lock()
	pds := c.pds
	c.mu.Unlock()
	pds.Announce(p)
}

// Session returns the current session. A renewal may replace its tokens at any time.
func (c *Client) Session() Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// Call makes a call to the account's PDS, see [rpc.Caller] and package xrpc. In addition, the error wraps
// [ErrRenewalFailed] if the server refused the token and it could not be renewed, and [ErrNoSession] if the account
// was logged out. An error never contains a token, even if the server's answer did.
func (c *Client) Call(ctx context.Context, request *rpc.Request, response *rpc.Response) error {
	c.mu.Lock()
	pds, before := c.pds, c.session
	c.mu.Unlock()
	err := pds.Call(ctx, request, response)
	if err == nil {
		return nil
	}
	after := c.Session()
	r := redactor{secrets: make([]string, 4)}
	r.secrets[0], r.secrets[1] = before.Tokens()
	r.secrets[2], r.secrets[3] = after.Tokens()
	return r.clean(err)
}

// String returns the account and its PDS, without the tokens.
func (c *Client) String() string { return c.Session().String() }

// Format prints what String returns, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// LogValue returns a group of the account and its PDS.
func (c *Client) LogValue() slog.Value { return c.Session().LogValue() }

// authorizer is the xrpc.Authorizer of a Client.
type authorizer struct{ c *Client }

const bearerPrefix = "Bearer "

// Authorize adds the access token to a request. It renews the token first if that is due, and checks the account's PDS
// if the request writes records.
func (a authorizer) Authorize(ctx context.Context, req *http.Request) error {
	if special, ok := ctx.Value(credentialsKey{}).(*credentials); ok {
		if special.bearer != "" {
			req.Header.Set("Authorization", bearerPrefix+special.bearer)
		}
		return nil
	}
	session, err := a.c.current()
	if err != nil {
		return err
	}
	if session.due() {
		// If the renewal fails, the token may still be valid, since the clock may be wrong: the server decides.
		err := a.c.renew(ctx, session.secrets().access, false)
		if err != nil && (ctx.Err() != nil || errors.Is(err, ErrNotSaved)) {
			return err
		}
		if session, err = a.c.current(); err != nil {
			return err
		}
	}
	if writesRecords(req) {
		if err := a.c.CheckPDS(ctx); err != nil {
			return err
		}
	}
	req.Header.Set("Authorization", bearerPrefix+session.secrets().access)
	return nil
}

// Refused renews the session after the server refused a request, if that may help, and reports whether to send the
// request again.
func (a authorizer) Refused(ctx context.Context, req *http.Request, answer *xrpc.Error) (again bool, err error) {
	if ctx.Value(credentialsKey{}) != nil {
		return false, nil
	}
	refused := strings.TrimPrefix(req.Header.Get("Authorization"), bearerPrefix)
	if _, err := a.c.current(); err != nil {
		return false, err
	}
	switch err := a.c.renew(ctx, refused, answer.Name != "ExpiredToken"); err {
	case nil:
		return true, nil
	case errDoubtful:
		return false, nil
	default:
		return false, err
	}
}

func (c *Client) current() (*Session, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loggedOut {
		return nil, fmt.Errorf("auth: %s was logged out: %w", c.did, ErrNoSession)
	}
	s := c.session
	return &s, nil
}
