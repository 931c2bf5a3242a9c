package xrpcserver

import (
	"context"
	"iter"
	"sync"
)

// Feed passes the messages of a live stream to all subscribers. Each has its own queue, so a slow subscriber does not
// hold up the others. It is safe for concurrent use.
type Feed[M any] struct {
	limit int

	mu     sync.Mutex
	queues map[*queue[M]]bool
}

// queue has the messages that were published but not yet yielded to one subscriber.
type queue[M any] struct {
	messages []M
	tooSlow  bool          // the subscriber was too far behind, and gets no messages after these
	changed  chan struct{} // has an element if messages or tooSlow may have changed
}

// NewFeed returns a feed without subscribers. Each subscriber may be up to limit messages behind.
func NewFeed[M any](limit int) *Feed[M] {
	return &Feed[M]{limit: limit, queues: make(map[*queue[M]]bool)}
}

// Publish passes a message to all subscribers. It does not wait for them.
func (f *Feed[M]) Publish(m M) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for q := range f.queues {
		if len(q.messages) < f.limit {
			q.messages = append(q.messages, m)
		} else { // it gets the messages before the gap
			q.tooSlow = true
			delete(f.queues, q)
		}
		select {
		case q.changed <- struct{}{}:
		default:
		}
	}
}

// Subscribe yields each message that is published after the call of Subscribe, even before the iteration begins, so a
// server can send stored messages first. The result can be iterated over only once. The iteration ends without an error
// when ctx ends, and with [ErrConsumerTooSlow] if the subscriber is more than the feed's limit behind; it then yields
// the messages up to the limit first.
func (f *Feed[M]) Subscribe(ctx context.Context) iter.Seq2[M, error] {
	q := &queue[M]{changed: make(chan struct{}, 1)}
	f.mu.Lock()
	f.queues[q] = true
	f.mu.Unlock()
	leave := func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.queues, q)
	}
	stop := context.AfterFunc(ctx, leave)
	return func(yield func(M, error) bool) {
		defer leave()
		defer stop()
		for {
			f.mu.Lock()
			messages, tooSlow := q.messages, q.tooSlow
			q.messages = nil
			f.mu.Unlock()
			for _, m := range messages {
				if ctx.Err() != nil || !yield(m, nil) {
					return
				}
			}
			if tooSlow {
				var none M
				yield(none, ErrConsumerTooSlow)
				return
			}
			if len(messages) > 0 {
				continue
			}
			select {
			case <-ctx.Done():
				return
			case <-q.changed:
			}
		}
	}
}
