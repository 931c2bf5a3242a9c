package reference

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"testing"
	"time"
)

// The scopes of the PDS's tokens.
const (
	ScopeAccess      = "com.atproto.access"    // a session of the account's password
	ScopeAppPass     = "com.atproto.appPass"   // a session of an app password
	ScopeRefresh     = "com.atproto.refresh"   // a refresh token
	ScopeTakendown   = "com.atproto.takendown" // a session of an account that is taken down
	lifetimeAccess   = 2 * time.Hour           // as the PDS has it
	lifetimeRefresh  = 90 * 24 * time.Hour     // as the PDS has it
	accessTokenType  = "at+jwt"
	refreshTokenType = "refresh+jwt"
)

// Claims are the content of a token. The zero value is an access token like those of the PDS.
type Claims struct {
	Scope    string    // "": ScopeAccess
	IssuedAt time.Time // zero: now
	Expires  time.Time // zero: two hours after IssuedAt, 90 days for ScopeRefresh
	ID       string    // jti, of refresh tokens; "": random. The PDS refuses one that it did not store
	Secret   string    // "": the PDS's
}

// Token mints a token for the account, of the same form and with the same signature as the PDS's own (HS256).
func (a *Account) Token(t testing.TB, c Claims) string {
	t.Helper()
	if c.Scope == "" {
		c.Scope = ScopeAccess
	}
	if c.IssuedAt.IsZero() {
		c.IssuedAt = time.Now()
	}
	if c.Secret == "" {
		c.Secret = a.Servers.JWTSecret
	}
	typ, lifetime := accessTokenType, lifetimeAccess
	if c.Scope == ScopeRefresh {
		typ, lifetime = refreshTokenType, lifetimeRefresh
		if c.ID == "" {
			c.ID = rand.Text()
		}
	}
	if c.Expires.IsZero() {
		c.Expires = c.IssuedAt.Add(lifetime)
	}
	payload := map[string]any{
		"scope": c.Scope,
		"aud":   a.Servers.ServiceDID,
		"sub":   a.DID,
		"iat":   c.IssuedAt.Unix(),
		"exp":   c.Expires.Unix(),
	}
	if c.ID != "" {
		payload["jti"] = c.ID
	}
	signed := segment(t, map[string]string{"typ": typ, "alg": "HS256"}) + "." + segment(t, payload)
	mac := hmac.New(sha256.New, []byte(c.Secret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// ExpiredAccess mints an access token that ended an hour ago.
func (a *Account) ExpiredAccess(t testing.TB) string {
	t.Helper()
	return a.Token(t, Claims{IssuedAt: time.Now().Add(-lifetimeAccess - time.Hour)})
}

// ExpiredRefresh mints a refresh token that ended an hour ago.
func (a *Account) ExpiredRefresh(t testing.TB) string {
	t.Helper()
	return a.Token(t, Claims{Scope: ScopeRefresh, IssuedAt: time.Now().Add(-lifetimeRefresh - time.Hour)})
}

func segment(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(data)
}
