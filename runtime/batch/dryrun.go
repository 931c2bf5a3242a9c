package batch

import (
	"context"
	"fmt"
	"iter"

	"golang.org/x/sync/errgroup"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/internal/writing"
	"github.com/layers-pub/layers-go/runtime/write"
)

// DryRunResult is the result of [DryRun].
type DryRunResult struct {
	// Ops is how many operations the batch has. Create, Update and Delete are how many of them would change a record in
	// that way, Already is how many need no action, and Failed is how many would fail.
	Ops, Create, Update, Delete, Already, Failed int
	// Points is how many write points the operations would take.
	Points int
	// Failures are the first 1,000 operations that would fail.
	Failures []*OpError
}

// DryRun finds out what [Apply] would do with the same arguments, now. It checks all operations in the same way, with
// the same errors if some are not valid, and reads the records, but sends and stores nothing. A record counts as being
// in the desired state only if its content has the CID that the server says. An operation that would fail, for example
// because the record to be created exists, is counted and listed, but is not an error of DryRun.
//
// It calls Each for each operation that would not fail, in order. The URI of a record whose key Apply would choose is
// that of its collection. The journal, if there is one, is only read. Without a journal, creates need no record keys.
//
// The result is complete only if the error is nil.
func DryRun(ctx context.Context, a write.Client, ops iter.Seq2[Op, error], opts *ApplyOptions) (*DryRunResult, error) {
	r := newApplier(a, opts)
	r.dry = true
	result := new(DryRunResult)
	if err := r.start(); err != nil {
		return result, err
	}
	if err := r.check(ctx, ops); err != nil || r.result.Ops == 0 {
		return result, err
	}
	result.Ops = r.result.Ops
	keys := 0
	if j := r.opts.Journal; j != nil {
		var err error
		if r.done, r.doubt, keys, err = j.reached(r.rules.DID, r.digests); err != nil {
			return result, err
		}
	}
	next := make([]*change, 0, dryRunAtOnce)
	for c, err := range r.changes(ops) {
		if err != nil {
			return result, err
		}
		if c.RecordKey == unassigned {
			if c.fresh = true; c.op <= keys {
				if err := r.assign(c); err != nil {
					return result, err
				}
			}
		}
		if next = append(next, c); len(next) == cap(next) {
			if err := r.preview(ctx, next, result); err != nil {
				return result, err
			}
			next = next[:0]
		}
	}
	return result, r.preview(ctx, next, result)
}

// dryRunAtOnce is how many operations a dry run keeps in memory at a time.
const dryRunAtOnce = 128

// preview reads the records that changes are about, and adds to result what Apply would do.
func (r *applier) preview(ctx context.Context, changes []*change, result *DryRunResult) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(lookUps)
	failures := make([]error, len(changes))
	for i, c := range changes {
		if c.done = c.op <= r.done; c.done || c.fresh && c.op > r.doubt {
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
			if c.done, failures[i] = r.judge(c, s); c.done && s.Found {
				failures[i] = s.Verify()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	for i, c := range changes {
		made := c.send
		switch {
		case failures[i] != nil:
			if result.Failed++; len(result.Failures) < maxFailures {
				result.Failures = append(result.Failures, c.fail(failures[i]).(*OpError))
			}
			continue
		case c.done:
			made = ""
			result.Already++
		case made == ActionCreate:
			result.Create++
		case made == ActionUpdate:
			result.Update++
		default:
			result.Delete++
		}
		if !c.done {
			result.Points += made.points()
		}
		r.report(c, made, false)
	}
	if n := len(changes); n > 0 {
		r.done = max(r.done, changes[n-1].op)
		r.progress(0, nil)
	}
	return nil
}
