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

// The scopes, lifetimes and types of the PDS's tokens.
const (
	ScopeAccess      = "com.atproto.access"    // an access token of a session with the account's password
	ScopeAppPass     = "com.atproto.appPass"   // an access token of a session with an app password
	ScopeRefresh     = "com.atproto.refresh"   // a refresh token
	ScopeTakendown   = "com.atproto.takendown" // an access token of an account that is taken down
	lifetimeAccess   = 2 * time.Hour           // of the PDS's access tokens
	lifetimeRefresh  = 90 * 24 * time.Hour     // of the PDS's refresh tokens
	accessTokenType  = "at+jwt"
	refreshTokenType = "refresh+jwt"
)

// Claims are the content of a token for [Account.Token]. The zero value is that of an access token like those of the PDS.
type Claims struct {
	Scope    string    // "" means ScopeAccess
	IssuedAt time.Time // the zero time means now
	Expires  time.Time // the zero time means 2 hours after IssuedAt, or 90 days for ScopeRefresh
	ID       string    // jti; "" means a random one for ScopeRefresh. The PDS refuses refresh tokens that it did not store
	Secret   string    // signs the token; "" means the secret of the PDS
}

// Token makes a token for the account with the claims c. It has the same form as the PDS's own tokens, and is signed in the
// same way (HS256).
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

// ExpiredAccess makes an access token that expired an hour ago.
func (a *Account) ExpiredAccess(t testing.TB) string {
	t.Helper()
	return a.Token(t, Claims{IssuedAt: time.Now().Add(-lifetimeAccess - time.Hour)})
}

// ExpiredRefresh makes a refresh token that expired an hour ago. The PDS has not stored it.
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
