package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// oversee starts the work once the stream is connected, and looks for repositories. It compares all repositories with
// their servers at the beginning, after each gap in the stream, and at the interval Options.Compare.
func (f *follower) oversee(ctx context.Context) error {
	connected := f.connected(ctx)
	f.mu.Lock()
	for _, r := range f.repos {
		f.work.add(r)
	}
	f.mu.Unlock()
	// The server may have begun to send events only some time after it accepted the connection. So repositories that
	// were fetched before or shortly after that are compared, too.
	before := connected.Add(f.Grace)
	if err := f.discover(ctx); err != nil {
		return err
	}
	if err := f.caughtUp(ctx, before); err != nil {
		return err
	}
	var tick <-chan time.Time
	if f.Options.Compare > 0 {
		ticker := time.NewTicker(f.Options.Compare)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		if err := f.compareAll(ctx, before); err != nil {
			return err
		}
		if f.Once {
			return f.settled(ctx)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-f.gap:
		case <-tick:
		}
		before = time.Now()
		if err := f.discover(ctx); err != nil {
			return err
		}
	}
}

// errOnce is the cause with which a Run with Options.Once ends when its work is done.
var errOnce = errors.New("all repositories are current")

// settled waits until nothing is left to do for any repository, except those that failed three times in a row, and
// returns errOnce.
func (f *follower) settled(ctx context.Context) error {
	for {
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		busy := false
		f.mu.RLock()
		for _, r := range f.repos {
			busy = busy || r.attempts < 3 && (r.owned || r.queued || r.todo|r.alarms != 0 || r.Phase == Stale)
		}
		busy = busy || f.work.hosts.Running > 0
		f.mu.RUnlock()
		if !busy {
			return errOnce
		}
	}
}

// connected waits until the stream is connected, but for ten seconds at most, since a source need not update its
// monitor. It returns the current time.
func (f *follower) connected(ctx context.Context) time.Time {
	for began := time.Now(); time.Since(began) < 10*time.Second && ctx.Err() == nil; sleep(ctx, 20*time.Millisecond) {
		if h := f.stream.Health(); h.Connected || h.Frames > 0 || h.Events > 0 {
			break
		}
	}
	return time.Now()
}

// caughtUp waits until a time, and then, for ten minutes at most, until the stream's lag is less than Options.Grace,
// so that changes that the stream is about to bring are not fetched.
func (f *follower) caughtUp(ctx context.Context, until time.Time) error {
	if err := sleep(ctx, time.Until(until)); err != nil {
		return err
	}
	for began := time.Now(); time.Since(began) < 10*time.Minute; {
		h := f.stream.Health()
		if h.Lag < f.Grace || h.Age > f.Grace {
			return nil
		}
		select {
		case <-f.gap: // events are missing, and the stream will not bring them
			return nil
		default:
		}
		if err := sleep(ctx, min(time.Second, f.Grace)); err != nil {
			return err
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

// discover follows the repositories that Host names, unless the caller named repositories. It tries again until that
// succeeds.
func (f *follower) discover(ctx context.Context) error {
	if f.Host == "" || len(f.Options.Repos) > 0 {
		return nil
	}
	for attempt := 1; ; attempt++ {
		err := f.discoverOnce(ctx)
		if err == nil || ctx.Err() != nil {
			return context.Cause(ctx)
		}
		wait := max(backoff.After(attempt), retryAfter(err, time.Now()))
		err = f.handle(ctx, &Problem{Err: fmt.Errorf("looking for repositories: %w", err), Attempt: attempt, Retry: time.Now().Add(wait)})
		if err != nil {
			return err
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
}

func (f *follower) discoverOnce(ctx context.Context) error {
	if f.listAll {
		return f.describeAll(ctx)
	}
	for _, nsid := range f.nsids {
		for did, err := range f.Client.ListReposByCollection(ctx, f.Host, nsid, nil) {
			if failure, ok := errors.AsType[*rec.Failure](err); ok {
				if err := f.handle(ctx, &Problem{Err: failure}); err != nil {
					return err
				}
				continue
			}
			if verdict.LacksMethod(err) {
				return f.describeAll(ctx)
			}
			if err != nil {
				return err
			}
			if err := f.follow(ctx, did); err != nil {
				return err
			}
		}
	}
	return nil
}

// describes is how many repositories describeAll asks about at once.
const describes = 8

// describeAll asks for the collections of each repository that Host lists, and follows those that have wanted ones.
func (f *follower) describeAll(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(describes)
	err := func() error {
		for status, err := range f.Client.ListRepos(ctx, f.Host, nil) {
			if failure, ok := errors.AsType[*rec.Failure](err); ok {
				if err := f.handle(ctx, &Problem{Err: failure}); err != nil {
					return err
				}
				continue
			}
			if err != nil {
				return err
			}
			if did := status.DID; status.Active && f.tracked(did) == nil {
				group.Go(func() error { return f.describe(ctx, did) })
			}
		}
		return nil
	}()
	return errors.Join(err, group.Wait())
}

// describe asks for the collections of a repository. It follows the repository if one of them is wanted, and also if
// they cannot be found out, unless the account is absent or not active.
func (f *follower) describe(ctx context.Context, did syntax.DID) error {
	limited, cancel := context.WithTimeoutCause(ctx, f.Patience, ErrSlow)
	defer cancel()
	about, err := f.Client.DescribeRepo(limited, syntax.AtIdentifier(did))
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == nil && !f.wantsAny(about), err != nil && (f.absent(ctx, did, err) || inactiveStatus(err) != ""):
		return nil
	}
	return f.follow(ctx, did)
}

func (f *follower) wantsAny(about *pds.Description) bool {
	for _, c := range about.Collections {
		if f.wants(c) {
			return true
		}
	}
	return false
}

// compareAll has all repositories checked that were fetched before a time, which compares their commits with those of
// their servers. First it reads the beginning of Host's list of repositories; those that Host lists with the known
// commit need not be checked.
func (f *follower) compareAll(ctx context.Context, before time.Time) error {
	open := map[syntax.DID]*tracked{}
	f.mu.RLock()
	for _, r := range f.repos {
		if r.Phase != Stale && r.fetched.Before(before) {
			open[r.DID] = r
		}
	}
	f.mu.RUnlock()
	if f.Host != "" && len(open) > 0 {
		left := 1000 * (10 + len(open)/100) // a page of 1000 costs less than 100 requests
		for status, err := range f.Client.ListRepos(ctx, f.Host, nil) {
			if left--; left < 0 || len(open) == 0 || err != nil && !isFailure(err) {
				break
			}
			if err == nil && f.same(open[status.DID], status) {
				delete(open, status.DID)
			}
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range open {
		r.todo |= check
		f.work.add(r)
	}
	return nil
}

func isFailure(err error) bool {
	_, ok := errors.AsType[*rec.Failure](err)
	return ok
}

// same reports whether a server's list states what is known of r. It is false if r is nil.
func (f *follower) same(r *tracked, s *pds.RepoStatus) bool {
	if r == nil {
		return false
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	if !s.Active {
		return r.Phase == Inactive && r.Status == s.Status
	}
	return r.Phase == Live && r.State.Data.Defined() && r.State.Rev == s.Rev && r.State.Commit == s.Head
}
