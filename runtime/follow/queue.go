package follow

import (
	"context"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/runtime/follow/internal/schedule"
)

// queue has the repositories for which there is something to do. Fetches come before checks, and the number of
// requests to each server is limited. The mutex of the follower must be locked when a method is called, unless the
// method says otherwise.
type queue struct {
	mu      sync.Locker
	ready   sync.Cond  // signalled when there is work, or the queue has ended
	fetches []*tracked // also purges, and repositories that have waited for a server
	checks  []*tracked
	hosts   schedule.Hosts[*tracked]
	ended   bool

	pending schedule.Alarms[alarm]
	early   chan struct{} // has a value when another alarm has become the earliest
}

func (q *queue) init(mu sync.Locker, perHost int) {
	q.mu, q.ready.L, q.hosts.PerHost = mu, mu, perHost
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

// leave ends the count of a request to the server at origin, and adds the next repository that waits for it to the queue.
func (q *queue) leave(origin string) {
	if r, ok := q.hosts.Leave(origin); ok {
		q.fetches = append(q.fetches, r)
		q.ready.Signal()
	}
}

// end makes next return nil from now on.
func (q *queue) end() {
	q.ended = true
	q.ready.Broadcast()
}

// alarm is a job that has to be done for a repository at a later time.
type alarm struct {
	repo *tracked
	todo job
}

// later sets an alarm, which makes todo a job of r at a time, unless r has an alarm for that job already.
func (q *queue) later(r *tracked, todo job, at time.Time) {
	if r.alarms&todo != 0 {
		return
	}
	r.alarms |= todo
	if q.pending.Set(at, alarm{r, todo}) {
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
		a, wait, ok := q.pending.Due(time.Now(), time.Hour)
		for ok {
			a.repo.todo |= a.todo
			a.repo.alarms &^= a.todo
			q.add(a.repo)
			a, wait, ok = q.pending.Due(time.Now(), time.Hour)
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
