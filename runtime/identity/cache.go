package identity

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
)

// refreshPause is the least time between two refreshes of a key.
const refreshPause = 5 * time.Second

// maxBrief is the longest time for which a "not found" is remembered if only an HTTP status or DNS says so. A
// restarting proxy, a network that requires a login first, and a name that is just being set up cause the same
// answers.
const maxBrief = time.Minute

// lifetimes are how long answers are remembered.
type lifetimes struct{ found, notFound, failed time.Duration }

// moment is a time, as the duration since the directory was made. It is cheaper than a [time.Time].
type moment = time.Duration

// anyAge is a moment before all answers. As the argument oldest, it allows answers of any age.
const anyAge moment = -1 << 62

// table looks up keys, one look-up at a time for each, and remembers the answers.
type table[V any] struct {
	check  func(key string) *failure // finds faults in key without a look-up
	lookUp func(ctx context.Context, key string) (V, *failure)
	ttl    lifetimes
	now    func() moment

	store   store[V]
	flights singleflight.Group
	order   atomic.Uint64 // the number of the newest look-up or purge
}

// get returns the answer for key: the remembered one if it is not older than oldest, or else that of a look-up. The
// error is an *Error, or that of ctx.
func (t *table[V]) get(ctx context.Context, key string, now, oldest moment) (V, error) {
	if e := t.store.load(key); e != nil && e.good(now, oldest) {
		return e.value, e.err
	}
	return t.share(ctx, key, key, func(ctx context.Context) *entry[V] {
		// Another caller's look-up may have ended just now.
		if e := t.store.load(key); e != nil && e.good(t.now(), oldest) {
			return e
		}
		return t.ask(ctx, key, false)
	})
}

// refresh is like get but always looks key up, unless key was refreshed within refreshPause.
func (t *table[V]) refresh(ctx context.Context, key string) (V, error) {
	// A look-up in progress may have got its answer before the reason to refresh arose, so refreshes do not share it.
	return t.share(ctx, key, refreshKey(key), func(ctx context.Context) *entry[V] {
		now := t.now()
		if e := t.store.load(key); e != nil && e.good(now, anyAge) && now < e.refreshed+refreshPause {
			return e
		}
		return t.ask(ctx, key, true)
	})
}

// lookUpNow is like get but always looks key up.
func (t *table[V]) lookUpNow(ctx context.Context, key string) (V, error) {
	return t.share(ctx, key, nowKey(key), func(ctx context.Context) *entry[V] { return t.ask(ctx, key, false) })
}

func refreshKey(key string) string { return "refresh " + key }
func nowKey(key string) string     { return "now " + key }

// share calls answer once for all concurrent callers with the same flight. If a caller's context ends, share returns
// to it, and the look-up continues for the other callers and for the cache.
func (t *table[V]) share(ctx context.Context, key, flight string, answer func(context.Context) *entry[V]) (none V, err error) {
	if f := t.check(key); f != nil {
		return none, &Error{key, f}
	}
	if ctx.Err() != nil {
		return none, interrupted(ctx, key)
	}
	landed := t.flights.DoChan(flight, func() (any, error) {
		var e *entry[V]
		err := panics.Catch(func() error {
			e = answer(context.WithoutCancel(ctx))
			return nil
		})
		return e, err
	})
	select {
	case result := <-landed:
		_ = panics.Resume(result.Err) // the error can only be a panic
		e := result.Val.(*entry[V])
		return e.value, e.err
	case <-ctx.Done():
		return none, interrupted(ctx, key)
	}
}

// ask looks key up and remembers the answer.
func (t *table[V]) ask(ctx context.Context, key string, refresh bool) *entry[V] {
	key = strings.Clone(key) // key may be a substring of a large string
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
		if f.brief {
			e.until = e.at + min(t.ttl.notFound, maxBrief)
		}
	}
	if refresh {
		e.refreshed = e.at
	}
	t.remember(key, e)
	return e
}

// remember puts e into the store, unless the entry there is from a later look-up or purge. A failed look-up does not
// replace an answer that is still valid: that answer stays and counts as looked up now.
func (t *table[V]) remember(key string, e *entry[V]) {
	t.store.update(key, t.now(), func(old *entry[V]) *entry[V] {
		next := e
		switch {
		case old == nil:
			return e
		case old.order > e.order:
			return nil
		case errors.Is(e.err, ErrUnreachable) && old.err == nil && old.good(e.at, anyAge):
			next = &entry[V]{value: old.value, order: e.order, at: e.at, until: old.until}
		}
		next.refreshed = max(e.refreshed, old.refreshed)
		return next
	})
}

// purge forgets the answer for key, and that of a look-up in progress, but not the time of the last refresh.
func (t *table[V]) purge(key string) {
	for _, flight := range []string{key, refreshKey(key), nowKey(key)} {
		t.flights.Forget(flight)
	}
	t.remember(key, &entry[V]{order: t.order.Add(1), until: anyAge, refreshed: anyAge})
}
