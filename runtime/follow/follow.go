package follow

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// follower is the state of one call of Run.
type follower struct {
	*settings
	source  firehose.Subscriber
	store   Store
	handler Handler
	writer  *writer
	fail    context.CancelCauseFunc
	stream  *firehose.Monitor

	handling sync.Mutex // held while the handler is called

	mu       sync.RWMutex
	released sync.Cond // signalled when a repository has lost its owner, or the context ends
	repos    map[string]*tracked
	held     int64 // the size of the items that are held for repositories, in bytes
	work     queue
	lacking  map[string]time.Time // when a server answered that it lacks the method for a copy, by origin
	fromNow  bool                 // whether the stream begins with the current events, even if a position is stored

	gap chan struct{} // has a value if all repositories are to be compared
}

// Run follows the repositories that have wanted records: it calls handler with all records that the store lacks, and
// with every change, until ctx ends. The source should yield commits, as a [firehose.Client] does, which verifies them
// if it was made with firehose.WithDirectory. From a source that yields only records, Run accepts the changes
// unverified, and compares the repositories from time to time: see [Options.Compare]. handler may be nil, for a store
// that keeps the records. A store must not be used by two calls of Run at once.
//
// With [Options.Once], Run returns nil when all repositories are current. Otherwise it returns the error of the handler
// or of the store, an error of the source after which reconnecting is useless, an error about invalid options, or the
// cause of ctx. Before it returns, it stores everything that the handler has accepted. All other errors are events: see
// [Problem].
func Run(ctx context.Context, source firehose.Subscriber, store Store, handler Handler, options *Options) error {
	settings, err := options.check()
	if err != nil {
		return err
	}
	if handler == nil {
		handler = func(context.Context, Event) error { return nil }
	}
	f := &follower{
		settings: settings, source: source, store: store, handler: handler, stream: new(firehose.Monitor),
		repos: map[string]*tracked{}, lacking: map[string]time.Time{}, gap: make(chan struct{}, 1),
	}
	f.writer = newWriter(store, func() (string, firehose.Position) {
		h := f.stream.Health()
		return h.Endpoint, h.Done
	})
	f.released.L = &f.mu
	f.work.init(&f.mu, settings.perHost)
	return f.run(ctx)
}

func (f *follower) run(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	f.fail = cancel
	f.Monitor.start(f)
	var writing, working sync.WaitGroup
	writing.Go(func() {
		// What the handler has accepted is stored even if ctx has ended.
		if err := panics.Catch(func() error { return f.writer.Run(context.WithoutCancel(parent)) }); err != nil {
			cancel(err)
		}
	})
	if err := f.load(ctx); err != nil {
		cancel(err)
	}
	stop := context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.work.end()
		f.released.Broadcast()
	})
	defer stop()
	start := func(do func(context.Context) error) {
		working.Go(func() {
			if err := panics.Catch(func() error { return do(ctx) }); err != nil {
				cancel(err)
			}
		})
	}
	start(f.subscribe)
	start(f.oversee)
	start(f.work.alarms)
	for range f.Fetches {
		start(f.worker)
	}
	working.Wait()
	f.writer.End()
	writing.Wait()
	if err := context.Cause(ctx); err != errOnce {
		return panics.Resume(err)
	}
	return nil
}

// load reads the repositories in the store, and adds those that the caller names.
func (f *follower) load(ctx context.Context) error {
	var named map[syntax.DID]bool
	if len(f.Options.Repos) > 0 {
		named = map[syntax.DID]bool{}
		for _, did := range f.Options.Repos {
			named[did] = true
		}
	}
	changed := &write{}
	for stored, err := range f.store.Repos(ctx) {
		if err != nil {
			return fmt.Errorf("follow: reading the store: %w", err)
		}
		if named != nil && !named[stored.DID] {
			continue // it stays in the store unchanged, and this Run does not see its changes
		}
		r := &tracked{Repo: stored}
		switch {
		case r.Phase == Inactive && r.Status == deleted:
			r.todo = purge
		case r.Phase == Inactive:
		case r.Phase == Stale, r.Filter != f.filter:
			r.Phase, r.todo = Stale, fetch
		}
		if r.Repo != stored {
			changed.Repos = append(changed.Repos, r.Repo)
		}
		f.repos[string(r.DID)] = r
	}
	for _, did := range f.Options.Repos {
		if r := f.repos[string(did)]; r != nil {
			r.listed = true
		} else if r := f.join(did); r != nil {
			r.listed = true
			changed.Repos = append(changed.Repos, r.Repo)
		}
	}
	if len(changed.Repos) == 0 {
		return nil
	}
	return f.writer.put(ctx, changed)
}

// join adds a repository, which is then to be fetched, and returns it, or nil if there are Options.MaxRepos already.
// The caller stores its state. f.mu must be locked.
func (f *follower) join(did syntax.DID) *tracked {
	if len(f.repos) >= f.MaxRepos {
		return nil
	}
	r := &tracked{Repo: Repo{DID: did, Phase: Stale}, todo: fetch}
	f.repos[string(did)] = r
	return r
}

// follow adds a repository unless it is followed already, and asks for it to be fetched.
func (f *follower) follow(ctx context.Context, did syntax.DID) error {
	f.mu.Lock()
	r := f.repos[string(did)]
	if r != nil {
		f.mu.Unlock()
		return nil
	}
	if r = f.join(did); r == nil {
		f.mu.Unlock()
		return f.handle(ctx, &Problem{DID: did, Err: fmt.Errorf("%w: %d, which is the limit", ErrTooMany, f.MaxRepos)})
	}
	r.owned = true
	stored := r.Repo
	f.mu.Unlock()
	err := f.writer.put(ctx, &write{Batch: Batch{Repos: []Repo{stored}}})
	return cmp.Or(err, f.release(ctx, r))
}

// handle calls the handler. It makes concurrent calls wait, so that the handler gets one event at a time.
func (f *follower) handle(ctx context.Context, e Event) error {
	f.handling.Lock()
	defer f.handling.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if p, ok := e.(*Problem); ok {
		f.Monitor.problem(p)
	}
	return f.handler(ctx, e)
}

// offer processes an item of a repository, after waiting until nobody owns the repository. If the repository is being
// fetched, offer holds the item instead.
func (f *follower) offer(ctx context.Context, r *tracked, it *item) error {
	f.mu.Lock()
	for r.owned && !r.busy && ctx.Err() == nil {
		f.released.Wait()
	}
	if ctx.Err() != nil {
		f.mu.Unlock()
		return context.Cause(ctx)
	}
	if r.busy {
		f.hold(r, it)
		f.mu.Unlock()
		it.ack()
		return nil
	}
	r.owned = true
	f.mu.Unlock()
	if err := f.step(ctx, r, it); err != nil {
		return err
	}
	return f.release(ctx, r)
}

// hold keeps an item until r has been fetched. If the item exceeds the limits of Options.MaxHeld, hold drops it, and r
// will be fetched again. Account events are always kept. f.mu must be locked.
func (f *follower) hold(r *tracked, it *item) {
	it.size = itemCost
	for _, e := range it.records {
		it.size += int64(len(e.Data)) + changeCost
	}
	if bad, ok := it.event.(*firehose.BadFrame); ok {
		it.size += int64(len(bad.Frame))
	}
	if _, account := it.event.(*firehose.Account); account {
		if n := len(r.held); n > 0 {
			if _, again := r.held[n-1].event.(*firehose.Account); again {
				r.held[n-1] = it // only the last account event matters
				return
			}
		}
	} else if f.held+it.size > f.MaxHeld || r.heldSize+it.size > f.MaxHeld/16 {
		r.overflow = true
		if it.commit != nil {
			r.saw(it.commit.Rev, it.commit.Trust)
		}
		return
	}
	r.held = append(r.held, it)
	r.heldSize += it.size
	f.held += it.size
}

// itemCost is the approximate size of an item in bytes, without its records.
const itemCost = 512

// step processes an item of a repository that the caller owns: it updates the state, calls the handler, and stores the
// changes.
func (f *follower) step(ctx context.Context, r *tracked, it *item) error {
	f.mu.Lock()
	out := r.step(it, time.Now())
	stored := f.stored(r)
	if out.late {
		f.work.later(r, out.todo, time.Now().Add(f.Grace))
	} else {
		r.todo |= out.todo
	}
	f.mu.Unlock()
	for _, e := range out.events {
		if err := f.handle(ctx, e); err != nil {
			return err
		}
	}
	b := &write{items: []*item{it}}
	for _, record := range out.changes {
		c := liveChange(record, out.trust)
		if err := f.handle(ctx, c); err != nil {
			return err
		}
		b.Changes = append(b.Changes, c)
	}
	if out.save {
		b.Repos = append(b.Repos, stored)
	} else if len(b.Changes) == 0 {
		it.ack()
		return nil
	}
	err := f.writer.put(ctx, b)
	r.written = b.number
	return err
}

// stored returns the state of a repository that the store may have now. While held items are being processed, it is
// Stale instead of Live. f.mu must be locked.
func (f *follower) stored(r *tracked) Repo {
	stored := r.Repo
	if r.draining && stored.Phase == Live {
		stored.Phase = Stale
	}
	return stored
}

// release processes the items that were held for r, and ends the ownership of r.
//
// Held items are acknowledged already, so the store may say that the repository is live only when all of them are stored.
func (f *follower) release(ctx context.Context, r *tracked) error {
	f.mu.Lock()
	held := r.held
	f.held -= r.heldSize
	r.held, r.heldSize = nil, 0
	r.busy, r.draining = false, r.busy
	r.forget = r.forget && len(held) == 0 && !r.overflow
	f.mu.Unlock()
	for _, it := range held {
		if err := f.step(ctx, r, it); err != nil {
			return err
		}
	}
	f.mu.Lock()
	var last *write
	if r.draining {
		r.draining = false
		if r.overflow && r.Phase == Live {
			r.Phase = Stale
			r.todo |= fetch
		}
		r.overflow = false
		last = &write{Batch: Batch{Repos: []Repo{r.Repo}}}
		if r.forget {
			last = &write{Batch: Batch{Forgotten: []syntax.DID{r.DID}}}
		}
	}
	f.mu.Unlock()
	if last != nil {
		if err := f.writer.put(ctx, last); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.owned = false; r.forget {
		delete(f.repos, string(r.DID))
	} else {
		f.work.add(r)
	}
	f.released.Broadcast()
	return nil
}

// liveChange returns the change for a record of the stream. It has no receipt, so that the handler cannot acknowledge
// the record.
func liveChange(e *firehose.Record, trust rec.Trust) *Change {
	c := &Change{Record: *e, Live: true}
	c.Header = firehose.Header{Source: e.Source, Seq: e.Seq, Time: e.Time}
	c.Trust = trust
	return c
}
