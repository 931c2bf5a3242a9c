package roundtrip

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/lex"
)

const lexiconRoot = "../../lexicons"

type object = map[string]any

// maker makes random values that keep to the lexicons. It reads them by itself: what the generator makes of
// them is what is tested.
type maker struct {
	tb  testing.TB
	set *lexicon.Set
	rng *rand.Rand
	// left is how many more values may be made; then only what is required is.
	left  int
	depth int
	// places are those of the record that is being made, if they are wanted.
	places     []place
	wantPlaces bool
	// made counts, per node of a lexicon, what is too large for every record.
	made map[string]int
	// covered counts the kinds of values, so that none goes missing unnoticed.
	covered map[string]int
}

// place is where a value stands in a record, and how to put something else there.
type place struct {
	pointer  string
	document *lexicon.Document
	node     *lexicon.Node
	value    any
	set      func(any)
	// remove and name are there for a required field of parent.
	remove func()
}

func newMakers(tb testing.TB, seed uint64) []*maker {
	tb.Helper()
	set, err := lexicon.Load(os.DirFS(lexiconRoot), ".")
	if err != nil {
		tb.Fatal(err)
	}
	all := make([]*maker, len(records.Types))
	made, covered := map[string]int{}, map[string]int{}
	for i := range all {
		all[i] = &maker{tb: tb, set: set, rng: rand.New(rand.NewPCG(seed, uint64(i))), made: made, covered: covered}
	}
	return all
}

// record makes a record of the collection.
func (m *maker) record(collection string) object {
	document := m.set.Lookup(collection)
	if document == nil || document.Def("main") == nil || document.Def("main").Node.Type != "record" {
		m.tb.Fatalf("%s: no record has this lexicon", collection)
	}
	m.places, m.left, m.depth = nil, m.rng.IntN(100), 0
	node := document.Def("main").Node.Record
	o := object{"$type": collection}
	typ := &lexicon.Node{Type: "string", Const: collection, Pointer: node.Pointer + "/$type"}
	if m.wantPlaces {
		m.places = append(m.places, field("", o, "$type", true, document, typ))
	}
	m.fill(o, document, node, "")
	return o
}

func field(pointer string, o object, name string, required bool, document *lexicon.Document, node *lexicon.Node) place {
	p := place{pointer: pointer + "/" + escape(name), document: document, node: node, value: o[name]}
	p.set = func(v any) { o[name] = v }
	if required {
		p.remove = func() { delete(o, name) }
	}
	return p
}

var escapes = strings.NewReplacer("~", "~0", "/", "~1")

func escape(step string) string { return escapes.Replace(step) }

// resolve follows references to the node that they mean.
func (m *maker) resolve(document *lexicon.Document, node *lexicon.Node) (*lexicon.Document, *lexicon.Node) {
	for node.Type == "ref" {
		target, def, ok := m.set.Resolve(document, node.Ref)
		if !ok {
			m.tb.Fatalf("%s: %s is nowhere", document.ID, node.Ref)
		}
		document, node = target, def.Node
	}
	return document, node
}

// fill adds the fields of an object.
func (m *maker) fill(o object, document *lexicon.Document, node *lexicon.Node, pointer string) {
	if len(node.Nullable) > 0 {
		m.tb.Fatalf("%s%s: the test knows no nullable fields", document.ID, node.Pointer)
	}
	m.depth++
	for _, property := range node.Properties {
		required := slices.Contains(node.Required, property.Name)
		if !required && (m.left <= 0 || m.rng.IntN(m.depth+1) > 0 && m.rng.IntN(2) == 0) {
			continue
		}
		d, n := m.resolve(document, property.Node)
		o[property.Name] = m.value(d, n, pointer+"/"+escape(property.Name))
		if m.wantPlaces {
			m.places = append(m.places, field(pointer, o, property.Name, required, d, n))
		}
	}
	if m.rng.IntN(8) == 0 && m.left > 0 {
		m.extra(o, node)
	}
	m.depth--
}

// extraNames are beside what a lexicon may call a field; some need escapes in JSON or in pointers.
var extraNames = []string{
	"", "a", "x", "zz", "~", "a/b", "~1", "\"", "\\", "\x00", "é", "日本語", "👩‍👩‍👧", "$", "$typ", "$types", "$links", "Name", "with space",
	"<&>", "\u2028", "$bytes", "$link", strings.Repeat("n", 23), strings.Repeat("n", 24), strings.Repeat("é", 150),
}

// extra adds fields that the lexicon does not name: now and then so many that their number takes a byte more.
func (m *maker) extra(o object, node *lexicon.Node) {
	n := 1 + m.rng.IntN(3)
	if m.rng.IntN(20) == 0 {
		n = 30
	}
	for range n {
		name := extraNames[m.rng.IntN(len(extraNames))]
		if n == 30 && m.rng.IntN(2) == 0 {
			name = "extra" + strconv.Itoa(m.rng.IntN(1000))
		}
		taken := slices.ContainsFunc(node.Properties, func(p lexicon.Property) bool { return p.Name == name })
		reserved := (name == "$link" || name == "$bytes") // an object with nothing else would be no object in JSON
		if !taken && !reserved {
			o[name] = m.anything(2)
			m.covered["extra field"]++
		}
	}
}

// anything makes a value that no lexicon describes.
func (m *maker) anything(depth int) any {
	kinds := 10
	if depth == 0 {
		kinds = 7
	}
	switch m.rng.IntN(kinds) {
	case 0:
		return nil
	case 1:
		return m.rng.IntN(2) == 0
	case 2:
		return m.integer(new(lexicon.Node))
	case 3, 4:
		return m.text(m.rng.IntN(60))
	case 5:
		b := make(lex.Bytes, m.rng.IntN(40))
		for i := range b {
			b[i] = byte(m.rng.Uint32())
		}
		return b
	case 6:
		return m.link()
	case 7:
		list := make([]any, m.rng.IntN(5))
		for i := range list {
			list[i] = m.anything(depth - 1)
		}
		return list
	case 8:
		return m.blob(new(lexicon.Node))
	}
	o := object{}
	if m.rng.IntN(2) == 0 {
		o["$type"] = "com.example.thing#part"
	}
	for range m.rng.IntN(5) {
		if name := extraNames[m.rng.IntN(len(extraNames))]; name != "$link" && name != "$bytes" {
			o[name] = m.anything(depth - 1)
		}
	}
	return o
}

// value makes a value that node describes; node is no ref.
func (m *maker) value(document *lexicon.Document, node *lexicon.Node, pointer string) any {
	m.left--
	if len(node.StringEnum)+len(node.IntEnum) > 0 || node.Const != nil || node.MinGraphemes != nil || node.MaxGraphemes != nil {
		m.tb.Fatalf("%s%s: the test does not know all its rules", document.ID, node.Pointer)
	}
	m.covered[strings.TrimSpace(node.Type+" "+node.Format)]++
	switch node.Type {
	case "object":
		o := object{}
		m.fill(o, document, node, pointer)
		if m.rng.IntN(10) == 0 && o["$type"] == nil {
			o["$type"] = "com.example.thing" // allowed where none is needed, and kept
		}
		return o
	case "array":
		return m.array(document, node, pointer)
	case "union":
		return m.union(document, node, pointer)
	case "string":
		return m.string(document, node)
	case "integer":
		return m.integer(node)
	case "boolean":
		return m.rng.IntN(2) == 0
	case "blob":
		return m.blob(node)
	}
	m.tb.Fatalf("%s%s: the test does not know the type %s", document.ID, node.Pointer, node.Type)
	return nil
}

func (m *maker) array(document *lexicon.Document, node *lexicon.Node, pointer string) any {
	least, n := or(node.MinLength, 0), m.rng.IntN(4)
	if m.left <= 0 {
		n = 0
	}
	if most := or(node.MaxLength, math.MaxInt64); m.rng.IntN(60) == 0 && most <= 64 || most <= 10_000 && m.first(document, node) {
		n = int(most)
		m.covered["array at its maximum"]++
	}
	n = max(n, int(least))
	d, item := m.resolve(document, node.Items)
	list := make([]any, n)
	left := m.left
	for i := range list {
		if i == 4 {
			m.left = 0 // nothing optional in the many others
		}
		at := pointer + "/" + strconv.Itoa(i)
		list[i] = m.value(d, item, at)
		if m.wantPlaces {
			m.places = append(m.places, place{pointer: at, document: d, node: item, value: list[i], set: func(v any) { list[i] = v }})
		}
	}
	m.left = left - n
	return list
}

// first reports whether this is the first time that it is asked of the node, with some luck: the second record
// should have something new, too.
func (m *maker) first(document *lexicon.Document, node *lexicon.Node) bool {
	key := document.ID + node.Pointer
	if m.made[key] > 0 || m.rng.IntN(4) > 0 {
		return false
	}
	m.made[key]++
	return true
}

func (m *maker) union(document *lexicon.Document, node *lexicon.Node, pointer string) any {
	i := m.rng.IntN(len(node.Refs) + 1)
	if i == len(node.Refs) {
		if node.Closed {
			i = 0
		} else {
			m.covered["union member unknown"]++
			o := object{"$type": "com.example.selector#other"}
			m.extra(o, &lexicon.Node{})
			m.places = append(m.places, m.memberType(o, pointer, document, node))
			return o
		}
	}
	m.covered["union member known"]++
	ref := node.Refs[i]
	d, member := m.resolve(document, &lexicon.Node{Type: "ref", Ref: ref})
	if strings.HasPrefix(ref, "#") {
		ref = document.ID + ref
	}
	o := object{"$type": strings.TrimSuffix(ref, "#main")}
	m.fill(o, d, member, pointer)
	m.places = append(m.places, m.memberType(o, pointer, document, node))
	return o
}

// memberType is the place of a member's $type: what is wrong with it is wrong with the member.
func (m *maker) memberType(o object, pointer string, document *lexicon.Document, union *lexicon.Node) place {
	node := &lexicon.Node{Type: memberType, Pointer: union.Pointer + "/$type"}
	p := field(pointer, o, "$type", true, document, node)
	p.pointer = pointer
	return p
}

const memberType = "member's $type"

// count counts a value at its limit, if there is one.
func (m *maker) count(kind string, limit *int64) {
	if limit != nil {
		m.covered[kind]++
	}
}

func or(limit *int64, otherwise int64) int64 {
	if limit == nil {
		return otherwise
	}
	return *limit
}

func (m *maker) integer(node *lexicon.Node) int64 {
	least, most := or(node.Minimum, math.MinInt64), or(node.Maximum, math.MaxInt64)
	switch m.rng.IntN(4) {
	case 0:
		m.count("integer at its minimum", node.Minimum)
		return least
	case 1:
		m.count("integer at its maximum", node.Maximum)
		return most
	case 2: // where the length of the encoding changes
		n := int64(1)<<m.rng.IntN(63) - int64(m.rng.IntN(2))
		if m.rng.IntN(2) == 0 {
			n = -n
		}
		return min(max(n, least), most)
	}
	return min(max(m.rng.Int64N(1000)-300, least), most)
}

func (m *maker) string(document *lexicon.Document, node *lexicon.Node) string {
	least, most := or(node.MinLength, 0), or(node.MaxLength, math.MaxInt64)
	if node.Format != "" {
		valid := formats[node.Format].valid
		if len(valid) == 0 {
			m.tb.Fatalf("the test knows no %s", node.Format)
		}
		s := valid[m.rng.IntN(len(valid))]
		if node.Format == "uri" && node.MaxLength != nil && m.rng.IntN(2) == 0 {
			s += strings.Repeat("a", int(most)-len(s))
			m.covered["string at its maximum"]++
		}
		return s
	}
	if n := len(node.KnownValues); n > 0 && m.rng.IntN(2) == 0 {
		m.covered["known value"]++
		return node.KnownValues[m.rng.IntN(n)]
	}
	switch {
	case m.rng.IntN(16) == 0 && most <= 4096, node.MaxLength != nil && m.first(document, node):
		m.covered["string at its maximum"]++
		return m.text(int(most))
	case m.rng.IntN(8) == 0:
		m.count("string at its minimum", node.MinLength)
		return m.text(int(least))
	}
	return m.text(int(min(max(m.rng.Int64N(50), least), most)))
}

// pieces are of one to many bytes; there is something in them for everyone who escapes, counts or truncates.
var pieces = []string{
	"a", "b", " ", "0", "\"", "\\", "/", "\n", "\t", "\x00", "\x1f", "\x7f", "<", "&", "é", "ß", "\u0080", "\u07ff", "\u0800", "日", "本", "\u2028",
	"\ufeff", "\ufffd", "\uffff", "\ud7ff", "\ue000", "👩", "\U00010000", "\U0010ffff", "e\u0301", "👩‍👩‍👧", "🇩🇪", "क्षि",
}

// text makes a string of n bytes, most of whose characters have more than one.
func (m *maker) text(n int) string {
	var b strings.Builder
	b.Grow(n)
	for b.Len() < n {
		piece := pieces[m.rng.IntN(len(pieces))]
		if n > 10_000 { // faster
			piece = strings.Repeat(piece, 100)
		}
		if b.Len()+len(piece) > n {
			piece = "z"
		}
		b.WriteString(piece)
	}
	return b.String()
}

func (m *maker) link() lex.CIDLink {
	content := binaryOf(m.rng.Uint64())
	codec := lex.CodecRaw
	if m.rng.IntN(2) == 0 {
		codec = lex.CodecDagCBOR
	}
	return lex.CIDOf(codec, content).Link()
}

func binaryOf(n uint64) []byte { return strconv.AppendUint(nil, n, 36) }

func (m *maker) blob(node *lexicon.Node) object {
	mime := "application/x-thing"
	if len(node.Accept) > 0 {
		mime = node.Accept[m.rng.IntN(len(node.Accept))]
		mime = strings.Replace(mime, "*", "x-thing", 1)
	}
	if node.MaxSize != nil && m.rng.IntN(8) == 0 { // nowhere but where a lexicon asks for a blob
		m.covered["blob in the old form"]++
		return object{"cid": m.link().String(), "mimeType": mime}
	}
	size := m.rng.Int64N(1000)
	if m.rng.IntN(3) == 0 {
		size = or(node.MaxSize, math.MaxInt64)
		m.count("blob at its maximum", node.MaxSize)
	}
	return object{"$type": "blob", "ref": lex.CIDOf(lex.CodecRaw, binaryOf(m.rng.Uint64())).Link(), "mimeType": mime, "size": size}
}

// formats has examples of each format, as the specifications of the protocol describe them.
var formats = map[string]struct{ valid, broken []string }{
	"at-uri": {
		[]string{
			"at://did:plc:ewvi7nxzyoun6zhxrhs64oiz", "at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.corpus.corpus",
			"at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.corpus.corpus/3jzfcijpj2z2a", "at://alice.example.com/com.example.thing/self",
			"at://did:web:example.com/com.example.fooBar/a:b~c_d-e.f",
		},
		[]string{"", "at://", "https://example.com", "at:did:plc:abc", "at://did:plc:abc/nope", "at://did:plc:abc/com.example.thing/", "at://did:plc:abc/com.example.thing/a/b"},
	},
	"at-identifier": {
		[]string{"alice.example.com", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:web:example.com"},
		[]string{"", "alice", "did:", "@alice.example.com", "did:plc:"},
	},
	"cid": {
		[]string{"bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a", "bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity"},
		[]string{"", "b", "bafy reidfay", "not a cid"},
	},
	"datetime": {
		[]string{
			"1985-04-12T23:20:50.123Z", "1985-04-12T23:20:50Z", "1985-04-12T23:20:50.123456Z", "1985-04-12T23:20:50.123+01:45",
			"2024-02-29T00:00:00.0Z", "0010-12-31T23:00:00.000Z", "1985-04-12T23:20:50.12345678912345Z",
		},
		[]string{"", "1985-04-12", "1985-04-12T23:20:50.123", "1985-04-12T23:20:50.123-00:00", "1985-04-12t23:20:50z", "1985-13-12T23:20:50Z", " 1985-04-12T23:20:50Z"},
	},
	"did": {
		[]string{"did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:web:example.com", "did:method:val:two", "did:m:v%20"},
		[]string{"", "did", "did:plc:", "DID:plc:abc", "did:METHOD:val", "did:m:v/a", "did:m:v:"},
	},
	"handle": {
		[]string{"alice.example.com", "xn--notarealidn.com", "a.co"},
		[]string{"", "alice", "alice.", "-a.example.com", "alice.example.123", "jo_hn.example.com"},
	},
	"language": {
		[]string{"de", "en-US", "zh-Hant-TW", "i-navajo", "de-CH-1901", "tlh"},
		[]string{"", "x", "123", "e n", "en_US"},
	},
	"nsid": {
		[]string{"com.example.thing", "pub.layers.corpus.corpus", "a-0.b-1.c3"},
		[]string{"", "com.example", "com.example.3", "com.example.foo-bar", "com..example.thing"},
	},
	"record-key": {
		[]string{"3jzfcijpj2z2a", "self", "a:b", "~1.2-3_"},
		[]string{"", ".", "..", "a/b", "a b", "#"},
	},
	"tid": {
		[]string{"3jzfcijpj2z2a", "7777777777777", "3zzzzzzzzzzzz"},
		[]string{"", "3jzfcijpj2z2", "3jzfcijpj2z21", "zzzzzzzzzzzzz", "3JZFCIJPJ2Z2A"},
	},
	"uri": {
		[]string{"https://example.com", "https://example.com/a?b=c#d", "at://did:plc:abc", "mailto:a@example.com", "urn:isbn:0451450523", "dns:example.com"},
		[]string{"", "example.com", "https:", "https:// a", "//example.com"},
	},
}

// textOf is v in the JSON form of the data model, written by encoding/json: the order of the fields and the
// escapes are not those that this module writes.
func textOf(tb testing.TB, v any) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(plain(v)); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func plain(v any) any {
	switch v := v.(type) {
	case object:
		o := make(object, len(v))
		for key, item := range v {
			o[key] = plain(item)
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = plain(item)
		}
		return list
	case lex.Bytes:
		return object{"$bytes": base64.RawStdEncoding.EncodeToString(v)}
	case lex.CIDLink:
		return object{"$link": v.String()}
	case nil, bool, int64, string:
		return v
	}
	panic(fmt.Sprintf("%T is no value of the data model", v))
}
