package identity

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// store keeps entries by key, as many as its limit allows. A read writes to shared memory at most once for each entry
// between two sweeps. So reads cost the same from many goroutines as from one, unlike in a cache that records each
// read.
type store[V any] struct {
	weigh func(V) int
	limit int // for the sum of the entries' weights; 0: nothing is remembered

	entries sync.Map   // of string to *entry[V]
	mu      sync.Mutex // held by writers
	weight  int        // the sum of the entries' weights
}

// entry is the answer to a look-up. Once it is in a store, nothing but its field used changes.
type entry[V any] struct {
	value V
	err   error // an *Error, or nil

	order     uint64 // the number of the look-up or purge, see table.order; look-ups are numbered when they start
	at        moment // when the look-up ended
	until     moment // when the answer expires
	refreshed moment // when it was last looked up by refresh; anyAge: never

	used atomic.Bool // read since the last sweep
}

// good reports whether e has not expired and is not older than oldest.
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

// update replaces the entry of key by the result of next, unless that is nil. It passes the present entry to next, or
// nil if there is none.
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

// sweep makes room for an eighth of the limit. It removes expired entries first, then those that have not been used
// since the last sweep, and within each group the oldest first.
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
