package firehose

import (
	"sync"

	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// reused is the memory of a job with Options.Reuse. It is used again for another job when the loop is done with this
// one.
type reused struct {
	frame     []byte
	arena     *lex.Arena
	records   []*Record
	used      int // how many of the records the job uses
	overwrite bool
}

var reusedPool = sync.Pool{New: func() any { return &reused{arena: new(lex.Arena)} }}

// maxReused is the capacity of the largest buffer for a frame that is kept for other jobs, in bytes.
const maxReused = 256 << 10

// reuse returns a job for a copy of m, in memory that is used again after release. If overwrite is set, the memory is
// new, and release overwrites it instead.
func reuse(m stream.Message, overwrite bool) *stream.Job {
	r := &reused{arena: &lex.Arena{Overwrite: true}, overwrite: true}
	if !overwrite {
		r = reusedPool.Get().(*reused)
	}
	r.frame = append(r.frame[:0], m.Data...)
	m.Data = r.frame
	return &stream.Job{Message: m, Cost: int64(len(m.Data)), Memory: r}
}

// newRecord returns an empty record, which is in the job's memory if that is used again.
func newRecord(j *stream.Job) *Record {
	r, ok := j.Memory.(*reused)
	if !ok {
		return new(Record)
	}
	if r.used == len(r.records) {
		r.records = append(r.records, new(Record))
	}
	r.used++
	return r.records[r.used-1]
}

// release makes the memory of a job available to other jobs. It is called when the loop is done with the job's events.
func release(j *stream.Job) {
	r, ok := j.Memory.(*reused)
	if !ok {
		return
	}
	for _, e := range r.records[:r.used] {
		*e = Record{}
	}
	r.used = 0
	r.arena.Reset()
	if r.overwrite {
		for i := range r.frame {
			r.frame[i] = 0xdb
		}
		return // overwritten memory is not used again
	}
	if cap(r.frame) > maxReused {
		r.frame = nil
	}
	reusedPool.Put(r)
}
