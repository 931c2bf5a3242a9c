package write_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layers-pub/layers-go/runtime/write"
)

func TestLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l := write.NewLimiter(10, 25)
		for i, want := range []time.Duration{0, 0, 0, time.Hour, time.Hour, 2 * time.Hour, 24 * time.Hour, 24 * time.Hour, 25 * time.Hour} {
			points := []int{5, 3, 2, 5, 5, 5, 8, 2, 3}[i]
			if err := l.Wait(t.Context(), points); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(start); got != want {
				t.Errorf("%d: %d points after %s, want %s", i, points, got, want)
			}
		}
		if err := l.Wait(t.Context(), 11); err == nil {
			t.Error("more points than an hour has")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		before := time.Now()
		if err := l.Wait(ctx, 10); !errors.Is(err, context.DeadlineExceeded) || time.Since(before) != 0 {
			t.Errorf("%v after %s", err, time.Since(before))
		}
	})
}

// A caller that gives up waiting spends nothing.
func TestLimiterGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l := write.NewLimiter(10, 0)
		if err := l.Wait(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			ctx, cancel := context.WithCancelCause(t.Context())
			reason := errors.New("no more time")
			time.AfterFunc(time.Minute, func() { cancel(reason) })
			if err := l.Wait(ctx, 10); !errors.Is(err, reason) {
				t.Error(err)
			}
			ctx, stop := context.WithTimeout(t.Context(), time.Minute)
			if err := l.Wait(ctx, 10); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			stop()
		}
		if err := l.Wait(t.Context(), 10); err != nil || time.Since(start) != time.Hour {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

func TestNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		l := write.NewLimiter(0, 0)
		for range 100 {
			if err := l.Wait(t.Context(), 1_000_000); err != nil || time.Since(start) != 0 {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.Wait(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		day := write.NewLimiter(0, 10)
		for range 20 {
			if err := day.Wait(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		if got := time.Since(start); got != 24*time.Hour {
			t.Error(got)
		}
	})
}

// In no hour, whoever waits, are more points spent than allowed; and a caller that gives up waiting
// spends none.
func TestLimiterConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hourly, daily = 100, 1000
		l := write.NewLimiter(hourly, daily)
		var mu sync.Mutex
		type spending struct {
			at     time.Time
			points int
		}
		var spent []spending
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				for range 100 {
					ctx, cancel := context.WithCancel(t.Context())
					if rand.IntN(4) == 0 {
						time.AfterFunc(time.Duration(rand.IntN(100))*time.Minute, cancel)
					}
					points := 1 + rand.IntN(20)
					err := l.Wait(ctx, points)
					cancel()
					if err == nil {
						mu.Lock()
						spent = append(spent, spending{time.Now(), points})
						mu.Unlock()
					}
					time.Sleep(time.Duration(rand.IntN(30)) * time.Minute)
				}
			})
		}
		wait.Wait()
		for _, last := range spent {
			hour, day := 0, 0
			for _, s := range spent {
				if age := last.at.Sub(s.at); age >= 0 && age < time.Hour {
					hour += s.points
				}
				if age := last.at.Sub(s.at); age >= 0 && age < 24*time.Hour {
					day += s.points
				}
			}
			if hour > hourly || day > daily {
				t.Fatalf("%d points in an hour, %d in a day", hour, day)
			}
		}
	})
}
