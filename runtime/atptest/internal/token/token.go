// Package token makes and checks the tokens of sessions: JWTs that are signed with a secret (HS256).
package token

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The scopes of tokens.
const (
	Access    = "com.atproto.access"
	AppPass   = "com.atproto.appPass"
	Refresh   = "com.atproto.refresh"
	Takendown = "com.atproto.takendown"
)

// Claims are the claims of a token.
type Claims struct {
	Scope string     `json:"scope"`
	Aud   string     `json:"aud"`
	Sub   syntax.DID `json:"sub"`
	Iat   int64      `json:"iat"`
	Exp   int64      `json:"exp"`
	ID    string     `json:"jti,omitempty"`
}

// Sign returns a token with the claims c. typ is the type in its header, such as "at+jwt".
func Sign(secret []byte, typ string, c Claims) string {
	head, _ := json.Marshal(map[string]string{"typ": typ, "alg": "HS256"})
	body, _ := json.Marshal(c)
	text := base64.RawURLEncoding.EncodeToString(head) + "." + base64.RawURLEncoding.EncodeToString(body)
	return text + "." + base64.RawURLEncoding.EncodeToString(mac(secret, text))
}

func mac(secret []byte, text string) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// Parse returns the claims of a token, and whether it was signed with secret. It does not compare times.
func Parse(secret []byte, text string) (c Claims, ok bool) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return c, false
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	body, bodyErr := base64.RawURLEncoding.DecodeString(parts[1])
	ok = err == nil && bodyErr == nil && hmac.Equal(signature, mac(secret, parts[0]+"."+parts[1])) && json.Unmarshal(body, &c) == nil
	return c, ok
}
