package auth

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// maxMargin is the longest time before a token expires at which it is renewed.
const maxMargin = 10 * time.Second

// renewAt returns when an access token that was received at the given time should be renewed: a little before it
// expires. The zero time means never. A token is opaque in principle, although servers use JWTs, so its claims are only
// a hint.
//
// With a wrong clock, every new token might seem expired. So the expiry is computed from the time of receipt and the
// lifetime of the token, if both are known.
func renewAt(token string, received time.Time) time.Time {
	c := parseClaims(token)
	issued, expires := claimedTime(c.Iat), claimedTime(c.Exp)
	if expires.IsZero() {
		return time.Time{}
	}
	if issued.IsZero() {
		issued = received
	}
	margin := maxMargin
	if !issued.IsZero() {
		margin = min(margin, expires.Sub(issued)/10)
	}
	switch {
	case received.IsZero():
		return expires.Add(-max(margin, 0))
	case !issued.Before(expires):
		return time.Time{}
	}
	return received.Add(expires.Sub(issued) - margin)
}

// claims are those claims of a JWT that this package uses. They are not verified, since only the server can verify the
// signature.
type claims struct {
	Iat, Exp float64
	Aud      any // a string, or several
}

// parseClaims returns the claims of token, without verifying them, and no claims if token is not a JWT.
func parseClaims(token string) (c claims) {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, found := strings.Cut(rest, ".")
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if !found || err != nil || json.Unmarshal(data, &c) != nil {
		return claims{}
	}
	return c
}

// claimedTime returns the time in a claim, or the zero time if it is missing or out of range.
func claimedTime(seconds float64) time.Time {
	const latest = 1 << 36 // year 4147
	if seconds <= 0 || seconds > latest {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// isFor reports whether the claim aud of a token names the service at origin, as the did:web of its host.
func isFor(token, origin string) bool {
	audience, _ := parseClaims(token).Aud.(string)
	host, isWeb := strings.CutPrefix(audience, "did:web:")
	host, _, _ = strings.Cut(host, "%3A")
	u, err := url.Parse(origin)
	return err == nil && isWeb && strings.EqualFold(host, u.Hostname())
}
