// Package pause decides how long to wait before the next attempt, and waits. Calls (package xrpc), writes and streams
// use it, so that all of them pause in the same way: at random up to a limit that doubles, announced before the pause
// begins, and never longer than the context.
package pause

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Backoff says how long to wait after failures.
type Backoff struct {
	// Base is the longest pause after the first failure. It doubles after each further one, up to Max.
	Base, Max time.Duration
	// AtLeastHalf makes pauses at least half as long as the limit, so that attempts are spread but none comes at once.
	AtLeastHalf bool
}

// After returns the pause after the given number of failures in a row, from 1: a random time from zero to the limit,
// or from half of it.
func (b Backoff) After(failures int) time.Duration {
	limit := b.Max
	if shift := failures - 1; shift < 32 && b.Base<<shift>>shift == b.Base {
		limit = min(limit, b.Base<<shift)
	}
	if b.AtLeastHalf {
		return limit/2 + rand.N(limit/2+1)
	}
	return rand.N(max(limit, 1))
}

// ErrDeadline says that a pause was not begun because the context would end during it. Errors that wrap it wrap
// context.DeadlineExceeded, too.
var ErrDeadline = fmt.Errorf("longer than the time left: %w", context.DeadlineExceeded)

// ErrInterrupted says that the context ended during a pause.
var ErrInterrupted = errors.New("interrupted")

// Wait calls announce and waits until the given time, including the time that announce takes. If the deadline of ctx
// is not after that time, Wait returns [ErrDeadline] at once, without calling announce. If ctx has ended, Wait returns
// its error and cause; if it ends during the pause, the error wraps [ErrInterrupted], too.
func Wait(ctx context.Context, until time.Time, announce func()) error {
	if err := Ended(ctx); err != nil {
		return err
	}
	if deadline, ok := ctx.Deadline(); ok && !deadline.After(until) {
		return ErrDeadline
	}
	announce()
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrInterrupted, Ended(ctx))
	}
}

// Ended returns ctx's error and its cause, or nil while ctx has not ended.
func Ended(ctx context.Context) error {
	err := ctx.Err()
	if cause := context.Cause(ctx); cause != err {
		return fmt.Errorf("%w: %w", err, cause)
	}
	return err
}
