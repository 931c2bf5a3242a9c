package lex

import (
	"iter"
	"slices"
	"strings"
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/issue"
)

// Map is an object of the atproto data model whose fields no lexicon names: the unknown fields of a typed
// value ("Extra"), a field of lexicon type unknown, or a record of an unknown collection.
// It keeps every value as its canonical DAG-CBOR and loses nothing.
//
// The zero Map is absent and has no fields; [Map.IsSet] distinguishes it from an empty one. Set and Delete
// do not affect copies of the Map. Several goroutines may read a Map at once.
type Map struct{ m *mapData }

type mapData struct {
	absent     bool       // there is no object: only the mark below
	entries    []mapEntry // in canonical order
	incomplete bool       // the object that these are extra fields of lost data when it was decoded
}

type mapEntry struct{ key, raw string }

func (m Map) entries() []mapEntry {
	if m.m == nil {
		return nil
	}
	return m.m.entries
}

// find returns the position where key is or would be inserted, and whether it is there.
func (m Map) find(key string) (int, bool) {
	return slices.BinarySearchFunc(m.entries(), key, func(e mapEntry, key string) int { return compareKeys(e.key, key) })
}

// IsSet reports whether m is an object, even an empty one, and not absent.
func (m Map) IsSet() bool { return m.m != nil && !m.m.absent }

// Len returns the number of fields.
func (m Map) Len() int { return len(m.entries()) }

// Get returns the field called key, and whether there is one.
func (m Map) Get(key string) (Value, bool) {
	if i, ok := m.find(key); ok {
		return Value{m.m.entries[i].raw}, true
	}
	return Value{}, false
}

// All iterates over the fields in canonical order.
func (m Map) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for _, e := range m.entries() {
			if !yield(e.key, Value{e.raw}) {
				return
			}
		}
	}
}

// Set sets the field called key to v.
func (m *Map) Set(key string, v Value) {
	i, found := m.find(key)
	data := m.copy()
	if found {
		data.entries[i].raw = v.raw
	} else {
		data.entries = slices.Insert(data.entries, i, mapEntry{key, v.raw})
	}
	m.m = data
}

// Delete removes the field called key, if there is one.
func (m *Map) Delete(key string) {
	if i, found := m.find(key); found {
		data := m.copy()
		if data.entries = slices.Delete(data.entries, i, i+1); len(data.entries) == 0 {
			data.entries = nil
		}
		m.m = data
	}
}

func (m Map) copy() *mapData {
	if m.m == nil {
		return new(mapData)
	}
	return &mapData{entries: slices.Clone(m.m.entries), incomplete: m.m.incomplete}
}

func (m *Map) markIncomplete() {
	if m.m == nil {
		m.m = &mapData{absent: true}
	}
	m.m.incomplete = true
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

// unknownField stores the entry whose key was just read among the object's extra fields. It does not store the $type
// of a union's member, which the encoder writes, unless its spelling is not the one that the encoder writes.
func (d *Decoder) unknownField(c *Cursor, key string) {
	if c.extra == nil {
		d.pass()
		return
	}
	at := d.key
	raw := d.raw()
	switch {
	case d.dead:
		return
	case key == "$link" || key == "$bytes":
		d.noObject(c)
		return
	case key == "$type":
		if c.state&cursorMember != 0 {
			if !strings.HasSuffix(raw, mainSuffix) {
				return
			}
			d.reportMain(int(c.offset), Value{raw})
		}
		if typ, _ := (Value{raw}).Text(); typ == "" || typ == "blob" {
			d.noObject(c)
		}
	}
	if c.state&cursorExtra == 0 {
		c.state |= cursorExtra
		c.extras = int32(len(d.extras))
	}
	d.use(&d.most.extras, len(d.extras)+1, int(unsafe.Sizeof(extraEntry{})))
	if d.json {
		d.spend(len(raw))
		raw = d.copied(raw) // from the scratch space
	} else {
		raw = d.keep(raw)
	}
	d.extras = append(d.extras, extraEntry{mapEntry{d.keep(key), raw}, int32(at)})
}

// extraEntry is a field of an object that is open, and the offset of its key.
type extraEntry struct {
	mapEntry
	at int32
}

// keepExtras puts the object's extra fields into its Map, in canonical order. They may be in any order in the input,
// and are sorted only once, at the object's end.
func (d *Decoder) keepExtras(c *Cursor) {
	extras := d.extras[c.extras:]
	less := func(a, b extraEntry) int { return compareKeys(a.key, b.key) }
	if !slices.IsSortedFunc(extras, less) {
		slices.SortStableFunc(extras, less)
	}
	if c.extra.m == nil {
		c.extra.m = new(mapData)
	}
	d.spend(allocated(len(extras)*int(unsafe.Sizeof(mapEntry{}))) + allocated(int(unsafe.Sizeof(mapData{}))))
	entries := make([]mapEntry, 0, len(extras))
	for i, e := range extras {
		if i > 0 && e.key == extras[i-1].key {
			d.reportDuplicate(int(e.at), e.key)
		} else {
			entries = append(entries, e.mapEntry)
		}
	}
	c.extra.m.entries = entries
	clear(extras) // so that the decoder does not keep the value in memory
	d.extras = d.extras[:c.extras]
}

// noObject reports that the object that is being decoded is not an object in the data model: it is a link, bytes, a
// blob or malformed.
func (d *Decoder) noObject(c *Cursor) {
	if c.state&cursorNoObject == 0 {
		c.state |= cursorNoObject
		d.report(int(c.offset), issue.RuleType).Want = "object"
	}
}

func (d *Decoder) reportDuplicate(at int, key string) {
	gaveAway := func(i issue.Issue) bool { return i.Offset == at && i.Rule == issue.RuleSyntax }
	if len(d.issues) < MaxIssues && slices.ContainsFunc(d.issues, gaveAway) {
		return // DAG-CBOR: the order of keys gave it away
	}
	d.report(at, issue.RuleSyntax).Want = "duplicate key " + excerpt(key)
}

// raw reads the next value and returns it as DAG-CBOR. The result is part of the input or of the scratch space, and is
// valid until the next call.
func (d *Decoder) raw() string {
	if d.json {
		b := d.transcoding()
		return unsafe.String(unsafe.SliceData(b), len(b))
	}
	at := d.i
	d.skipCBOR()
	return d.s[at:d.i]
}

func (d *Decoder) skip() {
	switch {
	case d.dead:
	case d.json:
		d.skipJSON()
	default:
		d.skipCBOR()
	}
}

var noFields = NewFields()

// Map reads an object whose fields no lexicon names, such as a field of lexicon type unknown.
func (d *Decoder) Map() Map {
	if !d.atObject() {
		d.mismatch("object")
		return Map{}
	}
	m := Map{new(mapData)}
	d.spend(allocated(int(unsafe.Sizeof(mapData{}))))
	var c Cursor
	reads := d.reads
	d.reads, d.optional = nil, false // all fields are kept
	d.Object(&c, noFields, &m)
	for d.Next(&c) >= 0 {
	}
	d.reads = reads
	return m
}

const typedValue = "value of the data model: $type must be a string with content"

// typedFields holds, as DAG-CBOR, the fields by which checkTyped judges an object that has no generated type.
type typedFields struct{ typ, ref, mimeType, size string }

func (f *typedFields) note(key, raw string) {
	switch key {
	case "$type":
		f.typ = raw
	case "ref":
		f.ref = raw
	case "mimeType":
		f.mimeType = raw
	case "size":
		f.size = raw
	}
}

// checkTyped checks an object that has no generated type but a $type: the $type must be a string that is not empty,
// and a blob must have the form that the data model prescribes.
func (d *Decoder) checkTyped(at int, f *typedFields) {
	if f.typ == "" || d.reportedAt(at) {
		return // skipped because it is wrong anyway
	}
	text, _ := Value{f.typ}.Text()
	if text == "" {
		d.report(at, issue.RuleType).Want = typedValue
	}
	if text != "blob" {
		return
	}
	mime, _ := Value{f.mimeType}.Text()
	if n, isInt := (Value{f.size}).Int(); (Value{f.ref}).Kind() != KindLink || mime == "" || !isInt || n < 0 {
		d.report(at, issue.RuleBlob).Want = "blob needs a ref, a mimeType and a size"
	} else if n == 0 && d.purpose != reading {
		d.report(at, issue.RuleBlob).Want = emptyBlob
	}
}
