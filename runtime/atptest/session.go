package atptest

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest/internal/signup"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/store"
	"github.com/layers-pub/layers-go/runtime/atptest/internal/token"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpcserver"
)

// session is a refresh token that the server knows.
type session struct {
	account *Account
	scope   string // of its access tokens
	expires time.Time
	next    string // ID of the token that replaced it
}

// tokens returns a new access token and a refresh token with the given ID for a session. The network must be locked.
func (p *PDS) tokens(s *session, id string) (access, refresh string) {
	now := p.network.now()
	access = token.Sign(p.secret, "at+jwt", token.Claims{
		Scope: s.scope, Aud: p.did(), Sub: s.account.DID, Iat: now.Unix(), Exp: now.Add(p.network.options.access).Unix(),
	})
	refresh = token.Sign(p.secret, "refresh+jwt", token.Claims{Scope: token.Refresh, Aud: p.did(), Sub: s.account.DID, Iat: now.Unix(), Exp: s.expires.Unix(), ID: id})
	return access, refresh
}

// newSession makes a session and returns its tokens. The network must be locked.
func (p *PDS) newSession(a *Account, scope string) (access, refresh string) {
	id := rand.Text()
	s := &session{account: a, scope: scope, expires: p.network.now().Add(p.network.options.refresh)}
	p.sessions[id] = s
	return p.tokens(s, id)
}

// NewSession begins a session of the account, without HTTP, and returns its tokens.
func (a *Account) NewSession() (access, refresh string) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return a.pds.newSession(a, token.Access)
}

// NewAppPassword gives the account a new app password, such as "abcd-efgh-ijkl-mnop", and returns it.
func (a *Account) NewAppPassword() string {
	t := strings.ToLower(rand.Text())
	password := t[:4] + "-" + t[4:8] + "-" + t[8:12] + "-" + t[12:16]
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.appPasswords[password] = true
	return password
}

// EndSessions revokes all refresh tokens of the account. Access tokens stay valid until they expire, as on the reference PDS.
func (a *Account) EndSessions() {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.endSessions()
}

func (a *Account) endSessions() {
	for id, s := range a.pds.sessions {
		if s.account == a {
			delete(a.pds.sessions, id)
		}
	}
}

// authorize returns the claims of the token of a request, or an error if the token is invalid, has expired without
// allowExpired, or has none of the scopes. The network must be locked.
func (p *PDS) authorize(r *http.Request, allowExpired bool, scopes ...string) (token.Claims, error) {
	header := r.Header.Get("Authorization")
	kind, text, _ := strings.Cut(header, " ")
	switch {
	case header == "":
		return token.Claims{}, store.Refuse(http.StatusUnauthorized, "AuthMissing", "Authentication Required")
	case !strings.EqualFold(kind, "Bearer"):
		return token.Claims{}, store.Refuse(http.StatusBadRequest, "InvalidToken", "Unexpected authorization type")
	}
	c, ok := token.Parse(p.secret, text)
	if !ok {
		return c, store.Refuse(http.StatusBadRequest, "InvalidToken", "Token could not be verified")
	}
	if !allowExpired && p.network.now().Unix() >= c.Exp {
		return c, store.Refuse(http.StatusBadRequest, "ExpiredToken", "Token has expired")
	}
	for _, scope := range scopes {
		if c.Scope == scope {
			return c, nil
		}
	}
	return c, store.Refuse(http.StatusBadRequest, "InvalidToken", "Bad token scope")
}

// access returns the claims of the access token of a call, or an error if it is invalid. The network must be locked.
func (p *PDS) access(ctx context.Context) (token.Claims, error) {
	return p.authorize(xrpcserver.Request(ctx), false, token.Access, token.AppPass)
}

// ServerCreateSession begins a session with a password.
func (h *pdsMethods) ServerCreateSession(ctx context.Context, input *atproto.ServerCreateSessionInput) (*atproto.ServerCreateSessionOutput, error) {
	p := h.pds
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	wrong := store.Refuse(http.StatusUnauthorized, "AuthenticationRequired", "Invalid identifier or password")
	a := p.find(syntax.AtIdentifier(input.Identifier))
	for _, other := range p.network.order {
		if a == nil && other.Email == strings.ToLower(input.Identifier) && p.has(other) {
			a = other
		}
	}
	if a == nil {
		return nil, wrong
	}
	down := a.status == Takendown || a.status == Suspended
	scope := token.Access
	if input.Password != a.Password {
		if down || !a.appPasswords[input.Password] {
			return nil, wrong
		}
		scope = token.AppPass
	}
	if down {
		if !input.AllowTakendown.Or(false) {
			return nil, store.Refuse(http.StatusUnauthorized, "AccountTakedown", "Account has been taken down")
		}
		scope = token.Takendown
	}
	out := &atproto.ServerCreateSessionOutput{
		DID: a.DID, Handle: a.handle, DIDDoc: lex.Raw{Data: a.document, Encoding: lex.JSON},
		Email: lex.Some(a.Email), EmailConfirmed: lex.Some(false), Active: lex.Some(p.active(a)),
	}
	if status := p.status(a); status != Active {
		out.Status = lex.Some(atproto.ServerCreateSessionOutputStatus(status))
	}
	out.AccessJWT, out.RefreshJWT = p.newSession(a, scope)
	return out, nil
}

// ServerRefreshSession returns new tokens for a session.
func (h *pdsMethods) ServerRefreshSession(ctx context.Context) (*atproto.ServerRefreshSessionOutput, error) {
	p := h.pds
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	c, err := p.authorize(xrpcserver.Request(ctx), false, token.Refresh)
	if err != nil {
		return nil, err
	}
	a := p.find(syntax.AtIdentifier(c.Sub))
	switch {
	case a == nil:
		return nil, store.Invalid("Could not find user info for account: %s", c.Sub)
	case a.status == Takendown || a.status == Suspended:
		return nil, store.Refuse(http.StatusUnauthorized, "AccountTakedown", "Account has been taken down")
	}
	now := p.network.now()
	s := p.sessions[c.ID]
	if s == nil || !now.Before(s.expires) {
		return nil, store.Refuse(http.StatusBadRequest, "ExpiredToken", "Token has been revoked")
	}
	if end := now.Add(p.network.options.grace); end.Before(s.expires) {
		s.expires = end
	}
	if s.next == "" { // using the same token again returns the same new one
		s.next = rand.Text()
	}
	if p.sessions[s.next] == nil {
		p.sessions[s.next] = &session{account: a, scope: s.scope, expires: now.Add(p.network.options.refresh)}
	}
	out := &atproto.ServerRefreshSessionOutput{
		DID: a.DID, Handle: a.handle, DIDDoc: lex.Raw{Data: a.document, Encoding: lex.JSON},
		Email: lex.Some(a.Email), EmailConfirmed: lex.Some(false), Active: lex.Some(p.active(a)),
	}
	if status := p.status(a); status != Active {
		out.Status = lex.Some(atproto.ServerRefreshSessionOutputStatus(status))
	}
	out.AccessJWT, out.RefreshJWT = p.tokens(p.sessions[s.next], s.next)
	return out, nil
}

// ServerGetSession returns the account of a session.
func (h *pdsMethods) ServerGetSession(ctx context.Context) (*atproto.ServerGetSessionOutput, error) {
	p := h.pds
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	c, err := p.access(ctx)
	if err != nil {
		return nil, err
	}
	a := p.find(syntax.AtIdentifier(c.Sub))
	if a == nil || a.status == Takendown || a.status == Suspended {
		return nil, store.Invalid("Could not find user info for account: %s", c.Sub)
	}
	out := &atproto.ServerGetSessionOutput{
		DID: a.DID, Handle: a.handle, DIDDoc: lex.Raw{Data: a.document, Encoding: lex.JSON},
		Email: lex.Some(a.Email), EmailConfirmed: lex.Some(false), Active: lex.Some(p.active(a)),
	}
	if status := p.status(a); status != Active {
		out.Status = lex.Some(atproto.ServerGetSessionOutputStatus(status))
	}
	return out, nil
}

// ServerDeleteSession ends a session.
func (h *pdsMethods) ServerDeleteSession(ctx context.Context) error {
	p := h.pds
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	c, err := p.authorize(xrpcserver.Request(ctx), true, token.Refresh)
	if err != nil {
		return err
	}
	delete(p.sessions, c.ID)
	return nil
}

// ServerDescribeServer returns what the server requires of new accounts.
func (h *pdsMethods) ServerDescribeServer(context.Context) (*atproto.ServerDescribeServerOutput, error) {
	return &atproto.ServerDescribeServerOutput{
		DID: syntax.DID(h.pds.did()), AvailableUserDomains: []string{signup.Domain}, InviteCodeRequired: lex.Some(false),
		Links: new(atproto.ServerDescribeServerLinks), Contact: new(atproto.ServerDescribeServerContact),
	}, nil
}
