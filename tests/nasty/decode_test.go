//go:build !race

package nasty

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/alignment"
	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/graph"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
)

// shape makes a value of about size bytes, in JSON or in DAG-CBOR.
type shape struct {
	name string
	json bool
	make func(size int) []byte
}

// repeat returns piece as often as it fits into size, with between between two.
func repeat(before, piece, between, after string, size int) []byte {
	n := max(size/(len(piece)+len(between)), 1)
	return []byte(before + strings.TrimSuffix(strings.Repeat(piece+between, n), between) + after)
}

// repeatCBOR returns an array or a map of as many pieces as fit into size, behind before.
func repeatCBOR(major byte, before, piece string, size int) []byte {
	n := max(size/len(piece), 1)
	return append(append([]byte(before), head(major, n)...), strings.Repeat(piece, n)...)
}

// head is the head of a value of DAG-CBOR with an argument of four bytes, which is not the shortest below 65,536.
func head(major byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{major<<5 | byte(n)}
	case n < 1<<8:
		return []byte{major<<5 | 24, byte(n)}
	case n < 1<<16:
		return []byte{major<<5 | 25, byte(n >> 8), byte(n)}
	}
	return []byte{major<<5 | 26, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

// keys returns distinct keys that, with their values, fill size bytes, in an order.
func keys(size int, order string) []string {
	list := make([]string, size/14)
	for i := range list {
		list[i] = fmt.Sprintf("%07x", i)
	}
	switch order {
	case "descending":
		for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
			list[i], list[j] = list[j], list[i]
		}
	case "random":
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	case "twice":
		for i := range list {
			list[i] = list[i/2]
		}
	}
	return list
}

func objectJSON(order string) func(size int) []byte {
	return func(size int) []byte {
		var b bytes.Buffer
		for i, key := range keys(size, order) {
			b.WriteString([]string{",", "{"}[min(1, max(0, 1-i))])
			fmt.Fprintf(&b, `"%s":%d`, key, i%10)
		}
		return append(b.Bytes(), '}')
	}
}

func objectCBOR(order string) func(size int) []byte {
	return func(size int) []byte {
		list := keys(size*14/9, order)
		b := head(5, len(list))
		for i, key := range list {
			b = append(append(append(b, 0x67), key...), byte(i%10))
		}
		return b
	}
}

func of(before, piece, between, after string) func(size int) []byte {
	return func(size int) []byte { return repeat(before, piece, between, after, size) }
}

func array(piece string) func(size int) []byte {
	return func(size int) []byte { return repeatCBOR(4, "", piece, size) }
}

// nested returns the object or array that open and close make around others, 60 deep, as often as it fits.
func nested(open, inner, end string) func(size int) []byte {
	piece := strings.Repeat(open, 60) + inner + strings.Repeat(end, 60)
	return of("[", piece, ",", "]")
}

// deepest returns inner, which grows, inside 60 objects or arrays.
func deepest(open string, inner func(size int) []byte, end string) func(size int) []byte {
	return func(size int) []byte {
		return append(append([]byte(strings.Repeat(open, 60)), inner(size)...), strings.Repeat(end, 60)...)
	}
}

var shapes = []shape{
	{"keys ascending", true, objectJSON("ascending")},
	{"keys descending", true, objectJSON("descending")},
	{"keys in random order", true, objectJSON("random")},
	{"keys twice", true, objectJSON("twice")},
	{"one key again and again", true, of("{", `"a":1`, ",", "}")},
	{"key with an escape, again and again", true, of("{", `"\u0061":1`, ",", "}")},
	{"key of the whole size, with 1,001 issues behind it", true, func(size int) []byte {
		return []byte(`{"` + strings.Repeat("k", size) + `":[` + strings.Repeat("0.5,", 1000) + `0.5]}`)
	}},
	{"keys that are long, with an issue each", true, func(size int) []byte {
		return repeat(`{"a":[`, `{"`+strings.Repeat("~", 2000)+`":0.5}`, ",", "]}", size)
	}},
	{"long keys 60 deep, with 1,001 issues", true, func(size int) []byte {
		open := `{"` + strings.Repeat("k", size/60) + `":`
		return []byte(strings.Repeat(open, 60) + `[` + strings.Repeat("0.5,", 1000) + `0.5]` + strings.Repeat("}", 60))
	}},
	{"floats", true, of("[", "0.5", ",", "]")},
	{"integers", true, of("[", "1", ",", "]")},
	{"numbers with exponents", true, of("[", "1e18", ",", "]")},
	{"decimal fractions that are zero", true, of("[", "1.0", ",", "]")},
	{"one number with many digits", true, of("[", "9", "", "]")},
	{"one number with many zeros behind the point", true, of("[1.", "0", "", "]")},
	{"one number with many zeros before its digits", true, of("[0.", "0", "", "1e5]")},
	{"one number with a long exponent", true, of("[1e", "0", "", "1]")},
	{"empty strings", true, of("[", `""`, ",", "]")},
	{"short strings", true, of("[", `"ab"`, ",", "]")},
	{"one long string", true, of(`["`, "a", "", `"]`)},
	{"one long string of escapes", true, of(`["`, `\n`, "", `"]`)},
	{"one long string of surrogate pairs", true, of(`["`, `\ud83d\ude00`, "", `"]`)},
	{"one long string of lone surrogates", true, of(`["`, `\ud83d`, "", `"]`)},
	{"one long string that is not UTF-8", true, of(`["`, "\xff", "", `"]`)},
	{"short strings with an escape", true, of("[", `"\n"`, ",", "]")},
	{"empty arrays", true, of("[", "[]", ",", "]")},
	{"empty objects", true, of("[", "{}", ",", "]")},
	{"objects with two keys in the wrong order", true, of("[", `{"b":0,"a":0}`, ",", "]")},
	{"arrays 60 deep", true, nested("[", "", "]")},
	{"objects 60 deep", true, nested(`{"a":`, "1", "}")},
	{"objects 60 deep, with $type last", true, nested(`{"a":`, "1", `,"$type":"x"}`)},
	{"objects 60 deep, in the wrong order", true, nested(`{"b":`, "1", `,"a":1}`)},
	{"keys in the wrong order, 60 deep", true, deepest(`{"b":`, objectJSON("descending"), `,"a":1}`)},
	{"typed objects, 60 deep", true, deepest(`{"b":`, objectJSON("random"), `,"$type":"x"}`)},
	{"blobs without a size", true, of("[", `{"$type":"blob"}`, ",", "]")},
	{"links", true, of("[", `{"$link":"bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"}`, ",", "]")},
	{"a long link", true, of(`[{"$link":"b`, "a", "", `"}]`)},
	{"empty bytes", true, of("[", `{"$bytes":""}`, ",", "]")},
	{"long bytes", true, of(`[{"$bytes":"`, "AAAA", "", `"}]`)},
	{"white space", true, of("[", " ", "", "]")},
	{"brackets that stay open", true, of("", "[", "", "")},
	{"a string that stays open", true, of(`["`, `\n`, "", "")},

	{"map keys ascending", false, objectCBOR("ascending")},
	{"map keys descending", false, objectCBOR("descending")},
	{"map keys in random order", false, objectCBOR("random")},
	{"map keys twice", false, objectCBOR("twice")},
	{"CBOR floats of 16 bits", false, array("\xf9\x00\x00")},
	{"CBOR floats of 64 bits", false, array("\xfb\x80\x10\x00\x00\x00\x00\x00\x01")},
	{"CBOR integers", false, array("\x01")},
	{"CBOR negative integers of 64 bits", false, array("\x3b\xff\xff\xff\xff\xff\xff\xff\xff")},
	{"CBOR nulls", false, array("\xf6")},
	{"CBOR empty strings", false, array("\x60")},
	{"CBOR empty bytes", false, array("\x40")},
	{"CBOR empty arrays", false, array("\x80")},
	{"CBOR empty maps", false, array("\xa0")},
	{"CBOR lengths that are too long", false, array("\x78\x01a")},
	{"CBOR control characters", false, func(size int) []byte {
		return append(head(3, size), strings.Repeat("\x01", size)...)
	}},
	{"CBOR text that is not UTF-8", false, func(size int) []byte {
		return append(head(3, size), strings.Repeat("\xff", size)...)
	}},
	{"CBOR links without a digest", false, array("\xd8\x2a\x41\x00")},
	{"CBOR tags in tags", false, func(size int) []byte { return bytes.Repeat([]byte{0xd8, 0x2a}, size/2) }},
	{"CBOR typed maps in typed maps", false, array(strings.Repeat("\xa2\x61a", 60) + "\x01" + strings.Repeat("\x65$type\x61x", 60))},
	{"CBOR arrays that announce more than there is", false, func(size int) []byte {
		return bytes.Repeat(append(head(4, size/8)[:0:0], 0x9a, 0, 1, 0, 0), size/5)
	}},
}

// readers are the ways to read a value without its type, and with types whose items are large.
var readers = []struct {
	name string
	read func(b []byte, json bool) error
}{
	{"as a map", func(b []byte, json bool) error { return decode(b, json, new(lex.Map)) }},
	{"as a field that nobody knows", func(b []byte, json bool) error { return decode(wrap(b, json), json, new(graph.GraphNode)) }},
	{"transcoded", func(b []byte, json bool) error {
		var err error
		if json {
			_, err = lex.JSONToCBOR(b)
		} else {
			_, err = lex.CBORToJSON(b)
		}
		return err
	}},
	{"raw", func(b []byte, json bool) error { return decode(b, json, new(lex.Raw)) }},
	{"as annotations", func(b []byte, json bool) error {
		return decode(field("annotations", b, json), json, new(annotation.AnnotationLayer))
	}},
}

func decode(b []byte, json bool, v lex.Decodable) error {
	if json {
		return lex.DecodeJSON(b, v)
	}
	return lex.DecodeCBOR(b, v)
}

// field returns an object whose one field is b.
func field(name string, b []byte, json bool) []byte {
	if json {
		return append(append([]byte(`{"`+name+`":`), b...), '}')
	}
	return append(append(append([]byte{0xa1}, head(3, len(name))...), name...), b...)
}

func wrap(b []byte, json bool) []byte { return field("unknown", b, json) }

// TestDecode reads each shape in each way. Most of them have issues; how many is for other tests to say.
func TestDecode(t *testing.T) {
	var rows []row
	for _, s := range shapes {
		for _, r := range readers {
			rows = append(rows, row{
				name:  s.name + ", " + r.name,
				input: s.make,
				run:   func(_ *testing.T, b []byte) { r.read(b, s.json) },
				size:  1 << 20,
			})
		}
	}
	measure(t, rows)
}

// large are the lists of generated types whose items are large for their shortest form, and such a form in JSON.
var large = []struct {
	name, field, item string
	new               func() lex.Decodable
}{
	{"alignment links", "links", "{}", func() lex.Decodable { return new(alignment.Alignment) }},
	{"alignment links with metadata", "links", `{"metadata":{}}`, func() lex.Decodable { return new(alignment.Alignment) }},
	{"annotations", "annotations", "{}", func() lex.Decodable { return new(annotation.AnnotationLayer) }},
	{"annotations with anchors", "annotations", `{"anchor":{"textSpan":{}}}`, func() lex.Decodable { return new(annotation.AnnotationLayer) }},
	{"tokenizations", "tokenizations", "{}", func() lex.Decodable { return new(segmentation.Segmentation) }},
	{"tokens", "tokenizations", `{"tokens":[{}]}`, func() lex.Decodable { return new(segmentation.Segmentation) }},
	{"tokenizations that are no objects", "tokenizations", "0", func() lex.Decodable { return new(segmentation.Segmentation) }},
	{"knowledge references", "knowledgeRefs", "{}", func() lex.Decodable { return new(graph.GraphNode) }},
	{"languages", "languages", `""`, func() lex.Decodable { return new(annotation.AnnotationLayer) }},
	{"records in a list", "records", "{}", func() lex.Decodable { return rec.NewRecordPage[annotation.AnnotationLayer]("records", rec.Source{}) }},
	{"selectors of a union", "links", `{"metadata":{"unknown":{}}}`, func() lex.Decodable { return new(alignment.Alignment) }},
}

// TestLargeItems decodes lists of tiny items that become large structs.
func TestLargeItems(t *testing.T) {
	var rows []row
	for _, l := range large {
		asJSON := of(`{"`+l.field+`":[`, l.item, ",", "]}")
		item, err := lex.JSONToCBOR([]byte(l.item))
		if err != nil {
			t.Fatal(err)
		}
		asCBOR := func(size int) []byte { return field(l.field, array(string(item))(size), false) }
		rows = append(rows,
			row{name: l.name + " in JSON", input: asJSON, run: func(_ *testing.T, b []byte) { lex.DecodeJSON(b, l.new()) }},
			row{name: l.name + " in JSON, into memory that is used again", input: asJSON, run: func(t *testing.T, b []byte) {
				lex.Decode(t.Context(), b, l.new(), lex.DecodeOptions{Encoding: lex.JSON, Arena: new(lex.Arena)})
			}},
			row{name: l.name + " in CBOR, into memory that is used again", input: asCBOR, run: func(t *testing.T, b []byte) {
				lex.Decode(t.Context(), b, l.new(), lex.DecodeOptions{Arena: new(lex.Arena)})
			}},
			row{name: l.name + " in CBOR", input: asCBOR, run: func(_ *testing.T, b []byte) { lex.DecodeCBOR(b, l.new()) }})
	}
	measure(t, rows)
}
