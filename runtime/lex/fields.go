package lex

import (
	"encoding/binary"
	"math"
	"strings"
	"sync/atomic"
)

// Fields is the table of an object type's fields, in canonical order: shorter names first, then by
// bytes. Generated code makes one per type and passes it to [Decoder.Object]; [Decoder.Next] returns positions in it.
// It is immutable.
type Fields struct {
	list     []field
	required uint64 // bit per field, for the first 64
	wide     bool   // more than 64 fields: required and seen fields are tracked by name
	id       uint32 // selects the guess about the order of JSON keys; see jsonGuess
}

type field struct {
	name     string
	words    [3]uint64 // the name in little-endian words, zero padded; longer names compare by name
	required bool
}

// longestFast is the longest field name that is matched by words.
const longestFast = 23

var fieldTables atomic.Uint32

// NewFields makes a table from field names, which must be in canonical order. A name that ends in "!" is a required
// field; the mark is not part of the name.
func NewFields(names ...string) *Fields {
	f := &Fields{list: make([]field, len(names)), wide: len(names) > 64, id: fieldTables.Add(1)}
	for i, name := range names {
		name, required := strings.CutSuffix(name, "!")
		var padded [24]byte
		copy(padded[:], name)
		f.list[i] = field{name: name, required: required}
		for w := range f.list[i].words {
			f.list[i].words[w] = binary.LittleEndian.Uint64(padded[8*w:])
		}
		if required && i < 64 {
			f.required |= 1 << i
		}
	}
	return f
}

// find returns the number of the field called key, or -1.
func (f *Fields) find(key string) int {
	for i := range f.list {
		if f.list[i].name == key {
			return i
		}
	}
	return -1
}

// Cursor is the place in one object that is being decoded. The zero Cursor is ready for
// [Decoder.Object]. It is small because there is one for every object.
type Cursor struct {
	fields *Fields
	extra  *Map
	seen   uint64 // bit per field, for the first 64
	offset int32  // of the object
	left   int32  // DAG-CBOR: entries left. JSON: 0 before the first entry
	prev   int32  // 1 + offset of the previous key when it was an unknown one, else 0
	extras int32  // where its extra fields begin in Decoder.extras, if it has any
	next   uint16 // 1 + number of the last known field, 0 before the first
	state  cursorState
}

type cursorState uint8

const (
	cursorDone     cursorState = 1 << iota // not an object, or at its end: Next returns no more fields
	cursorSlow                             // the next key must be compared with the previous one's text
	cursorMember                           // a union member: its $type is known and not kept
	cursorExtra                            // it has extra fields
	cursorNoObject                         // it has a key that only a link, bytes or a blob has
)

// mark notes that field q was met, and reports whether it had been met before.
func (d *Decoder) mark(c *Cursor, q int) bool {
	word, bit := &c.seen, uint64(1)<<(q&63)
	if q >= 64 {
		word = d.wideWord(c, q)
	}
	again := *word&bit != 0
	*word |= bit
	return again
}

// wideWord returns the word with the bit of field q, which is not among the first 64.
func (d *Decoder) wideWord(c *Cursor, q int) *uint64 {
	if d.wide == nil {
		d.wide = map[int32][]uint64{}
	}
	words := d.wide[c.offset]
	if words == nil {
		n := (len(c.fields.list) + 63) / 64
		d.spend(allocated(8*n) + 64)
		words = make([]uint64, n)
		d.wide[c.offset] = words
	}
	return &words[q/64]
}

func (d *Decoder) met(c *Cursor, q int) bool {
	if q < 64 {
		return c.seen>>q&1 == 1
	}
	return *d.wideWord(c, q)>>(q&63)&1 == 1
}

// complete reports whether every required field was met. For a wide table it returns false: the caller must check
// each field.
func (c *Cursor) complete() bool {
	return c.seen&c.fields.required == c.fields.required && !c.fields.wide
}

// wordMask keeps the first n bytes of a little-endian word.
var wordMask = func() (m [32]uint64) {
	for i := range m {
		m[i] = math.MaxUint64
		if i < 8 {
			m[i] = 1<<(8*i) - 1
		}
	}
	return m
}()

// matches reports whether the name of n bytes at text is the field's. first is the name's first word, masked.
func (f *field) matches(text *[24]byte, n int, first uint64) bool {
	return f.words[0] == first && len(f.name) == n && (n <= 8 || f.matchesRest(text, n))
}

func (f *field) matchesRest(text *[24]byte, n int) bool {
	if binary.LittleEndian.Uint64(text[8:])&wordMask[(n-8)&31] != f.words[1] {
		return false
	}
	return n <= 16 || binary.LittleEndian.Uint64(text[16:])&wordMask[(n-16)&31] == f.words[2]
}

// keyLess reports whether a comes before b in the canonical order of DAG-CBOR map keys: by length, then by bytes.
func keyLess(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// compareKeys is keyLess for sorting.
func compareKeys(a, b string) int {
	if n := len(a) - len(b); n != 0 {
		return n
	}
	return strings.Compare(a, b)
}
