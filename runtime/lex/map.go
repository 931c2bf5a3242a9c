package lex

import (
	"iter"
	"slices"
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/decode"
	"github.com/layers-pub/layers-go/runtime/internal/input"
)

// Map is an object of the atproto data model whose fields no lexicon names: the unknown fields of a typed
// value ("Extra"), a field of lexicon type unknown, or a record of an unknown collection.
// It keeps every value as its canonical DAG-CBOR and loses nothing.
//
// The zero Map is absent and has no fields; [Map.IsSet] distinguishes it from an empty one. Set and Delete
// do not affect copies of the Map. Several goroutines may read a Map at once.
type Map struct{ m *decode.Extra }

func (m Map) entries() []decode.Entry {
	if m.m == nil {
		return nil
	}
	return m.m.Entries
}

// find returns the position where key is or would be inserted, and whether it is there.
func (m Map) find(key string) (int, bool) {
	return slices.BinarySearchFunc(m.entries(), key, func(e decode.Entry, key string) int { return dagcbor.Compare(e.Key, key) })
}

// IsSet reports whether m is an object, even an empty one, and not absent.
func (m Map) IsSet() bool { return m.m != nil && !m.m.Absent }

// Len returns the number of fields.
func (m Map) Len() int { return len(m.entries()) }

// Get returns the field called key, and whether there is one.
func (m Map) Get(key string) (Value, bool) {
	if i, ok := m.find(key); ok {
		return Value{m.m.Entries[i].Raw}, true
	}
	return Value{}, false
}

// All iterates over the fields in canonical order.
func (m Map) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, e := range m.entries() {
			if !yield(e.Key, Value{e.Raw}) {
				return
			}
		}
	}
}

// Set sets the field called key to v, which must not be the zero Value.
func (m *Map) Set(key string, v Value) {
	i, found := m.find(key)
	data := m.copy()
	if found {
		data.Entries[i].Raw = v.raw
	} else {
		data.Entries = slices.Insert(data.Entries, i, decode.Entry{Key: key, Raw: v.raw})
	}
	m.m = data
}

// Delete removes the field called key, if there is one.
func (m *Map) Delete(key string) {
	if i, found := m.find(key); found {
		data := m.copy()
		if data.Entries = slices.Delete(data.Entries, i, i+1); len(data.Entries) == 0 {
			data.Entries = nil
		}
		m.m = data
	}
}

func (m Map) copy() *decode.Extra {
	if m.m == nil {
		return new(decode.Extra)
	}
	return &decode.Extra{Entries: slices.Clone(m.m.Entries), Incomplete: m.m.Incomplete}
}

// DecodeLex reads any object into m.
func (m *Map) DecodeLex(d *Decoder) { *m = d.Map() }

// EncodeLex writes m; if m is absent, it writes {}.
func (m *Map) EncodeLex(e *Encoder) { e.Map(*m) }

// MarshalJSON returns m in the JSON form of the data model, or null if it is absent.
func (m Map) MarshalJSON() ([]byte, error) {
	if !m.IsSet() {
		return []byte("null"), nil
	}
	return EncodeJSON(&m)
}

// UnmarshalJSON sets m to the object that b encodes in the JSON form of the data model.
func (m *Map) UnmarshalJSON(b []byte) error { return DecodeJSON(b, m) }

// Decode decodes the object into v, as [DecodeCBOR] does.
func (m Map) Decode(v Decodable) error {
	b, err := EncodeCBOR(&m)
	if err != nil {
		return err
	}
	return DecodeCBORShared(b, v)
}

var noFields = NewFields()

// Map reads an object whose fields no lexicon names, such as a field of lexicon type unknown.
func (d *Decoder) Map() Map {
	if !d.r.AtObject() {
		d.r.Mismatch("object")
		return Map{}
	}
	m := Map{new(decode.Extra)}
	d.r.Spend(input.Allocated(int(unsafe.Sizeof(decode.Extra{}))))
	var c Cursor
	reads := d.r.Reads
	d.r.Reads, d.r.Optional = nil, false // all fields are kept
	d.Object(&c, noFields, &m)
	for d.Next(&c) >= 0 {
	}
	d.r.Reads = reads
	return m
}
