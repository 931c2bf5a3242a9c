package schedule

import (
	"container/heap"
	"time"
)

// Alarms has items that are due at times of their own. The zero Alarms is empty.
type Alarms[T any] struct{ heap byTime[T] }

type alarm[T any] struct {
	at   time.Time
	item T
}

// byTime is a heap, the earliest alarm first.
type byTime[T any] []alarm[T]

func (a byTime[T]) Len() int           { return len(a) }
func (a byTime[T]) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a byTime[T]) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *byTime[T]) Push(x any)        { *a = append(*a, x.(alarm[T])) }
func (a *byTime[T]) Pop() any {
	old := *a
	last := old[len(old)-1]
	old[len(old)-1] = alarm[T]{}
	*a = old[:len(old)-1]
	return last
}

// Set adds an item that is due at a time. It reports whether no other item is due before.
func (a *Alarms[T]) Set(at time.Time, item T) (earliest bool) {
	earliest = len(a.heap) == 0 || at.Before(a.heap[0].at)
	heap.Push(&a.heap, alarm[T]{at, item})
	return earliest
}

// Due removes the item that is due first and returns it, if it is due at the time now. Otherwise ok is false, and wait is how
// long it takes until an item is due, or most if that is longer or there is none.
func (a *Alarms[T]) Due(now time.Time, most time.Duration) (item T, wait time.Duration, ok bool) {
	if len(a.heap) == 0 {
		return item, most, false
	}
	if wait = a.heap[0].at.Sub(now); wait > 0 {
		return item, min(wait, most), false
	}
	return heap.Pop(&a.heap).(alarm[T]).item, 0, true
}
