package lex

import (
	"reflect"

	"github.com/layers-pub/layers-go/runtime/internal/decode"
	"github.com/layers-pub/layers-go/runtime/internal/memory"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Arena is reusable memory for decoded records, so that decoding a sequence of records allocates nothing after the
// first few:
//
//	var arena lex.Arena
//	for _, block := range blocks {
//		record := arena.New(&recordType)
//		err := lex.Decode(ctx, block, record, lex.DecodeOptions{Arena: &arena})
//		...
//		arena.Reset()
//	}
//
// Records in an Arena are valid until the next [Arena.Reset]; the caller must copy what is needed for longer. Reset
// releases memory that only a large record needed. An Arena must not be used by several goroutines at once. The zero
// Arena is ready to use.
type Arena struct {
	// Overwrite makes Reset overwrite the memory that it reclaims: strings with bytes that are not UTF-8, other values
	// with their zero value. It is for tests, where it exposes a use after Reset.
	Overwrite bool
	// Keep makes Reset leave the memory to the garbage collector instead of reclaiming it, so that values stay valid.
	// Values decoded between two calls of Reset share a few allocations: any of them keeps all of them in memory.
	Keep bool

	memory   memory.Arena
	records  map[syntax.NSID]*recycled
	recycled []*recycled // those of records that have been used since the last Reset
}

// recycled holds the records of one collection that an [Arena] reuses.
type recycled struct {
	records []Record
	values  []reflect.Value // the structs that records point to
	used    int             // how many of the records, from the first on, are in use
}

// New returns an empty record of type t, as t.New does.
func (a *Arena) New(t *RecordDef) Record {
	if a.Keep {
		return t.New()
	}
	r := a.records[t.NSID]
	if r == nil {
		if a.records == nil {
			a.records = map[syntax.NSID]*recycled{}
		}
		r = new(recycled)
		a.records[t.NSID] = r
	}
	if r.used == len(r.records) {
		record := t.New()
		r.records = append(r.records, record)
		r.values = append(r.values, reflect.ValueOf(record).Elem())
	} else {
		r.values[r.used].SetZero()
	}
	if r.used++; r.used == 1 {
		a.recycled = append(a.recycled, r)
	}
	return r.records[r.used-1]
}

// InArena calls decode, and allocates what it decodes in arena instead of new memory. It is for the decode methods of
// values that are decoded into the same memory again and again, such as the pages of a list; a caller of [Decode] sets
// an option instead. It has no effect if the caller has set that option.
func (d *Decoder) InArena(arena *Arena, decode func()) {
	if d.r.Objects.Arena != nil {
		decode()
		return
	}
	arena.lend(&d.r)
	decode()
	arena.giveBack(&d.r)
}

// lend lets d allocate values in the arena until giveBack is called.
func (a *Arena) lend(d *decode.Reader) {
	a.memory.Keep, a.memory.Overwrite = a.Keep, a.Overwrite
	a.memory.Lend(&d.Objects, &d.Kept, len(d.Data))
}

// giveBack ends the loan of lend: d allocates new memory again.
func (a *Arena) giveBack(d *decode.Reader) { a.memory.GiveBack(&d.Objects, &d.Kept) }

// Reset reclaims the memory of all records that were decoded into the arena since the last Reset. The caller must not
// use them any more, unless Keep is set.
func (a *Arena) Reset() {
	a.memory.Keep, a.memory.Overwrite = a.Keep, a.Overwrite
	a.memory.Reset()
	for _, r := range a.recycled {
		if a.Overwrite {
			for _, v := range r.values[:r.used] {
				v.SetZero()
			}
		}
		r.used = 0
	}
	a.recycled = a.recycled[:0]
}
