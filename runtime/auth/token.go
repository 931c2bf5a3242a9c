package auth

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"time"
)

// maxMargin is how long before its end a token is renewed, at most.
const maxMargin = 10 * time.Second

// renewAt returns when an access token that was received at the given time should be renewed: a little
// before its end. The zero time is never: a token is opaque but for the servers' habit of making it a JWT,
// and what it says is only ever taken as a hint.
//
// A clock that is wrong would see every new token as expired. So the end is reckoned from when the token
// was received and for how long it was issued, if both are known.
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

// claims are what is read of a JWT, whose signature only the server can check.
type claims struct {
	Iat, Exp float64
	Aud      any // a string, or several
}

// parseClaims returns no claims if token is not a JWT.
func parseClaims(token string) (c claims) {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, found := strings.Cut(rest, ".")
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if !found || err != nil || json.Unmarshal(data, &c) != nil {
		return claims{}
	}
	return c
}

// claimedTime returns a time of a claim, zero if there is none that makes sense.
func claimedTime(seconds float64) time.Time {
	const latest = 1 << 36 // year 4147
	if seconds <= 0 || seconds > latest {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// isFor reports whether a token says that it is for the service at an origin: by its DID, did:web with the host.
func isFor(token, origin string) bool {
	audience, _ := parseClaims(token).Aud.(string)
	host, isWeb := strings.CutPrefix(audience, "did:web:")
	host, _, _ = strings.Cut(host, "%3A")
	u, err := url.Parse(origin)
	return err == nil && isWeb && strings.EqualFold(host, u.Hostname())
}
