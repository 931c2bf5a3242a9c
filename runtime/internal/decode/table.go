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
	tokens   []token    // of the fields in list, for JSON
	factor   uint64     // of the hash that selects one of slots; see slot
	slots    [128]uint8 // the number of a field with each hash, or len(list); see place
	required uint64     // one bit for each of the first 64 fields, set if the field is required
	wide     bool       // more than 64 fields: required and Cursor.seen do not cover all of them
	id       uint32     // selects the guess about the order of JSON keys; see guess
}

// field is a field of a table. Its words are the DAG-CBOR of its name, zero padded and little-endian. The members that
// Next reads come first, so that they are in one line of the processor's cache.
type field struct {
	first, second uint64 // words; first is noName if the name has more than longestFast bytes
	mask          uint64 // selects the bytes that belong to the name in its second word
	bit           uint64 // the field's bit in Cursor.seen; 0 after the first 64 fields
	third         uint64 // the third word
	required      bool
	name          string
}

// noName is a first word that no name has.
const noName = 0xff

// longestFast is the length in bytes of the longest field name that Next compares by words. Its DAG-CBOR has the length
// in the first byte.
const longestFast = 23

// fieldTables counts the tables that were made, to number them.
var fieldTables atomic.Uint32

// NewTable makes a table from field names, which must be in canonical order. A name that ends in "!" is that of a
// required field; all others are optional. A name may also end in "?", which marks an optional field explicitly, so
// that names that themselves end in a mark can be written. The mark is not part of the name.
func NewTable(names ...string) Table {
	f := Table{list: make([]field, len(names)), tokens: make([]token, len(names)), wide: len(names) > 64, id: fieldTables.Add(1)}
	for i, name := range names {
		name, required := strings.CutSuffix(name, "!")
		if !required {
			name = strings.TrimSuffix(name, "?")
		}
		f.list[i] = newField(name, i, required)
		f.tokens[i] = newToken(name)
		if required {
			f.required |= f.list[i].bit
		}
	}
	if !f.wide {
		f.place()
	}
	return f
}

// newField returns field number i of a table.
func newField(name string, i int, required bool) field {
	f := field{name: name, required: required, first: noName}
	if i < 64 {
		f.bit = 1 << i
	}
	if len(name) <= longestFast {
		padded := [24]byte{0x60 + byte(len(name))}
		copy(padded[1:], name)
		f.first = binary.LittleEndian.Uint64(padded[:])
		f.second, f.mask = binary.LittleEndian.Uint64(padded[8:]), keep[1+len(name)][1]
		f.third = binary.LittleEndian.Uint64(padded[16:])
	}
	return f
}

// place sets factor and slots. Each slot gets the number of the first field whose hash selects it. place tries 256
// factors and takes the one with which most fields have a slot of their own. Two names of the same length with the same
// first seven bytes always have the same hash. A field without a slot is found by its name, which takes longer.
func (f *Table) place() {
	most := -1
	for try := uint64(0); try < 256 && most < len(f.list); try++ {
		t := Table{factor: (2*try + 1) * 0x9e3779b97f4a7c15}
		for i := range t.slots {
			t.slots[i] = uint8(len(f.list))
		}
		alone := 0
		for q := range f.list {
			if slot := &t.slots[t.slot(f.list[q].first)]; *slot == uint8(len(f.list)) {
				*slot = uint8(q)
				alone++
			}
		}
		if alone > most {
			most, f.factor, f.slots = alone, t.factor, t.slots
		}
	}
}

// slot returns the number of the slot for a name whose first word is first.
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

// keep[n] has a mask for each of three little-endian words; together they keep the first n of the 24 bytes.
var keep = func() (masks [32][3]uint64) {
	for n := range masks {
		for w := range masks[n] {
			masks[n][w] = 1<<(8*min(max(n-8*w, 0), 8)) - 1
		}
	}
	return masks
}()

// keepName has masks for the first word of a key, by the low five bits of its head: they keep the head and the bytes of
// the name that are in the word.
var keepName = func() (masks [32]uint64) {
	for n := range masks {
		masks[n] = keep[min(n+1, 8)][0]
	}
	return masks
}()

// token is the usual spelling of a field's name in JSON after the opening quote: the name, the closing quote and a
// colon, without white space or escapes.
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
