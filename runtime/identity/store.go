package identity

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// store remembers entries by key, as many as its limit allows. Reading it writes nothing that goroutines
// share, but once for each entry between two sweeps, and so costs the same from many goroutines as from
// one; a cache that keeps account of each read does not.
type store[V any] struct {
	weigh func(V) int
	limit int // of the weight of all entries; 0: nothing is remembered

	entries sync.Map   // of string to *entry[V]
	mu      sync.Mutex // held by writers
	weight  int
}

// entry is the answer to a look-up. Once it is in a store nothing changes but its mark.
type entry[V any] struct {
	value V
	err   error // an *Error, or nil

	order     uint64 // of the look-up's beginning, or of the purge, among all of the table
	at        moment // the look-up's end
	until     moment // then the answer is forgotten
	refreshed moment // when it was last looked up by refresh; anyAge: never

	used atomic.Bool // since the last sweep
}

// good reports whether e can still be given as the answer, if it must not be from before oldest.
func (e *entry[V]) good(now, oldest moment) bool { return now < e.until && e.at >= oldest }

// load returns the entry of key, or nil.
func (s *store[V]) load(key string) *entry[V] {
	value, found := s.entries.Load(key)
	if !found {
		return nil
	}
	e := value.(*entry[V])
	if !e.used.Load() {
		e.used.Store(true)
	}
	return e
}

// update puts what next makes of the entry of key, or of nil, in its place, unless that is nil.
func (s *store[V]) update(key string, now moment, next func(old *entry[V]) *entry[V]) {
	if s.limit == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.load(key)
	e := next(old)
	if e == nil {
		return
	}
	if old != nil {
		s.remove(key, old)
	}
	weight := s.weigh(e.value)
	if weight > s.limit {
		return
	}
	s.entries.Store(key, e)
	if s.weight += weight; s.weight > s.limit {
		s.sweep(now)
	}
}

func (s *store[V]) remove(key string, e *entry[V]) {
	s.entries.Delete(key)
	s.weight -= s.weigh(e.value)
}

// sweep makes room for an eighth of the limit. It removes first what has expired, then what has not been
// used since the last sweep, and of those alike the oldest.
func (s *store[V]) sweep(now moment) {
	type candidate struct {
		key  string
		e    *entry[V]
		rank int
	}
	var candidates []candidate
	s.entries.Range(func(key, value any) bool {
		c := candidate{key.(string), value.(*entry[V]), 0}
		if used := c.e.used.Swap(false); c.e.until > now {
			if c.rank = 1; used {
				c.rank = 2
			}
		}
		candidates = append(candidates, c)
		return true
	})
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.e.at, b.e.at))
	})
	for _, c := range candidates {
		if s.weight <= s.limit-s.limit/8 {
			return
		}
		s.remove(c.key, c.e)
	}
}
