package firehose

import (
	"sync"

	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// reused is the memory of a job with Options.Reuse.
type reused struct {
	frame     []byte
	arena     *lex.Arena
	records   []*Record
	used      int
	overwrite bool
}

var reusedPool = sync.Pool{New: func() any { return &reused{arena: new(lex.Arena)} }}

// maxReused is how large a frame's memory may be that is used again.
const maxReused = 256 << 10

// reuse returns a job whose memory will be used again.
func reuse(m stream.Message, overwrite bool) *stream.Job {
	r := &reused{arena: &lex.Arena{Overwrite: true}, overwrite: true}
	if !overwrite {
		r = reusedPool.Get().(*reused)
	}
	r.frame = append(r.frame[:0], m.Data...)
	m.Data = r.frame
	return &stream.Job{Message: m, Cost: int64(len(m.Data)), Memory: r}
}

// newRecord returns a record in the memory of a job.
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

// release gives the memory of a job back when the loop is done with it.
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
		return // what was overwritten stays so
	}
	if cap(r.frame) > maxReused {
		r.frame = nil
	}
	reusedPool.Put(r)
}
