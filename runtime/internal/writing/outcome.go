package writing

import (
	"errors"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Outcome says whether a procedure was carried out whose call has failed.
type Outcome int

// The outcomes of a call that has failed.
const (
	Refused  Outcome = iota // it was not carried out, and will not be
	Exists                  // it was not carried out: the record exists already
	Busy                    // it was not carried out: the server asks clients to wait
	Doubtful                // it is not known whether it was carried out
)

// OutcomeOf returns the outcome that err, the error of a call, means. passing reports whether sending the same call
// again may help. The outcome of an error of an unknown kind is Doubtful.
func OutcomeOf(err error) (_ Outcome, passing bool) {
	if errors.Is(err, xrpc.ErrNotSent) {
		return Refused, false
	}
	switch verdict.Of(err) {
	case verdict.Unknown:
		return Doubtful, mayPass(err)
	case verdict.Busy:
		return Busy, true
	case verdict.Exists:
		return Exists, false
	}
	return Refused, false
}

// mayPass reports whether the cause of a doubtful error may soon pass: a failing server, a proxy that answers in its
// place, a network failure.
func mayPass(err error) bool {
	for _, lasting := range []error{guard.ErrPrivate, xrpc.ErrTooLarge, xrpc.ErrRedirect} {
		if errors.Is(err, lasting) {
			return false
		}
	}
	var answer *xrpc.Error
	var transport *xrpc.TransportError
	if errors.As(err, &answer) {
		return answer.Status >= 400
	}
	return errors.As(err, &transport)
}
