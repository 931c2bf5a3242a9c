package xrpc

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Reason says why a call pauses.
type Reason uint8

const (
	// ReasonServer: the server asked for the pause, by Retry-After or its RateLimit headers.
	ReasonServer Reason = iota + 1
	// ReasonRetry: the call failed and is repeated after a short random pause, see [Retry].
	ReasonRetry
	// ReasonPace: the client slows itself down, see [WithPace].
	ReasonPace
	// ReasonPoints: the account is to have no more write points than the server grants it; see
	// [Client.Announce].
	ReasonPoints
)

// String returns what the call waits for, such as "the server's rate limit".
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

// Pause is a time for which a call waits before it sends its next request.
type Pause struct {
	// NSID is the method that is called, Service the origin of the service.
	NSID    syntax.NSID
	Service string
	// Reason says why the call waits.
	Reason Reason
	// Wait is how long the pause takes, Until when it ends.
	Wait  time.Duration
	Until time.Time
	// Attempt is the number of the attempt after the pause, from 1, and Attempts is how many there are at
	// most.
	Attempt, Attempts int
	// Err is the failure after which the call is repeated, nil before the first attempt. From this package it is
	// a [*TransportError], or an [*Error] without the server's words, which may repeat what it was sent.
	Err error
}

// ErrWait says that a server asked for a longer pause than [WithMaxWait] allows. The error is a [*WaitError].
var ErrWait = errors.New("longer than the longest accepted pause")

// WaitError says that a call did not begin a pause, because the pause would be too long. The request that
// the pause comes before was not sent. If the pause was to follow an answer, that [*Error] is in the chain
// of the call's error, too.
type WaitError struct {
	// Pause is the pause that was not begun: Until says when the call may be made again.
	Pause Pause
	// Err wraps [ErrWait], or context.DeadlineExceeded if the context would end during the pause.
	Err error
}

// Error returns a text that has the reason of the pause, its length, and its end.
func (e *WaitError) Error() string {
	return fmt.Sprintf("waiting for %s takes %v, until %s: %v",
		e.Pause.Reason, e.Pause.Wait.Round(time.Millisecond), e.Pause.Until.UTC().Format(time.RFC3339), e.Err)
}

// Unwrap returns e.Err.
func (e *WaitError) Unwrap() error { return e.Err }

// minOwnPause is the shortest pause of our own pace that is announced: calls that follow each other at that
// pace wait a little each time.
const minOwnPause = time.Second

// Announce calls the hook of [WithPauses], if there is one, about a pause that begins now. It is for what paces
// or repeats calls above the client, such as package write, so that all pauses have one hook. If p.Service is
// empty it becomes that of c. As the client's own pace, [ReasonPoints] is not announced below a second.
func (c *Client) Announce(p Pause) {
	if c.pauses == nil || p.Wait < minOwnPause && (p.Reason == ReasonPace || p.Reason == ReasonPoints) {
		return
	}
	if p.Service == "" {
		p.Service = c.service
	}
	c.pauses(p)
}

// pause waits for wait, after it has announced that. asked is the part of it that the server asked for.
func (x *exchange) pause(wait, asked time.Duration, reason Reason, failure error) error {
	if wait <= 0 {
		return ended(x.ctx)
	}
	p := Pause{
		NSID: x.call.NSID, Service: x.c.service, Reason: reason, Wait: wait, Until: time.Now().Add(wait),
		Attempt: x.failures + 1, Attempts: x.c.retry.Attempts, Err: withoutWords(failure),
	}
	if asked > x.c.maxWait {
		return &WaitError{p, fmt.Errorf("%w, %v", ErrWait, x.c.maxWait)}
	}
	if deadline, ok := x.ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return &WaitError{p, fmt.Errorf("longer than there is time: %w", context.DeadlineExceeded)}
	}
	if err := ended(x.ctx); err != nil {
		return err
	}
	x.c.Announce(p)
	timer := time.NewTimer(time.Until(p.Until)) // the hook has taken some of it
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-x.ctx.Done():
		return fmt.Errorf("waiting for %s was cut short: %w", reason, ended(x.ctx))
	}
}

// withoutWords returns err without what a server said.
func withoutWords(err error) error {
	answer, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	return &Error{NSID: answer.NSID, Service: answer.Service, Status: answer.Status}
}

// ended returns ctx's error and its cause, or nil while ctx has not ended.
func ended(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}
