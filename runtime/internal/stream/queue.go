package stream

import (
	"context"
	"errors"
	"runtime"
	"sync"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
)

// queue holds the frames that were read and that the caller's loop is not done with. Frames of one repository are
// processed and taken in their order; different repositories take turns, so that a repository with many frames, or one
// whose verification takes long, does not hold up the others. The size of the queue in bytes is limited.
type queue struct {
	process func(ctx context.Context, j *Job) // makes the events of a frame
	limit   int64                             // how many bytes the queue should have at most
	workers int                               // the highest number of goroutines that process frames

	mu    sync.Mutex
	room  sync.Cond        // signalled when used decreases, or the context ends
	ready sync.Cond        // signalled when there is something for the loop
	lanes map[string]*lane // by repository
	work  list             // lanes with a frame that can be processed now
	done  list             // lanes with a processed frame
	used  int64            // how many bytes are in the queue
	jobs  int              // how many jobs were pushed and not released
	busy  int              // how many goroutines process frames
	ended bool             // whether no more frames will be pushed
	err   error            // what next returns after the last frame
	group sync.WaitGroup   // of those goroutines
}

// jobCost is about how many bytes of memory a frame takes besides its content and its events.
const jobCost = 1 << 10

// lane has the frames of one repository.
type lane struct {
	did     string
	todo    []*Job // not processed yet
	done    []*Job // processed
	working bool   // whether a frame is being processed
	listed  bool   // whether the lane is in queue.done
}

// list is a queue of lanes.
type list struct{ lanes []*lane }

func (l *list) push(n *lane) { l.lanes = append(l.lanes, n) }

func (l *list) pop() *lane {
	n := l.lanes[0]
	l.lanes[0] = nil
	if l.lanes = l.lanes[1:]; len(l.lanes) == 0 {
		l.lanes = nil
	}
	return n
}

func (l *list) empty() bool { return len(l.lanes) == 0 }

// newQueue returns a queue of about limit bytes at most, in which up to workers goroutines call process. When the
// context that is passed to its methods ends, the caller must call wake.
func newQueue(limit int64, workers int, process func(ctx context.Context, j *Job)) *queue {
	q := &queue{process: process, limit: limit, workers: workers, lanes: map[string]*lane{}}
	q.room.L, q.ready.L = &q.mu, &q.mu
	return q
}

// wake wakes all goroutines that wait in methods of q. It must be called when their context has ended.
func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.room.Broadcast()
	q.ready.Broadcast()
}

// size returns how many bytes are in the queue.
func (q *queue) size() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.used
}

// wait waits until the queue has at most size bytes. It returns ctx's error if ctx ends first.
func (q *queue) wait(ctx context.Context, size int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.used > size && ctx.Err() == nil {
		q.room.Wait()
	}
	return ctx.Err()
}

// push adds a job; one that has events already needs no processing. push does not wait until there is room: the caller
// calls wait first.
func (q *queue) push(ctx context.Context, j *Job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	j.Cost += jobCost
	q.used += j.Cost
	q.jobs++
	n := q.lanes[j.lane]
	if n == nil {
		n = &lane{did: j.lane}
		q.lanes[j.lane] = n
	}
	if j.events != nil && len(n.todo) == 0 && !n.working {
		q.finish(n, j)
		return
	}
	n.todo = append(n.todo, j)
	if len(n.todo) == 1 && !n.working {
		q.work.push(n)
	}
	q.spawn(ctx)
}

// spawn starts a worker if there is work for one. The queue must be locked.
func (q *queue) spawn(ctx context.Context) {
	if q.work.empty() || !q.mayWork(q.busy+1) {
		return
	}
	q.busy++
	q.group.Go(func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		for !q.work.empty() && q.mayWork(q.busy) && ctx.Err() == nil {
			q.step(ctx)
		}
		q.busy--
	})
}

// mayWork reports whether the given number of workers may process frames. The events of a frame can be larger than the
// frame. So when the queue is over its limit, frames are processed only if the caller's loop would otherwise have to
// wait.
func (q *queue) mayWork(workers int) bool {
	if q.used >= q.limit {
		return q.done.empty() && workers <= runtime.GOMAXPROCS(0)
	}
	return workers <= q.workers
}

// step processes the next frame. The caller must have locked the queue; step unlocks it while the frame is processed
// and then locks it again.
func (q *queue) step(ctx context.Context) {
	n := q.work.pop()
	j := n.todo[0]
	n.todo[0] = nil
	if n.todo = n.todo[1:]; len(n.todo) == 0 {
		n.todo = nil
	}
	n.working = true
	if j.events == nil {
		before := j.Cost
		q.mu.Unlock()
		err := panics.Catch(func() error { q.process(ctx, j); return nil })
		q.mu.Lock()
		q.used += j.Cost - before
		if err != nil && q.err == nil {
			q.ended, q.err = true, err
		}
	}
	n.working = false
	q.finish(n, j)
	if len(n.todo) > 0 {
		q.work.push(n)
	}
}

// finish adds a processed job to its lane. The queue must be locked.
func (q *queue) finish(n *lane, j *Job) {
	n.done = append(n.done, j)
	if !n.listed {
		n.listed = true
		q.done.push(n)
	}
	q.ready.Signal()
}

// next waits for the next processed job and returns it. The caller must pass it to release when it is done with it. If
// ctx has ended, the error is its cause. After the last job, it is the error that was passed to end. If processing a
// job has panicked, next returns the *panics.Error at once.
func (q *queue) next(ctx context.Context) (*Job, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		var panicked *panics.Error
		if errors.As(q.err, &panicked) {
			return nil, q.err
		}
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case !q.done.empty():
			n := q.done.pop()
			j := n.done[0]
			n.done[0] = nil
			n.done = n.done[1:]
			if n.listed = len(n.done) > 0; n.listed {
				q.done.push(n)
			} else {
				n.done = nil
			}
			if !n.listed && len(n.todo) == 0 && !n.working {
				delete(q.lanes, n.did)
			}
			return j, nil
		case q.ended && q.jobs == 0:
			return nil, q.err
		default:
			q.spawn(ctx)
			q.ready.Wait()
		}
	}
}

// release removes a job that next has returned.
func (q *queue) release(ctx context.Context, j *Job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used -= j.Cost
	q.jobs--
	q.room.Broadcast()
	q.spawn(ctx)
}

// end says that no more jobs will be pushed. err is the error that next returns after the last job.
func (q *queue) end(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.ended {
		q.ended, q.err = true, err
	}
	q.ready.Broadcast()
}
