// Package group carries out writes in order and in groups: all writes that are waiting, up to a limit, are carried
// out together, because a transaction of many writes costs little more than a transaction of one.
package group

import (
	"context"
	"sync"
)

const (
	maxQueued = 32 << 20 // bytes of writes that wait, or are being carried out
	maxGroup  = 8 << 20  // bytes of writes that are carried out together
)

// Writer carries out writes of type W. It is safe for concurrent use.
type Writer[W any] struct {
	apply func(context.Context, []W) error
	first func(W) bool

	mu     sync.Mutex
	change sync.Cond // signalled when anything changes
	queue  []sized[W]
	size   int64 // of the writes in queue and of those that are being carried out
	last   int64 // number of the last write that was put
	done   int64 // number of the last write that was carried out
	ended  bool
	err    error
}

type sized[W any] struct {
	write  W
	size   int64
	number int64
}

// New returns a writer, for which [Writer.Run] has to be called. apply carries out a group of writes; it is called by
// one goroutine. first reports whether a write must be the first of its group.
func New[W any](apply func(context.Context, []W) error, first func(W) bool) *Writer[W] {
	w := &Writer[W]{apply: apply, first: first}
	w.change.L = &w.mu
	return w
}

// Put adds a write of size bytes, and returns its number. While more than 32 MiB of writes are not done, it waits,
// until ctx ends. It fails if an earlier write has failed.
func (w *Writer[W]) Put(ctx context.Context, write W, size int64) (number int64, err error) {
	defer w.wakeWith(ctx)()
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.size > maxQueued && w.err == nil && ctx.Err() == nil {
		w.change.Wait()
	}
	switch {
	case w.err != nil:
		return 0, w.err
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	}
	w.last++
	w.queue = append(w.queue, sized[W]{write, size, w.last})
	w.size += size
	w.change.Broadcast()
	return w.last, nil
}

// Wait waits until the write with a number, and all writes before it, are carried out, or until ctx ends. It fails if
// one of them has failed.
func (w *Writer[W]) Wait(ctx context.Context, number int64) error {
	defer w.wakeWith(ctx)()
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

// wakeWith wakes waiting calls when ctx ends. The returned function ends that.
func (w *Writer[W]) wakeWith(ctx context.Context) (stop func() bool) {
	return context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.change.Broadcast()
	})
}

// Run carries out writes. It returns nil when [Writer.End] has been called and all writes are done, or the error of
// apply, which Put and Wait then return, too.
func (w *Writer[W]) Run(ctx context.Context) error {
	for {
		writes, last, size := w.next()
		if len(writes) == 0 {
			return nil
		}
		err := w.apply(ctx, writes)
		w.mu.Lock()
		w.size -= size
		if w.err = err; err == nil {
			w.done = last
		}
		w.change.Broadcast()
		w.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// next waits for writes and returns the next group, the number of its last write and its size. The group is empty at
// the end.
func (w *Writer[W]) next() (writes []W, last, size int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.queue) == 0 && !w.ended {
		w.change.Wait()
	}
	for _, next := range w.queue {
		if len(writes) > 0 && (w.first(next.write) || size+next.size > maxGroup) {
			break
		}
		writes, last, size = append(writes, next.write), next.number, size+next.size
	}
	w.queue = w.queue[len(writes):]
	return writes, last, size
}

// End says that no more writes will be put.
func (w *Writer[W]) End() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.change.Broadcast()
}
