package xrpc

import (
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/layers-pub/layers-go/runtime/internal/pause"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// pace limits the rate of a client's calls to what the server allows.
type pace struct {
	own    *rate.Limiter // nil: none
	server atomic.Bool   // the server sends RateLimit headers, so own is not used

	closed atomic.Bool // open has had an entry at some time; while it is false, calls need not lock mu
	mu     sync.Mutex
	open   map[syntax.NSID]time.Time // when methods that have reached their rate limit may be called again
}

// wait waits until the call of x may be sent.
func (p *pace) wait(x *exchange) error {
	if err := pause.Ended(x.ctx); err != nil {
		return err
	}
	if p.closed.Load() {
		wait := p.untilOpen(x.call.NSID)
		if err := x.pause(wait, wait, ReasonServer, nil); err != nil {
			return err
		}
	}
	if p.own == nil || p.server.Load() {
		return nil
	}
	turn := p.own.Reserve()
	if err := x.pause(turn.Delay(), 0, ReasonPace, nil); err != nil {
		turn.Cancel()
		return err
	}
	return nil
}

// untilOpen returns how long it takes until the method may be called again.
func (p *pace) untilOpen(method syntax.NSID) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Until(p.open[method])
}

// heard records the RateLimit headers h of an answer to a call of method. Servers have several limits, some for single
// methods, and send the one that is closest to being reached; heard assumes that a limit that has been reached is that
// of the method.
func (p *pace) heard(method syntax.NSID, h http.Header) {
	remaining := h.Get("RateLimit-Remaining")
	if remaining == "" && h.Get("RateLimit-Limit") == "" {
		return
	}
	if !p.server.Load() {
		p.server.Store(true)
	}
	if remaining != "0" {
		return
	}
	wait, ok := reset(h, serverTime(h))
	if !ok || wait == 0 {
		return
	}
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.open, func(_ syntax.NSID, at time.Time) bool { return !at.After(now) })
	if p.open == nil {
		p.open = map[syntax.NSID]time.Time{}
	}
	p.open[method] = now.Add(wait)
	p.closed.Store(true)
}
