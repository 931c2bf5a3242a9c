package write

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// The write points that the reference server grants an account: 3 for a create, 2 for an update, 1 for a delete.
// See https://docs.bsky.app/docs/advanced-guides/rate-limits.
const (
	DefaultHourlyPoints = 5000
	DefaultDailyPoints  = 35000
)

// Limiter keeps writes below a number of points an hour and a day. The points of any hour and of any day count, so
// that it does not matter when the server's hours begin. It knows only of the writes that it was asked for, and of
// none after the process has ended: the rest, the server says by refusing.
//
// A pause for points is announced to the account if it has a method Announce(xrpc.Pause), as a client of package auth has:
// the hook of xrpc.WithPauses hears of it, with xrpc.ReasonPoints. No longest pause of a server's holds for it.
//
// A Limiter is safe for concurrent use, and one should serve all writes to an account. It must be made by
// [NewLimiter].
type Limiter struct {
	windows [2]window
	mu      sync.Mutex
	spent   []spending // by time; the latest may be in the future
}

type window struct {
	length time.Duration
	points int // 0: any
}

type spending struct {
	at     time.Time
	points int
}

// NewLimiter returns a Limiter of so many points an hour and a day. 0 is no limit.
func NewLimiter(hourly, daily int) *Limiter {
	return &Limiter{windows: [2]window{{time.Hour, hourly}, {24 * time.Hour, daily}}}
}

// Wait waits until the points may be spent, and spends them. It returns an error, and spends nothing, when ctx ends, or
// would end before that, which is an [*xrpc.WaitError]; or when there are more points than may be spent at all. It announces
// nothing: the functions of this package that take a Limiter do.
func (l *Limiter) Wait(ctx context.Context, points int) error {
	return l.wait(ctx, points, func(xrpc.Pause) {}, "")
}

// wait is Wait for a call of a method. A pause is announced before it begins.
func (l *Limiter) wait(ctx context.Context, points int, announce func(xrpc.Pause), nsid syntax.NSID) error {
	wait, undo, err := l.reserve(points)
	if err != nil {
		return err
	}
	if err := sleep(ctx, xrpc.Pause{NSID: nsid, Reason: xrpc.ReasonPoints, Wait: wait, Attempt: 1, Attempts: 1}, announce); err != nil {
		undo()
		return err
	}
	return nil
}

// most returns how many points may be spent at once, 0 for any.
func (l *Limiter) most() int {
	least := 0
	for _, w := range l.windows {
		if w.points > 0 && (least == 0 || w.points < least) {
			least = w.points
		}
	}
	return least
}

// reserve spends points at the earliest time that is possible, and returns how long it is until then.
func (l *Limiter) reserve(points int) (wait time.Duration, undo func(), err error) {
	most := l.most()
	if most == 0 {
		return 0, func() {}, nil
	}
	if points > most {
		return 0, nil, fmt.Errorf("%d write points are more than the limit of %d", points, most)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.spent = slices.DeleteFunc(l.spent, func(s spending) bool { return now.Sub(s.at) >= 24*time.Hour })
	at := now
	if n := len(l.spent); n > 0 && l.spent[n-1].at.After(at) {
		at = l.spent[n-1].at // who came first goes first
	}
	for _, w := range l.windows {
		at = l.earliest(w, at, points)
	}
	spend := spending{at, points}
	l.spent = append(l.spent, spend)
	return at.Sub(now), func() { l.forget(spend) }, nil
}

// earliest returns the first time from at on when the points of a window that ends then leave room for more.
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
