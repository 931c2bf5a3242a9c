package write

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/writing"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// The write points that the reference server grants an account per hour and per day. A create takes 3 points, an update
// 2 and a delete 1. See https://docs.bsky.app/docs/advanced-guides/rate-limits.
const (
	DefaultHourlyPoints = 5000
	DefaultDailyPoints  = 35000
)

// Limiter limits writes to a number of points per hour and per day. The limits hold for every period of an hour or a
// day, so it does not matter when the server's periods begin. A Limiter counts only the writes for which it was
// asked, and its counts are lost when the process ends: for other writes, the server's refusals are the only limit.
//
// A pause for points is announced to the account if that has a method Announce(xrpc.Pause), as a client of package
// auth has: the function of xrpc.WithPauses is then called with xrpc.ReasonPoints. Limits on the pauses that a server
// asks for do not apply.
//
// A Limiter is safe for concurrent use, and one should serve all writes to an account. It must be made by
// [NewLimiter].
type Limiter struct {
	windows [2]window
	mu      sync.Mutex
	spent   []spending // in the order of time; the last ones may be in the future
}

// window is a limit: in each period of this length, at most so many points may be spent.
type window struct {
	length time.Duration
	points int // 0: any
}

// spending is a number of points that are spent at a time, which may be in the future.
type spending struct {
	at     time.Time
	points int
}

// NewLimiter returns a Limiter that allows the given numbers of points per hour and per day. 0 means no limit.
func NewLimiter(hourly, daily int) *Limiter {
	return &Limiter{windows: [2]window{{time.Hour, hourly}, {24 * time.Hour, daily}}}
}

// Wait waits until the points may be spent, and spends them. It returns an error and spends nothing if ctx ends, if
// points is more than the limits allow at all, or, with an [*xrpc.WaitError], if ctx would end before the points may
// be spent. Unlike the functions of this package that take a Limiter, it does not announce the pause.
func (l *Limiter) Wait(ctx context.Context, points int) error {
	return l.wait(ctx, points, func(xrpc.Pause) {}, "")
}

// wait is Wait for a call of the given method. It announces the pause before the pause begins.
func (l *Limiter) wait(ctx context.Context, points int, announce func(xrpc.Pause), nsid syntax.NSID) error {
	wait, undo, err := l.Reserve(points)
	if err != nil {
		return err
	}
	if err := writing.Sleep(ctx, xrpc.Pause{NSID: nsid, Reason: xrpc.ReasonPoints, Wait: wait, Attempt: 1, Attempts: 1}, announce); err != nil {
		undo()
		return err
	}
	return nil
}

// Max returns how many points may be spent at once, 0 for any number.
func (l *Limiter) Max() int {
	least := 0
	for _, w := range l.windows {
		if w.points > 0 && (least == 0 || w.points < least) {
			least = w.points
		}
	}
	return least
}

// Reserve spends points at the earliest possible time, and returns how long the caller has to wait until then before it
// writes. A caller that does not write after all calls undo, which gives the points back. Reserve returns an error and
// spends nothing if points is more than the limits allow at all.
func (l *Limiter) Reserve(points int) (wait time.Duration, undo func(), err error) {
	most := l.Max()
	if most == 0 {
		return 0, func() {}, nil
	}
	if points > most {
		return 0, nil, fmt.Errorf("a write of %d points exceeds the limit of %d", points, most)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.spent = slices.DeleteFunc(l.spent, func(s spending) bool { return now.Sub(s.at) >= 24*time.Hour })
	at := now
	if n := len(l.spent); n > 0 && l.spent[n-1].at.After(at) {
		at = l.spent[n-1].at // first come, first served
	}
	for _, w := range l.windows {
		at = l.earliest(w, at, points)
	}
	spend := spending{at, points}
	l.spent = append(l.spent, spend)
	return at.Sub(now), func() { l.forget(spend) }, nil
}

// earliest returns the earliest time, not before at, such that the window that ends at that time has room for points.
func (l *Limiter) earliest(w window, at time.Time, points int) time.Time {
	if w.points <= 0 {
		return at
	}
	sum := points
	for i := len(l.spent) - 1; i >= 0; i-- {
		if end := l.spent[i].at.Add(w.length); end.After(at) {
			if sum += l.spent[i].points; sum > w.points {
				return end
			}
		}
	}
	return at
}

func (l *Limiter) forget(spend spending) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.spent, spend); i >= 0 {
		l.spent = slices.Delete(l.spent, i, i+1)
	}
}
