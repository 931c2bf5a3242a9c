package batch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/internal/pause"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/internal/writing"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

const (
	// lookUps is the largest number of records that are read at the same time.
	lookUps = 8
	// firstPause and lastPause are the shortest and the longest pause between attempts. Each pause is twice as long
	// as the one before.
	firstPause, lastPause = time.Second, time.Minute
)

// errSplit says that a request must be split into smaller ones.
var errSplit = errors.New("the request is too large")

// attempt carries out changes by one request, which it repeats as often as necessary and as the options allow. It
// returns errSplit if the server refused the request as too large and smaller requests may succeed.
func (r *applier) attempt(ctx context.Context, changes []*change) error {
	for attempt := 1; ; attempt++ {
		err := r.request(ctx, changes, attempt)
		if err == nil {
			return r.finish(changes)
		}
		outcome, passing := writing.OutcomeOf(err)
		_, looking := errors.AsType[*lookUpError](err)
		large := !looking && verdict.Large(err)
		if large && !r.open {
			return r.split(changes, err)
		}
		if ctx.Err() != nil {
			return r.fail(changes, err)
		}
		last := !passing || attempt >= r.opts.Attempts
		if outcome == writing.Exists {
			r.doubt = changes[len(changes)-1].op // read all of them
		}
		// Without the server's answer the request may still be in progress, so it is better to read the records after
		// a pause.
		if r.open && (last || large || verdict.Heard(err)) || outcome == writing.Exists {
			known := undone(changes)
			switch left, problem := r.left(ctx, changes); {
			case problem != nil && r.open:
				err = fmt.Errorf("%w; reading the records to find out the outcome failed: %w", err, problem)
			case problem != nil:
				err, last = problem, true
			case len(left) == 0:
				return r.finish(changes)
			case large && len(left) > 1:
				return r.split(changes, err)
			case outcome == writing.Exists && len(left) < known:
				continue // without the records that are already in the desired state
			case outcome == writing.Exists:
				err = fmt.Errorf("%w: %w", write.ErrConflict, err)
			}
		}
		if last {
			return r.fail(changes, err)
		}
		wait, asked := pauseAfter(attempt, err)
		if asked > r.opts.MaxWait && !errors.Is(err, xrpc.ErrWait) {
			err = fmt.Errorf("%w; the server asks clients to wait until %s: %w, %v", err,
				time.Now().Add(asked).UTC().Format(time.RFC3339), xrpc.ErrWait, r.opts.MaxWait)
		}
		if errors.Is(err, xrpc.ErrWait) {
			return r.fail(changes, err)
		}
		reason := xrpc.ReasonRetry
		if asked > 0 {
			reason = xrpc.ReasonServer
		}
		if problem := r.pause(ctx, xrpc.Pause{Reason: reason, Wait: wait, Attempt: attempt + 1, Err: err}); problem != nil {
			return r.fail(changes, fmt.Errorf("%w; %w", err, problem))
		}
	}
}

// undone returns how many of the changes are not known to be done.
func undone(changes []*change) (n int) {
	for _, c := range changes {
		if !c.done {
			n++
		}
	}
	return n
}

// pauseAfter returns how long to wait after an attempt that failed with err, and how much of that the server asked for.
func pauseAfter(attempt int, err error) (wait, asked time.Duration) {
	wait = pause.Backoff{Base: firstPause, Max: lastPause, AtLeastHalf: true}.After(attempt)
	var answer *xrpc.Error
	if errors.As(err, &answer) {
		asked, _ = answer.RetryAfter(time.Now())
	}
	return wait + asked, asked
}

// request sends the changes that are not done yet in one request.
func (r *applier) request(ctx context.Context, changes []*change, attempt int) error {
	left, err := r.left(ctx, changes)
	if err != nil || len(left) == 0 {
		return err
	}
	points := 0
	for _, c := range left {
		points += c.send.points()
	}
	for _, c := range changes {
		c.sent = false // an earlier request for them was not carried out, or all of them would be done
	}
	wait, undo, err := r.opts.Limiter.Reserve(points)
	if err != nil {
		return err
	}
	if wait > 0 {
		if err = r.pause(ctx, xrpc.Pause{Reason: xrpc.ReasonPoints, Wait: wait, Attempt: attempt}); err == nil {
			left, err = r.left(ctx, changes) // that may have taken an hour
		}
		if err != nil || len(left) == 0 {
			undo()
			return err
		}
	}
	last := changes[len(changes)-1].op
	if j := r.opts.Journal; j != nil {
		if err := j.markSent(last); err != nil {
			return err
		}
	}
	out, err := atproto.Reading(r.a, "results", "uri", "cid").RepoApplyWrites(ctx, r.input(left...))
	if outcome, _ := writing.OutcomeOf(err); err != nil && outcome != writing.Doubtful {
		return err
	}
	r.open, r.doubt = true, last
	r.result.Requests++
	r.result.Points += points
	for _, c := range left {
		c.sent = true
	}
	if err != nil {
		return err
	}
	return r.compare(ctx, left, out.Results)
}

// compare compares the results of a request with the changes that were sent.
func (r *applier) compare(ctx context.Context, sent []*change, results []atproto.RepoApplyWritesOutputResultsItem) error {
	if len(results) == len(sent) {
		r.open = false
		for i, c := range sent {
			if c.Record == nil {
				continue
			}
			if err := c.Compare(answerOf(results[i])); err != nil {
				return c.fail(err)
			}
		}
		return nil
	}
	// The results are optional.
	left, err := r.left(ctx, sent)
	if err != nil || len(left) == 0 {
		return err
	}
	return left[0].fail(errors.New("the server reported success, but the record is not in the desired state"))
}

// lookUpError says that a record could not be read.
type lookUpError struct {
	uri syntax.ATURI
	err error
}

func (e *lookUpError) Error() string { return fmt.Sprintf("reading %s failed: %v", e.uri, e.err) }

func (e *lookUpError) Unwrap() error { return e.err }

// left returns the changes that are not done. To find out, it reads their records, unless a change is known to be done,
// or the journal made its record key and no request with it has been sent.
func (r *applier) left(ctx context.Context, changes []*change) ([]*change, error) {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(lookUps)
	conflicts := make([]error, len(changes))
	for i, c := range changes {
		if c.done || c.fresh && c.op > r.doubt {
			continue
		}
		group.Go(func() error {
			var s writing.Stored
			err := panics.Catch(func() (err error) {
				s, err = writing.LookUp(within, r.a, &c.Change)
				return err
			})
			if err != nil {
				return &lookUpError{c.URI, err}
			}
			c.done, conflicts[i] = r.judge(c, s)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	r.open = false
	var left []*change
	for i, c := range changes {
		if conflicts[i] != nil {
			return nil, c.fail(conflicts[i])
		}
		if !c.done {
			left = append(left, c)
		}
	}
	return left, nil
}

// judge compares s, the record at the server, with the state that c asks for, and reports whether they are the same. If
// not, it sets the action to send, or returns an error if c must not be carried out.
func (r *applier) judge(c *change, s writing.Stored) (done bool, err error) {
	switch {
	case c.action == ActionDelete:
		return !s.Found, nil
	case s.Found && s.CID == c.CID:
		return true, nil
	case s.Found && c.action == ActionCreate:
		return false, fmt.Errorf("%w: another record with this key exists, with CID %s", write.ErrConflict, s.CID)
	case !s.Found && c.action == ActionUpdate:
		return false, fmt.Errorf("%w: the record to update does not exist", write.ErrConflict)
	case !s.Found:
		c.send = ActionCreate
		return false, nil
	}
	c.send = ActionUpdate
	if r.opts.DropFields {
		return false, nil
	}
	return false, guardFields(s, c)
}

// finish records that changes are done.
func (r *applier) finish(changes []*change) error {
	r.open = false
	last := changes[len(changes)-1].op
	if j := r.opts.Journal; j != nil {
		if err := j.markDone(last); err != nil {
			return err
		}
	}
	r.done = last
	for _, c := range changes {
		made := c.send
		if !c.sent {
			made = ""
		}
		r.report(c, made, c.sent)
	}
	r.progress(0, nil)
	return nil
}

// split limits later requests to half the size of this one, which the server refused as too large, and returns errSplit.
// If the request had only one operation, it returns an error with err as its cause.
func (r *applier) split(changes []*change, err error) error {
	size := r.empty - 1
	var left []*change
	for _, c := range changes {
		if !c.done {
			size += c.size + 1
			left = append(left, c)
		}
	}
	if len(left) < 2 {
		return changes[0].fail(fmt.Errorf("%w: %w", write.ErrTooLarge, err))
	}
	r.bytes = size / 2
	return errSplit
}

// fail returns err as the BatchError of a request for changes, unless it is the OpError of one of them.
func (r *applier) fail(changes []*change, err error) error {
	if _, ok := err.(*OpError); ok {
		return err
	}
	if r.open {
		err = fmt.Errorf("%w: %w", write.ErrUnknown, err)
	}
	return &BatchError{First: changes[0].op, Last: changes[len(changes)-1].op, Err: err}
}
