package repo

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// MaxAhead limits how much memory decoded records may take while they wait for a loop over [Repo.Decode] or [Entries],
// in bytes for each worker. When they take more, the workers pause, and the loop's goroutine decodes the next records
// one by one. In addition, each worker and the loop hold the record that they are working on and, if the archive is in a
// file, up to 4 groups of undecoded records. A group has at most 256 KiB, or one larger record.
const MaxAhead = 8 << 20

const (
	chunksAhead  = 4  // the number of chunks that each goroutine owns
	walkedAtOnce = 64 // the number of leaves that the queue takes from the walk at a time
	// keptTogether is how many records share memory at most, if they are not reused: a loop that keeps one of them keeps
	// them all.
	keptTogether = 32
)

// errEnded is the error when a goroutine has ended before its work was done, without returning an error or panicking.
var errEnded = errors.New("repo: a goroutine that decodes was ended by runtime.Goexit")

// chunkLimit is how many records, and how many bytes of them, a chunk may have; a larger record has a chunk to itself.
// Where memory is reused, chunks are small so that they stay in the processor's caches.
type chunkLimit struct{ records, bytes int }

func (d *decoding) chunkLimit() chunkLimit {
	switch {
	case d.overwrite: // each record's memory is overwritten at the loop's next turn
		return chunkLimit{1, 0}
	case d.reuse:
		return chunkLimit{16, 64 << 10}
	}
	return chunkLimit{keptTogether, loadedTogether}
}

// counter is one goroutine's access to a total that several goroutines add to.
type counter struct {
	shared  *atomic.Int64
	pending int64 // not yet added to shared, which would otherwise move between the processors' caches with each record
}

// mostPending is how much a counter may differ from the shared total before it is added, in bytes.
const mostPending = 64 << 10

func (c *counter) add(n int64) {
	if c.pending += n; c.pending > mostPending || c.pending < -mostPending {
		c.flush()
	}
}

func (c *counter) flush() {
	c.shared.Add(c.pending)
	c.pending = 0
}

func (c *counter) total() int64 { return c.shared.Load() + c.pending }

// arenas holds the arenas of loops that have ended, for use by later loops.
var arenas = sync.Pool{New: func() any { return new(lex.Arena) }}

// chunk is a run of consecutive leaves whose records one goroutine decodes. It is reused after the receiver, which is the
// goroutine of the loop, has yielded its records.
type chunk struct {
	owner   *owner
	leaves  []Leaf
	err     error // the walk's error after these leaves, or a panic; io.EOF if the walk has ended
	loader  loader
	loaded  [][]byte   // the undecoded records of the leaves, up to the first that could not be loaded
	broken  error      // the error of loading the leaf after those of loaded
	arena   *lex.Arena // for values
	done    int        // how many of the leaves have been processed
	records []Decoded
	failed  error // the error of the leaf after those of records, or a panic
	ready   chan struct{}
}

// fit returns how many of the leaves fit in a chunk, from the first on, and how many bytes their records have. If there are
// leaves, it is at least one.
func (limit chunkLimit) fit(leaves []Leaf) (n, size int) {
	for n < len(leaves) && n < limit.records {
		next := leaves[n].at.Size()
		if n > 0 && size+next > limit.bytes {
			break
		}
		size += next
		n++
	}
	return n, size
}

// fill copies leaves into an empty chunk, as many as it may hold, and returns their number.
func (c *chunk) fill(leaves []Leaf, limit chunkLimit) int {
	n, _ := limit.fit(leaves)
	c.leaves = append(c.leaves[:0], leaves[:n]...)
	return n
}

// run decodes the chunk's records, and then sends to c.ready.
func (c *chunk) run(ctx context.Context, w *decodingWorker) {
	c.failed = errEnded
	defer func() { c.ready <- struct{}{} }()
	c.failed = panics.Catch(func() error { return c.decode(ctx, w) })
}

// decode loads the chunk's records, and decodes them until the chunk ends, or until the records that wait for the loop exceed
// [MaxAhead].
func (c *chunk) decode(ctx context.Context, w *decodingWorker) error {
	c.arena.Reset()
	c.records, c.done = c.records[:0], 0
	c.loader.repo = w.repo
	c.loaded, c.broken = c.loader.load(c.leaves)
	defer w.ahead.flush()
	limit := int64(w.workers) * MaxAhead
	for c.done < len(c.leaves) && w.ahead.total() < limit {
		record, ok, err := c.next(ctx, w)
		if err != nil {
			return err
		}
		if ok {
			w.ahead.add(record.cost)
			c.records = append(c.records, record)
		}
	}
	return nil
}

// next decodes the loaded record of the next leaf, or returns the error of loading it. ok reports whether the record must be
// yielded.
func (c *chunk) next(ctx context.Context, w *decodingWorker) (record Decoded, ok bool, err error) {
	leaf := &c.leaves[c.done]
	c.done++
	if c.done > len(c.loaded) {
		return Decoded{}, false, c.broken
	}
	if w.leavesOut(leaf.Collection) {
		return Decoded{}, false, nil
	}
	data := c.loaded[c.done-1]
	record, err = w.decode(ctx, Record{leaf.Collection, leaf.RecordKey, leaf.CID, data}, c.arena)
	return record, err == nil, err
}

// decoded yields the chunk's records: first those that are already decoded, then the rest, which w decodes now. It
// releases each record after yielding it. On an error it stops and sets c.failed. It returns false if the loop ended.
// It is not an iterator, because that would cost several allocations a chunk.
func (c *chunk) decoded(ctx context.Context, w *decodingWorker, yield func(*Decoded, error) bool) bool {
	defer w.ahead.flush()
	for i := range c.records {
		w.ahead.add(-c.records[i].cost)
		if !yield(&c.records[i], nil) {
			return false
		}
		c.records[i] = Decoded{}
		c.passed(w)
	}
	for c.failed == nil && c.done < len(c.leaves) {
		record, ok, err := c.next(ctx, w)
		c.failed = err
		if ok && !yield(&record, nil) {
			return false
		}
		c.passed(w)
	}
	return true
}

// passed overwrites the chunk's one record after the loop's turn with it, if [DecodeOptions].Overwrite is set. The memory
// is not used again, so a later use of the record reads the overwritten bytes and does not race with the next record.
func (c *chunk) passed(w *decodingWorker) {
	if !w.overwrite {
		return
	}
	c.arena.Reset()
	memory := c.loader.memory[:cap(c.loader.memory)]
	for i := range memory {
		memory[i] = 0xdb
	}
	c.arena, c.loader.memory = w.arena(), nil
}
