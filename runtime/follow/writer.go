package follow

import (
	"context"
	"sync"

	"github.com/layers-pub/layers-go/runtime/firehose"
)

// writer stores batches, in the order in which they are written, as many as are there in one transaction. Afterwards it
// acknowledges the events that led to them.
type writer struct {
	store Store
	// position returns the endpoint and the position up to which all events are acknowledged, so that what they led to is
	// stored. Each transaction stores it, too.
	position func() (string, firehose.Position)

	mu     sync.Mutex
	change sync.Cond // signalled when anything changes
	queue  []*write
	size   int64 // of the changes in queue and in the current transaction
	last   int64 // number of the last write that was put
	done   int64 // number of the last write that is stored
	ended  bool
	err    error
}

// write is a batch on its way to the store.
type write struct {
	Batch
	items  []*item // to acknowledge
	number int64
	size   int64
}

const (
	maxQueued  = 32 << 20 // bytes of changes that wait for the store
	maxBatch   = 8 << 20  // bytes of changes in one transaction
	maxChanges = 10_000   // in one transaction
	changeCost = 512      // bytes of a change besides its record
)

func newWriter(store Store, position func() (string, firehose.Position)) *writer {
	w := &writer{store: store, position: position}
	w.change.L = &w.mu
	return w
}

// put adds a batch. It waits while there are too many, until ctx ends.
func (w *writer) put(ctx context.Context, b *write) error {
	for _, c := range b.Changes {
		b.size += int64(len(c.Data)) + changeCost
	}
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.change.Broadcast()
	})
	defer stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.size > maxQueued && w.err == nil && ctx.Err() == nil {
		w.change.Wait()
	}
	switch {
	case w.err != nil:
		return w.err
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	w.last++
	b.number = w.last
	w.queue = append(w.queue, b)
	w.size += b.size
	w.change.Broadcast()
	return nil
}

// wait waits until the write of a number is stored.
func (w *writer) wait(ctx context.Context, number int64) error {
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.change.Broadcast()
	})
	defer stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.done < number && w.err == nil && ctx.Err() == nil {
		w.change.Wait()
	}
	if w.err == nil && w.done < number {
		return context.Cause(ctx)
	}
	return w.err
}

// run stores batches until end is called and all are stored, or until the store fails.
func (w *writer) run(ctx context.Context) error {
	for {
		batch, writes := w.next()
		if len(writes) == 0 {
			return nil
		}
		if endpoint, at := w.position(); !at.IsZero() && batch.Positions == nil {
			batch.Positions = map[string]firehose.Position{endpoint: at}
		}
		err := w.store.Apply(ctx, batch)
		w.mu.Lock()
		for _, b := range writes {
			w.size -= b.size
			w.done = b.number
		}
		w.err = err
		w.change.Broadcast()
		w.mu.Unlock()
		if err != nil {
			return err
		}
		for _, b := range writes {
			for _, it := range b.items {
				it.ack()
			}
		}
	}
}

// next returns what to store in one transaction, and nil at the end.
func (w *writer) next() (*Batch, []*write) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) == 0 && !w.ended {
		w.change.Wait()
	}
	out := &Batch{}
	var size int64
	n := 0
	for _, b := range w.queue {
		// What is forgotten is removed before the rest of a batch is stored, so it must be the first.
		if n > 0 && (len(b.Forgotten) > 0 || size+b.size > maxBatch || len(out.Changes)+len(b.Changes) > maxChanges) {
			break
		}
		out.Forgotten = append(out.Forgotten, b.Forgotten...)
		out.Changes = append(out.Changes, b.Changes...)
		out.Repos = append(out.Repos, b.Repos...)
		for endpoint, p := range b.Positions {
			if out.Positions == nil {
				out.Positions = map[string]firehose.Position{}
			}
			out.Positions[endpoint] = p
		}
		size += b.size
		n++
	}
	writes := w.queue[:n:n]
	w.queue = w.queue[n:]
	return out, writes
}

// end says that no more will be written.
func (w *writer) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.change.Broadcast()
}
