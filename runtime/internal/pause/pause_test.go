package pause_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/pause"
)

// TestAfter checks that pauses are random, that their limit doubles, and that no number of failures makes it overflow.
func TestAfter(t *testing.T) {
	b := pause.Backoff{Base: time.Second, Max: time.Minute}
	for failures, limit := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 33: time.Minute, 1000: time.Minute} {
		var longest time.Duration
		for range 1000 {
			wait := b.After(failures)
			if wait < 0 || wait >= limit {
				t.Fatalf("%d failures: %v, limit %v", failures, wait, limit)
			}
			longest = max(longest, wait)
		}
		half := b
		if half.AtLeastHalf = true; half.After(failures) < limit/2 {
			t.Errorf("%d failures: less than half of %v", failures, limit)
		}
		if longest < limit/2 {
			t.Errorf("%d failures: the longest of 1000 pauses is %v, limit %v", failures, longest, limit)
		}
	}
	if wait := (pause.Backoff{}).After(1); wait != 0 {
		t.Errorf("no backoff: %v", wait)
	}
}

func TestWait(t *testing.T) {
	why := errors.New("why")
	for name, test := range map[string]struct {
		context   func() (context.Context, context.CancelCauseFunc)
		end       time.Duration // when the context is cancelled; 0: never
		announced bool
		took      time.Duration
		want      []error
	}{
		"to the end":  {took: 10 * time.Second, announced: true},
		"interrupted": {end: 3 * time.Second, announced: true, took: 3 * time.Second, want: []error{pause.ErrInterrupted, context.Canceled, why}},
		"no time": {context: func() (context.Context, context.CancelCauseFunc) {
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			return ctx, func(error) { cancel() }
		}, want: []error{pause.ErrDeadline, context.DeadlineExceeded}},
		"ended": {context: func() (context.Context, context.CancelCauseFunc) {
			ctx, cancel := context.WithCancelCause(context.Background())
			cancel(why)
			return ctx, cancel
		}, want: []error{context.Canceled, why}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(context.Background())
				if test.context != nil {
					ctx, cancel = test.context()
				}
				defer cancel(nil)
				if test.end > 0 {
					time.AfterFunc(test.end, func() { cancel(why) })
				}
				start, announced := time.Now(), false
				err := pause.Wait(ctx, start.Add(10*time.Second), func() {
					announced = true
					time.Sleep(time.Second) // part of the pause
				})
				if took := time.Since(start); took != test.took || announced != test.announced {
					t.Errorf("took %v, announced %t", took, announced)
				}
				if (err == nil) != (test.want == nil) {
					t.Fatal(err)
				}
				for _, want := range test.want {
					if !errors.Is(err, want) {
						t.Errorf("%v does not wrap %v", err, want)
					}
				}
			})
		})
	}
}
