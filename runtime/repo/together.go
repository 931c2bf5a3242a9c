package repo

import (
	"cmp"
	"context"
	"io"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
)

// together decodes in several goroutines: the workers and the receiver, which is the goroutine of the loop. Each takes the
// next chunk of the walk, decodes it, and takes another. The receiver yields the chunks in the order of the walk, and
// decodes another chunk whenever the one that it must yield next is not ready. So no goroutine depends on another one for
// walking or decoding, and they rarely wait.
//
// Two limits bound the memory: the number and the size of chunks are limited, and workers pause when the decoded records
// that the receiver has not reached exceed [MaxAhead].
func (d *decoding) together(ctx context.Context) iter.Seq2[*Decoded, error] {
	return func(yield func(*Decoded, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		q := d.newQueue()
		defer q.giveBack()
		var running sync.WaitGroup
		defer running.Wait()
		defer q.end()
		defer cancel()

		var ahead atomic.Int64
		for i := range q.owners[1:] {
			own := &q.owners[1+i]
			running.Go(func() {
				w := decodingWorker{decoding: d, ahead: counter{shared: &ahead}}
				for c := q.take(ctx, own, true); c != nil; c = q.take(ctx, own, true) {
					c.run(ctx, &w)
				}
			})
		}
		w := decodingWorker{decoding: d, ahead: counter{shared: &ahead}}
		for {
			c := q.head(ctx, &q.owners[0], &w)
			if !c.decoded(ctx, &w, yield) {
				return
			}
			if err := cmp.Or(panics.Resume(c.failed), panics.Resume(c.err)); err != nil {
				if err != io.EOF {
					yield(nil, err)
				}
				return
			}
			q.next(c)
		}
	}
}

// queue divides the walk into chunks. Each goroutine has chunks of its own, because a processor is slow to write memory
// that another processor has written.
type queue struct {
	decoding *decoding
	limit    chunkLimit
	owners   []owner // the first is the receiver

	mu     sync.Mutex
	walk   *walk
	batch  []Leaf
	leaves []Leaf // those of the batch that are in no chunk yet
	err    error  // the error of the walk, which comes after leaves
	ended  bool   // set when no more chunks can be taken

	// order is a ring of the chunks that are being decoded or are ready, in the order of the walk: chunk number n is
	// at n modulo the length, for n from yielded up to, but not including, taken.
	order          []*chunk
	taken, yielded int
}

// owner has the chunks of one goroutine.
type owner struct {
	chunks []chunk
	free   []*chunk // the one that was used last comes last, since the processor may still have it in its caches
	freed  sync.Cond
}

func (d *decoding) newQueue() *queue {
	q := &queue{
		decoding: d,
		limit:    d.chunkLimit(),
		owners:   make([]owner, d.workers),
		walk:     d.repo.newWalk(),
		batch:    make([]Leaf, walkedAtOnce),
		order:    make([]*chunk, chunksAhead*d.workers),
	}
	for i := range q.owners {
		o := &q.owners[i]
		o.freed.L = &q.mu
		o.chunks = make([]chunk, chunksAhead)
		for i := range o.chunks {
			o.chunks[i] = chunk{owner: o, arena: d.arena(), ready: make(chan struct{}, 1)}
			o.free = append(o.free, &o.chunks[i])
		}
	}
	return q
}

// take fills the next chunk for its owner to decode. If the owner has none that is free, it waits for one, or returns nil
// if wait is false. At the end it returns nil. The last chunk has the error of the walk, or io.EOF.
func (q *queue) take(ctx context.Context, own *owner, wait bool) *chunk {
	q.mu.Lock()
	defer q.mu.Unlock()
	for wait && !q.ended && len(own.free) == 0 {
		own.freed.Wait()
	}
	last := len(own.free) - 1
	if q.ended || last < 0 {
		return nil
	}
	c := own.free[last]
	own.free = own.free[:last]
	q.order[q.taken%len(q.order)] = c
	q.taken++
	c.leaves, c.records, c.done, c.failed = c.leaves[:0], c.records[:0], 0, nil
	c.err, q.ended = errEnded, true
	defer func() {
		if q.ended {
			q.wake()
		}
		if c.err == errEnded { // by runtime.Goexit
			c.ready <- struct{}{}
		}
	}()
	c.err = panics.Catch(func() error { return q.fill(ctx, c) })
	q.ended = c.err != nil
	return c
}

// fill copies the next leaves of the walk into c. With the last leaves it returns the error of the walk, or io.EOF.
func (q *queue) fill(ctx context.Context, c *chunk) error {
	if len(q.leaves) == 0 && q.err == nil {
		var n int
		n, q.err = q.walk.next(ctx, q.batch)
		if q.err == io.EOF {
			q.err = cmp.Or(q.walk.finish(ctx), io.EOF)
		}
		q.leaves = q.batch[:n]
	}
	q.leaves = q.leaves[c.fill(q.leaves, q.limit):]
	if len(q.leaves) > 0 {
		return nil
	}
	return q.err
}

// head returns the chunk that is to be yielded next, once it is decoded. Until then, the receiver decodes others.
func (q *queue) head(ctx context.Context, own *owner, w *decodingWorker) *chunk {
	for {
		c := q.first()
		if c != nil {
			select {
			case <-c.ready:
				return c
			default:
			}
		}
		if other := q.take(ctx, own, false); other != nil {
			other.run(ctx, w)
		} else if c != nil {
			<-c.ready
			return c
		}
	}
}

// first returns the chunk that is to be yielded next, or nil if it was not taken yet.
func (q *queue) first() *chunk {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.yielded == q.taken {
		return nil
	}
	return q.order[q.yielded%len(q.order)]
}

// next returns c to its owner, now that its records have been yielded.
func (q *queue) next(c *chunk) {
	q.mu.Lock()
	q.yielded++
	c.owner.free = append(c.owner.free, c)
	q.mu.Unlock()
	c.owner.freed.Signal()
}

// end ends the queue early: no more chunks are taken.
func (q *queue) end() {
	q.mu.Lock()
	q.ended = true
	q.mu.Unlock()
	q.wake()
}

func (q *queue) wake() {
	for i := range q.owners {
		q.owners[i].freed.Signal()
	}
}

// giveBack gives back the arenas of all chunks. No goroutine may use the chunks afterwards.
func (q *queue) giveBack() {
	for i := range q.owners {
		for k := range q.owners[i].chunks {
			giveBack(q.owners[i].chunks[k].arena)
		}
	}
}
