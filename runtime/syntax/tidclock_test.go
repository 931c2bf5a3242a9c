package syntax_test

import (
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

func TestTIDClock(t *testing.T) {
	clock := syntax.NewTIDClock()
	before := time.Now().Truncate(time.Microsecond)
	first := clock.Next()
	after := time.Now()
	if !syntax.ValidTID(string(first)) {
		t.Fatalf("%q is not a TID", first)
	}
	if made := first.Time(); made.Before(before) || made.After(after) {
		t.Errorf("%q has time %s, want one from %s to %s", first, made, before, after)
	}
	last := first
	for range 10_000 {
		next := clock.Next()
		if next <= last {
			t.Fatalf("%q came after %q", next, last)
		}
		if next.ClockID() != first.ClockID() {
			t.Fatalf("%q has clock %d, want %d", next, next.ClockID(), first.ClockID())
		}
		last = next
	}
}

func TestTIDClockConcurrently(t *testing.T) {
	const goroutines, each = 8, 1000
	clock := syntax.NewTIDClock()
	made := make([][]syntax.TID, goroutines)
	var wait sync.WaitGroup
	for i := range made {
		wait.Go(func() {
			for range each {
				made[i] = append(made[i], clock.Next())
				first := clock.Reserve(3)
				made[i] = append(made[i], first, first.Add(time.Microsecond), first.Add(2*time.Microsecond))
			}
		})
	}
	wait.Wait()
	seen := make(map[syntax.TID]bool)
	for _, tids := range made {
		for i, tid := range tids {
			if seen[tid] {
				t.Fatalf("%q was made twice", tid)
			}
			seen[tid] = true
			if i > 0 && tid <= tids[i-1] {
				t.Fatalf("%q came after %q", tid, tids[i-1])
			}
		}
	}
}

func TestTIDClockReserve(t *testing.T) {
	clock := syntax.NewTIDClock()
	last := clock.Next()
	for _, n := range []int{1000, 1, 0, -1, 3} {
		first := clock.Reserve(n)
		if first <= last {
			t.Errorf("%q of %d came after %q", first, n, last)
		}
		last = first.Add(time.Duration(max(n, 1)-1) * time.Microsecond)
	}
	if next := clock.Next(); next <= last {
		t.Errorf("%q came after %q, which was reserved", next, last)
	}
}

// Clocks are told apart by their random numbers, so not all of many have the
// same.
func TestNewTIDClockIsRandom(t *testing.T) {
	numbers := make(map[int]bool)
	for range 20 {
		numbers[syntax.NewTIDClock().Next().ClockID()] = true
	}
	if len(numbers) == 1 {
		t.Error("20 clocks have the same number")
	}
}
