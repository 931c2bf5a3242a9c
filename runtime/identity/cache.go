package identity

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/singleflight"
)

// refreshPause is the least time between two refreshes of a key.
const refreshPause = 5 * time.Second

// lifetimes are how long answers are remembered.
type lifetimes struct{ found, notFound, failed time.Duration }

// moment is a time, counted from when the directory was made. It costs less than a [time.Time].
type moment = time.Duration

// anyAge is a moment from before which no answer is.
const anyAge moment = -1 << 62

// entry is the answer to a look-up. It does not change.
type entry[V any] struct {
	value V
	err   error // an *Error, or nil

	order     uint64 // of the look-up's beginning, or of the purge, among all of the table
	at        moment // the look-up's end
	until     moment // then the answer is forgotten
	refreshed moment // when it was last looked up by refresh; anyAge: never
}

// good reports whether e can still be given as the answer, if it must not be from before oldest.
func (e *entry[V]) good(now, oldest moment) bool { return now < e.until && e.at >= oldest }

// table looks up keys, one look-up at a time for each, and remembers the answers.
//
// Entries expire by their own time, not the cache's, which so needs no goroutine: it only bounds how
// many there are.
type table[V any] struct {
	check  func(key string) *failure // says what can be said without a look-up
	lookUp func(ctx context.Context, key string) (V, *failure)
	ttl    lifetimes
	now    func() moment

	cache   *otter.Cache[string, *entry[V]] // nil: nothing is remembered
	flights singleflight.Group
	order   atomic.Uint64
}

func (t *table[V]) init(size int, weigh func(V) uint32) (err error) {
	if size == 0 {
		return nil
	}
	t.cache, err = otter.New(&otter.Options[string, *entry[V]]{
		MaximumWeight: uint64(size),
		Weigher:       func(_ string, e *entry[V]) uint32 { return weigh(e.value) },
	})
	return err
}

// remembered returns the entry of key, also one that has expired or is of a purge, or nil.
func (t *table[V]) remembered(key string) *entry[V] {
	if t.cache == nil {
		return nil
	}
	e, _ := t.cache.GetIfPresent(key)
	return e
}

// get returns the answer for key: the one remembered, unless it is from before oldest, or that of a
// look-up. The error is an *Error, or that of ctx.
func (t *table[V]) get(ctx context.Context, key string, now, oldest moment) (V, error) {
	if e := t.remembered(key); e != nil && e.good(now, oldest) {
		return e.value, e.err
	}
	return t.share(ctx, key, key, func(ctx context.Context) *entry[V] {
		// Somebody else's look-up may have ended just now.
		if e := t.remembered(key); e != nil && e.good(t.now(), oldest) {
			return e
		}
		return t.ask(ctx, key, false)
	})
}

// refresh is get with a new look-up, unless there was a refresh within refreshPause.
func (t *table[V]) refresh(ctx context.Context, key string) (V, error) {
	// A look-up under way may have its answer from before the reason to refresh; so they are not shared.
	return t.share(ctx, key, refreshKey(key), func(ctx context.Context) *entry[V] {
		now := t.now()
		if e := t.remembered(key); e != nil && e.good(now, anyAge) && now < e.refreshed+refreshPause {
			return e
		}
		return t.ask(ctx, key, true)
	})
}

func refreshKey(key string) string { return "refresh " + key }

// share calls answer, once for all callers that come with the same flight meanwhile. A caller whose
// context ends leaves; the look-up goes on for the others, and for the cache.
func (t *table[V]) share(ctx context.Context, key, flight string, answer func(context.Context) *entry[V]) (none V, err error) {
	if f := t.check(key); f != nil {
		return none, &Error{key, f}
	}
	if ctx.Err() != nil {
		return none, interrupted(ctx, key)
	}
	landed := t.flights.DoChan(flight, func() (any, error) {
		return answer(context.WithoutCancel(ctx)), nil
	})
	select {
	case result := <-landed:
		e := result.Val.(*entry[V])
		return e.value, e.err
	case <-ctx.Done():
		return none, interrupted(ctx, key)
	}
}

// ask looks key up and remembers the answer.
func (t *table[V]) ask(ctx context.Context, key string, refresh bool) *entry[V] {
	key = strings.Clone(key) // it may be a part of something large
	e := &entry[V]{order: t.order.Add(1), refreshed: anyAge}
	value, f := t.lookUp(ctx, key)
	e.at = t.now()
	switch {
	case f == nil:
		e.value = value
		e.until = e.at + t.ttl.found
	case f.kind == ErrUnreachable:
		e.err = &Error{key, f.short()}
		e.until = e.at + t.ttl.failed
	default:
		e.err = &Error{key, f.short()}
		e.until = e.at + t.ttl.notFound
	}
	if refresh {
		e.refreshed = e.at
	}
	t.remember(key, e)
	return e
}

// remember puts e into the cache, unless what is there is of a later look-up or purge. A look-up that
// failed does not replace an answer that is still good: that stays, and counts as looked up now.
func (t *table[V]) remember(key string, e *entry[V]) {
	if t.cache == nil {
		return
	}
	t.cache.Compute(key, func(old *entry[V], found bool) (*entry[V], otter.ComputeOp) {
		if !found {
			return e, otter.WriteOp
		}
		if old.order > e.order {
			return old, otter.CancelOp
		}
		next := *e
		if errors.Is(e.err, ErrUnreachable) && old.err == nil && old.good(e.at, anyAge) {
			next.value, next.err, next.until = old.value, nil, old.until
		}
		next.refreshed = max(e.refreshed, old.refreshed)
		return &next, otter.WriteOp
	})
}

// purge forgets the answer for key, also one that is on its way, but not when it was refreshed.
func (t *table[V]) purge(key string) {
	t.flights.Forget(key)
	t.flights.Forget(refreshKey(key))
	t.remember(key, &entry[V]{order: t.order.Add(1), until: anyAge, refreshed: anyAge})
}
