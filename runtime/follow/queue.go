package follow

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// queue has the repositories for which there is something to do. Fetches come before checks, and the number of
// requests to each server is limited. The mutex of the follower must be locked when a method is called, unless the
// method says otherwise.
type queue struct {
	mu      sync.Locker
	ready   sync.Cond // signalled when there is work, or the queue has ended
	perHost int
	fetches []*tracked // also purges, and repositories that have waited for a server
	checks  []*tracked
	hosts   map[string]*host
	running int
	ended   bool

	pending alarms
	early   chan struct{} // has a value when another alarm has become the earliest
}

// host is a server to which requests are being made. running is their number, and waiting has the repositories that
// wait because there are too many.
type host struct {
	running int
	waiting []*tracked
}

func (q *queue) init(mu sync.Locker, perHost int) {
	q.mu, q.ready.L, q.perHost = mu, mu, perHost
	q.hosts = map[string]*host{}
	q.early = make(chan struct{}, 1)
}

// add adds r if there is something to do for it, unless r is in the queue already or has an owner, which will add it.
func (q *queue) add(r *tracked) {
	if r.todo == 0 || r.queued || r.owned {
		return
	}
	r.queued = true
	if r.todo == check {
		q.checks = append(q.checks, r)
	} else {
		q.fetches = append(q.fetches, r)
	}
	q.ready.Signal()
}

// next waits for a repository and returns it, or nil when the queue has ended. The repository still counts as queued.
func (q *queue) next() *tracked {
	for !q.ended {
		for _, list := range []*[]*tracked{&q.fetches, &q.checks} {
			if len(*list) > 0 {
				r := (*list)[0]
				(*list)[0] = nil
				*list = (*list)[1:]
				return r
			}
		}
		q.ready.Wait()
	}
	return nil
}

// admit reports whether a request may be made to the server at origin now, and if so counts it. If not, leave adds r
// to the queue again when it is its turn.
func (q *queue) admit(origin string, r *tracked) bool {
	h := q.hosts[origin]
	if h == nil {
		h = new(host)
		q.hosts[origin] = h
	}
	if h.running >= q.perHost {
		h.waiting = append(h.waiting, r)
		return false
	}
	h.running++
	q.running++
	return true
}

// leave ends the count of a request, and adds the next repository that waits for the server to the queue.
func (q *queue) leave(origin string) {
	h := q.hosts[origin]
	h.running--
	q.running--
	if len(h.waiting) > 0 {
		r := h.waiting[0]
		h.waiting[0] = nil
		h.waiting = h.waiting[1:]
		q.fetches = append(q.fetches, r)
		q.ready.Signal()
	} else if h.running == 0 {
		delete(q.hosts, origin)
	}
}

// end makes next return nil from now on.
func (q *queue) end() {
	q.ended = true
	q.ready.Broadcast()
}

// alarm is a job that has to be done for a repository at a later time.
type alarm struct {
	at   time.Time
	repo *tracked
	todo job
}

// alarms is a heap of alarms, the earliest first.
type alarms []alarm

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)        { *a = append(*a, x.(alarm)) }
func (a *alarms) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}

// later sets an alarm, which makes todo a job of r at a time, unless r has an alarm for that job already.
func (q *queue) later(r *tracked, todo job, at time.Time) {
	if r.alarms&todo != 0 {
		return
	}
	r.alarms |= todo
	heap.Push(&q.pending, alarm{at, r, todo})
	if q.pending[0].repo == r {
		select {
		case q.early <- struct{}{}:
		default:
		}
	}
}

// alarms adds each repository to the queue when its alarm is due, until ctx ends. The mutex must not be locked.
func (q *queue) alarms(ctx context.Context) error {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		q.mu.Lock()
		wait := time.Hour
		for len(q.pending) > 0 {
			if wait = time.Until(q.pending[0].at); wait > 0 {
				break
			}
			a := heap.Pop(&q.pending).(alarm)
			a.repo.todo |= a.todo
			a.repo.alarms &^= a.todo
			q.add(a.repo)
			wait = time.Hour
		}
		q.mu.Unlock()
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-q.early:
		case <-timer.C:
		}
	}
}
