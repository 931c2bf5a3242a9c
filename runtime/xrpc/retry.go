package xrpc

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/internal/pause"
)

// Retry says how often and how soon a failed call is repeated. A field that is zero stands for its default.
type Retry struct {
	// Attempts is how often a call is sent at most, the first time included; 1 means no repetition. A request that is
	// repeated because credentials were renewed does not count.
	Attempts int
	// Base and Max limit the pause before a call is repeated. The limit is Base after the first attempt and doubles
	// after each further one, up to Max. The pause is a random time from zero to the limit. If the server asks for a
	// pause, it is added to that.
	Base, Max time.Duration
}

// repeatable reports whether sending a call again after err may help and cannot harm.
func (x *exchange) repeatable(err error) bool {
	harmless := !x.call.Procedure || x.call.Repeatable
	switch e := err.(type) {
	case *Error:
		switch e.Status {
		case http.StatusTooManyRequests:
			// The page of a proxy does not say whether the server has seen the request.
			return harmless || e.Name != ""
		case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout,
			520, 521, 522, 523, 524: // sent by a proxy whose server fails, is down or takes too long
			return harmless
		}
	case *TransportError:
		return e.passing && (harmless || !x.sent())
	}
	return false
}

// backOff waits before the call is sent again after err.
func (x *exchange) backOff(err error) error {
	wait, reason := pause.Backoff{Base: x.c.retry.Base, Max: x.c.retry.Max}.After(x.failures), ReasonRetry
	var asked time.Duration
	if answer, ok := err.(*Error); ok {
		if asked, _ = answer.RetryAfter(serverTime(answer.Header)); asked > 0 {
			reason = ReasonServer
		}
	}
	return x.pause(wait+asked, asked, reason, err)
}

// serverTime returns the time of the answer by the server's clock, so that the dates that it sends can be understood
// even if the two clocks differ.
func serverTime(h http.Header) time.Time {
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		return date
	}
	return time.Now()
}

// passing reports whether err, because of which there was no answer, may be temporary.
func passing(err error) bool {
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	switch {
	case errors.Is(err, guard.ErrPrivate), errors.Is(err, ErrRedirect), errors.Is(err, ErrInflation),
		errors.As(err, &certificate):
		return false
	case errors.As(err, &dns):
		return !dns.IsNotFound
	}
	return true
}
