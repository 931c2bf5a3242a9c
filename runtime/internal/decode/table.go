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
	required uint64  // bit per field, for the first 64
	wide     bool    // more than 64 fields: required and seen fields are tracked by name
	id       uint32  // selects the guess about the order of JSON keys; see guess
}

type field struct {
	name     string
	words    [3]uint64 // the name in little-endian words, zero padded; longer names compare by name
	required bool
}

// longestFast is the longest field name that is matched by words.
const longestFast = 23

var fieldTables atomic.Uint32

// NewTable makes a table from field names, which must be in canonical order. A name that ends in "!" is a required
// field; the mark is not part of the name.
func NewTable(names ...string) Table {
	f := Table{list: make([]field, len(names)), tokens: make([]token, len(names)), wide: len(names) > 64, id: fieldTables.Add(1)}
	for i, name := range names {
		name, required := strings.CutSuffix(name, "!")
		var padded [24]byte
		copy(padded[:], name)
		f.list[i] = field{name: name, required: required}
		f.tokens[i] = newToken(name)
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
func (f *Table) find(key string) int {
	for i := range f.list {
		if f.list[i].name == key {
			return i
		}
	}
	return -1
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
