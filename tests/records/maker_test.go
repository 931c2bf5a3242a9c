package records

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// maker makes values that keep to a schema.
type maker struct {
	random *rand.Rand
	// values is how many more values may be made: what is optional is left out when there are none.
	values int
	// plain makes the least that is valid: no optional fields, no extra ones, no odd text.
	plain bool
}

// chance reports true once in n times.
func (m *maker) chance(n int) bool { return !m.plain && m.random.IntN(n) == 0 }

func pick[T any](m *maker, from ...T) T {
	if m.plain {
		return from[0]
	}
	return from[m.random.IntN(len(from))]
}

// record makes a record. Way leads to one value that it is to have.
func (m *maker) record(s schema, way []step) object {
	o := m.object(s, way)
	o["$type"] = s.doc.ID
	return o
}

func (m *maker) value(s schema, way []step) any {
	m.values--
	switch s.node.Type {
	case "object":
		o := m.object(s, way)
		if m.chance(20) {
			// Of no meaning here, but it has to survive; the name of another type, above all.
			o["$type"] = pick(m, "com.example.stray", "pub.layers.defs#textQuoteSelector", "#x", " ")
		}
		return o
	case "array":
		return m.array(s, way)
	case "string":
		return m.string(s)
	case "integer":
		return m.integer(s)
	case "boolean":
		return m.chance(2)
	case "blob":
		return m.blob(s)
	case "union":
		return m.member(s, way)
	}
	panic(s.doc.ID + s.node.Pointer + ": the tests know no " + s.node.Type)
}

func (m *maker) object(s schema, way []step) object {
	o := object{}
	for _, p := range s.node.Properties {
		switch {
		case len(way) > 0 && way[0] == p.Name:
			o[p.Name] = m.value(s.at(p.Node), way[1:])
		case s.required(p.Name), m.values > 0 && m.chance(2):
			o[p.Name] = m.value(s.at(p.Node), nil)
		}
	}
	m.addExtra(s, o)
	return o
}

func (m *maker) array(s schema, way []step) any {
	low, high := s.limits()
	if len(way) > 0 { // it has to have an item
		return m.items(s, max(low, 1), way[1:])
	}
	n := max(low, 0)
	if m.values > 0 && !m.plain {
		n = max(n, m.random.IntN(4))
		if m.chance(10) {
			n = max(n, m.random.IntN(40))
		}
	}
	if high >= 0 {
		n = min(n, high)
	}
	return m.items(s, n, nil)
}

// items makes an array of n items, the first of which is led on to.
func (m *maker) items(s schema, n int, way []step) []any {
	items := make([]any, 0, n)
	for range n {
		items = append(items, m.value(s.at(s.node.Items), way))
		way = nil
	}
	return items
}

func (m *maker) member(s schema, way []step) any {
	variants := s.variants()
	if !s.node.Closed && len(way) == 0 && m.chance(3) {
		return m.unknownMember()
	}
	typ := pick(m, slices.Sorted(maps.Keys(variants))...)
	if len(way) > 0 {
		typ = strings.TrimPrefix(way[0], "|")
		way = way[1:]
	}
	o := m.object(variants[typ], way)
	o["$type"] = typ
	if !strings.Contains(typ, "#") && m.chance(3) {
		o["$type"] = typ + "#main"
	}
	return o
}

func (m *maker) unknownMember() object {
	o := m.anyObject(2)
	o["$type"] = pick(m, "com.example.other", "com.example.other#main", "com.example.other#thing", "pub.layers.defs#span", "no NSID")
	return o
}

func (m *maker) integer(s schema) any {
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	if s.node.Minimum != nil {
		low = *s.node.Minimum
	}
	if s.node.Maximum != nil {
		high = *s.node.Maximum
	}
	values := []int64{0, 1, -1, 23, 24, 255, 256, 65535, 65536, math.MaxUint32, math.MaxUint32 + 1, 1<<53 + 1, -24, -25, -256, -257, low, high, m.random.Int64(), -m.random.Int64()}
	values = slices.DeleteFunc(values, func(v int64) bool { return v < low || v > high })
	return pick(m, values...)
}

func (m *maker) string(s schema) string {
	low, high := s.limits()
	if s.node.Format != "" {
		return m.formatted(s.node.Format)
	}
	if len(s.node.KnownValues) > 0 && m.chance(2) {
		return pick(m, s.node.KnownValues...)
	}
	low = max(low, 0)
	if high < 0 {
		high = 1000
	}
	switch {
	case m.plain:
		return m.text(max(low, min(high, 1)))
	case m.chance(10):
		return m.text(low)
	case m.chance(10) && high <= 600:
		return m.text(high)
	}
	return m.text(min(high, low+m.random.IntN(40)))
}

// pieces are what text is made of: of each length in UTF-8, what JSON escapes, and graphemes of several runes.
var pieces = []string{
	"a", "Z", "0", " ", "\"", "\\", "/", "<", "&", "'", "\x00", "\x1f", "\b", "\f", "\n", "\r", "\t", "\x7f",
	"é", "ß", "\u0080", "\u07ff", "ש", "İ", "e\u0301", "\u200b", "\u2028", "\u2029", "\ufeff", "\ufffd", "\uffff", "ﬁ", "言", "語", "\ud7ff", "\ue000",
	"𝒜", "😀", "👩‍👩‍👧", "🇫🇷", "\U00010000", "\U0010ffff",
}

// text makes text of n bytes.
func (m *maker) text(n int) string {
	if m.plain {
		return strings.Repeat("x", n)
	}
	var b strings.Builder
	ascii := m.chance(2)
	for b.Len() < n {
		if b.Len() > 100_000 { // enough of that
			b.WriteString(strings.Repeat("x", n-b.Len()))
			break
		}
		piece := pieces[m.random.IntN(len(pieces))]
		if ascii || b.Len()+len(piece) > n {
			piece = string(rune('a' + m.random.IntN(26)))
		}
		b.WriteString(piece)
	}
	return b.String()
}

// formatted makes a string of a format.
func (m *maker) formatted(format string) string {
	did := pick(m, "did:plc:dlkuiatgml2qsceoi5njkvs7", "did:web:example.com", "did:web:localhost%3A8080", "did:method:a:b-c_d.e")
	handle := pick(m, "anna.example.com", "xn--ls8h.example", "A.CO", "8.cn")
	tid := pick(m, "3jzfcijpj2z2a", "2222222222222", "jzzzzzzzzzzzz")
	switch format {
	case "at-identifier":
		return pick(m, did, handle)
	case "at-uri":
		uri := "at://" + pick(m, did, handle)
		if m.chance(8) {
			return uri
		}
		uri += "/" + pick(m, "pub.layers.expression.expression", "com.example.thing-1.b")
		if m.chance(8) {
			return uri
		}
		return uri + "/" + pick(m, tid, "self", "a:b_c~d.e-f")
	case "cid":
		return m.link().text()
	case "datetime":
		return pick(m, "1985-04-12T23:20:50.123Z", "2024-02-29T23:59:59.999999999Z", "2000-01-01T00:00:00+00:00", "2024-06-30T12:00:00.1-05:30", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z")
	case "did":
		return did
	case "uri":
		return pick(m, "https://example.com/a?b=c#d", "http://localhost", "urn:isbn:0451450523", "at://"+did, "mailto:a@example.com", "dns:x", "https://example.com/%C3%A9", "https://example.com/"+strings.Repeat("a", 200))
	}
	panic("the tests know no format " + format)
}

// link makes a link: to a block of DAG-CBOR, or to raw bytes.
func (m *maker) link() link {
	b := []byte{1, pick(m, byte(0x55), 0x71), 0x12, 32}
	for range 32 {
		b = append(b, byte(m.random.Uint32()))
	}
	return link(b)
}

func (m *maker) blob(s schema) object {
	mime := "text/plain"
	if len(s.node.Accept) > 0 {
		mime = strings.Replace(pick(m, s.node.Accept...), "*", "x-test", 1)
	}
	if m.chance(4) {
		mime += "; charset=utf-8"
	}
	if m.chance(4) { // the form of old records
		return object{"cid": m.link().text(), "mimeType": mime}
	}
	size := int64(1 << 40)
	if s.node.MaxSize != nil {
		size = *s.node.MaxSize
	}
	o := object{"$type": "blob", "ref": m.link(), "mimeType": mime, "size": pick(m, size, 0, 1, m.random.Int64N(size))}
	for m.chance(10) {
		o[m.text(m.random.IntN(30))+"?"] = m.any(1)
	}
	return o
}

// addExtra adds fields to o that its lexicon does not name.
func (m *maker) addExtra(s schema, o object) {
	for m.chance(5) {
		name := pick(m, "extra", "", "x", m.text(m.random.IntN(30)), strings.Repeat("long", 1+m.random.IntN(80)))
		if len(s.node.Properties) > 0 && m.chance(2) { // all but the name of a field
			known := pick(m, s.node.Properties...).Name
			name = pick(m, known[:len(known)-1], known+"x", strings.ToUpper(known), known+"\x00", strings.Replace(known, "e", "é", 1), "é"+known)
		}
		if !slices.ContainsFunc(s.node.Properties, func(p property) bool { return p.Name == name }) {
			o[name] = m.any(3)
		}
	}
}

// any makes any value of the data model.
func (m *maker) any(depth int) any {
	switch n := m.random.IntN(10); {
	case n == 0:
		return nil
	case n == 1:
		return m.chance(2)
	case n == 2:
		return pick(m, m.random.Int64(), -m.random.Int64(), math.MinInt64, math.MaxInt64, int64(m.random.IntN(300)))
	case n == 3:
		return []byte(m.text(m.random.IntN(40)))
	case n == 4:
		return m.link()
	case n == 5 && depth > 0:
		items := []any{}
		for m.chance(2) {
			items = append(items, m.any(depth-1))
		}
		return items
	case n == 6 && depth > 0:
		return m.anyObject(depth - 1)
	}
	return m.text(m.random.IntN(60))
}

func (m *maker) anyObject(depth int) object {
	o := object{}
	for !m.chance(3) && !m.plain {
		o[m.text(m.random.IntN(12))] = m.any(depth)
	}
	if m.chance(4) {
		o["$type"] = fmt.Sprint("com.example.type", m.random.IntN(9))
	}
	return o
}
