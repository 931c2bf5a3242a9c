package decode

import (
	"encoding/binary"
	"math"
	"strings"
	"sync/atomic"
)

// Table is the table of an object type's fields, in canonical order: shorter names first, then by
// bytes. Generated code makes one per type and passes it to [Reader.Object]; [Reader.Next] returns positions in it.
// It is immutable.
type Table struct {
	list     []field
	tokens   []token // of the fields in list, for JSON
	factor   uint64  // of the hash that selects one of slots; see slot
	slots    [128]uint8
	required uint64 // bit per field, for the first 64
	wide     bool   // more than 64 fields: required and seen fields are tracked by name
	id       uint32 // selects the guess about the order of JSON keys; see guess
}

type field struct {
	name     string
	words    [3]uint64 // its DAG-CBOR in little-endian words, zero padded; zero if it has more bytes
	required bool
}

// longestFast is the longest field name that is matched by words: its length is in the first byte.
const longestFast = 23

var fieldTables atomic.Uint32

// NewTable makes a table from field names, which must be in canonical order. A name that ends in "!" is a required
// field; the mark is not part of the name.
func NewTable(names ...string) Table {
	f := Table{list: make([]field, len(names)), tokens: make([]token, len(names)), wide: len(names) > 64, id: fieldTables.Add(1)}
	for i, name := range names {
		name, required := strings.CutSuffix(name, "!")
		f.list[i] = field{name: name, required: required}
		f.tokens[i] = newToken(name)
		if len(name) <= longestFast {
			padded := [24]byte{0x60 + byte(len(name))}
			copy(padded[1:], name)
			for w := range f.list[i].words {
				f.list[i].words[w] = binary.LittleEndian.Uint64(padded[8*w:])
			}
		}
		if required && i < 64 {
			f.required |= 1 << i
		}
	}
	if !f.wide {
		f.place()
	}
	return f
}

// place fills slots, each with the number of the first field that belongs there, with the factor that gives most fields a
// slot of their own.
func (f *Table) place() {
	most := -1
	for try := range uint64(32) {
		t := Table{factor: (2*try + 1) * 0x9e3779b97f4a7c15}
		for i := range t.slots {
			t.slots[i] = uint8(len(f.list))
		}
		alone := 0
		for q := range f.list {
			if slot := &t.slots[t.slot(f.list[q].words[0])]; *slot == uint8(len(f.list)) {
				*slot = uint8(q)
				alone++
			}
		}
		if alone > most {
			most, f.factor, f.slots = alone, t.factor, t.slots
		}
	}
}

// slot returns the number of the slot of a field whose first word is first.
func (f *Table) slot(first uint64) int { return int(first * f.factor >> 57) }

// find returns the number of the field called key, or -1.
func (f *Table) find(key string) int {
	for i := range f.list {
		if f.list[i].name == key {
			return i
		}
	}
	return -1
}

// keep has the masks that keep the first n bytes of three little-endian words.
var keep = func() (masks [32][3]uint64) {
	for n := range masks {
		for w := range masks[n] {
			masks[n][w] = 1<<(8*min(max(n-8*w, 0), 8)) - 1
		}
	}
	return masks
}()

// matches reports whether the name of n bytes at text is the field's. first is the first word there, masked.
func (f *field) matches(text *[32]byte, n int, first uint64) bool {
	return f.words[0] == first && (n < 8 || f.matchesRest(text, n))
}

func (f *field) matchesRest(text *[32]byte, n int) bool {
	mask := &keep[(n+1)&31]
	return (binary.LittleEndian.Uint64(text[8:])&mask[1]^f.words[1])|(binary.LittleEndian.Uint64(text[16:])&mask[2]^f.words[2]) == 0
}

// token is how a field's name usually stands in JSON: with the quote and the colon after it, and without white space.
type token struct {
	length      int
	words, mask [3]uint64 // little-endian
}

func newToken(name string) (t token) {
	text := name + `":`
	t.length = len(text)
	if len(text) > 8*len(t.words) {
		t.words[0] = math.MaxUint64 // no text: its mask is zero
		return t
	}
	var padded, mask [24]byte
	for i := range copy(padded[:], text) {
		mask[i] = 0xff
	}
	for w := range t.words {
		t.words[w] = binary.LittleEndian.Uint64(padded[8*w:])
		t.mask[w] = binary.LittleEndian.Uint64(mask[8*w:])
	}
	return t
}

// at reports whether text begins with the token.
func (t *token) at(text *[24]byte) bool {
	a := binary.LittleEndian.Uint64(text[:])&t.mask[0] ^ t.words[0]
	b := binary.LittleEndian.Uint64(text[8:])&t.mask[1] ^ t.words[1]
	c := binary.LittleEndian.Uint64(text[16:])&t.mask[2] ^ t.words[2]
	return a|b|c == 0
}
