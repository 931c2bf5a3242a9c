package xrpc

import (
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/pause"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Reason says why a call pauses.
type Reason uint8

const (
	// ReasonServer means that the server asked for the pause, by Retry-After or its RateLimit headers.
	ReasonServer Reason = iota + 1
	// ReasonRetry means that the call failed and is repeated after a short random pause, see [Retry].
	ReasonRetry
	// ReasonPace means that the client limits its own rate of calls, see [WithPace].
	ReasonPace
	// ReasonPoints means that the account has spent the write points that the server grants it; package write pauses
	// for this reason, see [Client.Announce].
	ReasonPoints
)

// String returns what the pause is for, such as "the server's rate limit".
func (r Reason) String() string {
	switch r {
	case ReasonServer:
		return "the server's rate limit"
	case ReasonRetry:
		return "the next attempt"
	case ReasonPace:
		return "the client's own pace"
	case ReasonPoints:
		return "the account's write points"
	}
	return fmt.Sprintf("reason %d", uint8(r))
}

// Pause is a wait of a call before it sends its next request.
type Pause struct {
	// NSID is the method that is called, Service the origin of the service.
	NSID    syntax.NSID
	Service string
	// Reason says why the call waits.
	Reason Reason
	// Wait is the length of the pause, and Until is the time at which it ends.
	Wait  time.Duration
	Until time.Time
	// Attempt is the number of the attempt after the pause, from 1, and Attempts is the largest number of attempts.
	Attempt, Attempts int
	// Err is the failure because of which the call is repeated, nil before the first attempt. In pauses of this
	// package it is a [*TransportError], or an [*Error] that has only the method, the service and the status, since
	// the rest may repeat what was sent.
	Err error
}

// ErrWait says that a server asked for a longer pause than [WithMaxWait] allows. The error is a [*WaitError].
var ErrWait = errors.New("longer than the maximum accepted pause")

// WaitError says that a call failed because it would have had to pause for too long. The request after the pause was
// not sent. If an answer was the reason for the pause, the call's error wraps that [*Error], too.
type WaitError struct {
	// Pause is the pause that was too long: Until says when the call may be made again.
	Pause Pause
	// Err wraps [ErrWait], or context.DeadlineExceeded if the context would end during the pause.
	Err error
}

// Error returns a text with the reason for the pause, its length and its end.
func (e *WaitError) Error() string {
	return fmt.Sprintf("waiting for %s takes %v, until %s: %v",
		e.Pause.Reason, e.Pause.Wait.Round(time.Millisecond), e.Pause.Until.UTC().Format(time.RFC3339), e.Err)
}

// Unwrap returns e.Err.
func (e *WaitError) Unwrap() error { return e.Err }

// minOwnPause is the shortest pause for ReasonPace or ReasonPoints that is announced. Shorter ones are too frequent: a
// client that has reached its pace waits a little before every call.
const minOwnPause = time.Second

// Announce calls the function of [WithPauses], if there is one, for a pause that begins now. It is for packages that
// pace or repeat calls on top of the client, such as write, so that one function gets all pauses. If p.Service
// is empty, it is set to the service of c. Pauses of less than a second for [ReasonPace] or [ReasonPoints] are not
// announced.
func (c *Client) Announce(p Pause) {
	if c.pauses == nil || p.Wait < minOwnPause && (p.Reason == ReasonPace || p.Reason == ReasonPoints) {
		return
	}
	if p.Service == "" {
		p.Service = c.service
	}
	c.pauses(p)
}

// pause announces a pause of length wait and sleeps for it. asked is the part of wait that the server asked for. If
// asked is longer than the limit of WithMaxWait, or ctx would end during the pause, pause returns a WaitError at once.
func (x *exchange) pause(wait, asked time.Duration, reason Reason, failure error) error {
	if wait <= 0 {
		return pause.Ended(x.ctx)
	}
	p := Pause{
		NSID: x.call.NSID, Service: x.c.service, Reason: reason, Wait: wait, Until: time.Now().Add(wait),
		Attempt: x.failures + 1, Attempts: x.c.retry.Attempts, Err: withoutWords(failure),
	}
	if asked > x.c.maxWait {
		return &WaitError{p, fmt.Errorf("%w, %v", ErrWait, x.c.maxWait)}
	}
	err := pause.Wait(x.ctx, p.Until, func() { x.c.Announce(p) })
	switch {
	case errors.Is(err, pause.ErrDeadline):
		return &WaitError{p, err}
	case errors.Is(err, pause.ErrInterrupted):
		return fmt.Errorf("waiting for %s: %w", reason, err)
	}
	return err
}

// withoutWords returns err without the text that the server sent.
func withoutWords(err error) error {
	answer, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	return &Error{NSID: answer.NSID, Service: answer.Service, Status: answer.Status}
}
