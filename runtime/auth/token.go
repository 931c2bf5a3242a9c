package auth

import (
	"encoding/base64"
	"encoding/json"
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
	issued, expires, ok := lifetime(token)
	if !ok {
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

// lifetime reads iat and exp of a JWT, whose signature only the server can check. issued is zero when iat
// is missing; ok is false when exp is.
func lifetime(token string) (issued, expires time.Time, ok bool) {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, found := strings.Cut(rest, ".")
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if !found || err != nil {
		return issued, expires, false
	}
	var claims struct{ Iat, Exp float64 }
	if json.Unmarshal(data, &claims) != nil {
		return issued, expires, false
	}
	const latest = 1 << 36 // year 4147
	if claims.Exp <= 0 || claims.Exp > latest {
		return issued, expires, false
	}
	if claims.Iat > 0 && claims.Iat <= latest {
		issued = time.Unix(int64(claims.Iat), 0)
	}
	return issued, time.Unix(int64(claims.Exp), 0), true
}
