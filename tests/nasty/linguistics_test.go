//go:build !race

package nasty

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/check"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// joinedPeak is the bound on the heap of records that are decoded, joined and checked.
func joinedPeak(n int) int64 { return 64<<20 + 400*int64(n) }

// world writes records as lines: the URI, a space, the record in JSON.
type world struct{ bytes.Buffer }

const repository = "at://" + string(did) + "/pub.layers."

func (w *world) put(collection string, key int, record string) syntax.ATURI {
	uri := fmt.Sprintf("%s%s/3%012s", repository, collection, strings.NewReplacer("0", "a", "1", "b", "8", "c", "9", "d").Replace(fmt.Sprintf("%012d", key)))
	fmt.Fprintf(w, `%s {"$type":"pub.layers.%s","createdAt":"2026-01-01T00:00:00Z",%s}`+"\n", uri, collection, record)
	return syntax.ATURI(uri)
}

// sentence puts an expression with a text of one-letter words, their tokens, and a layer of annotations.
func sentence(words int, annotations func(i int) string, n int) []byte {
	var w world
	e := w.put("expression.expression", 0, fmt.Sprintf(`"id":"1","kind":"sentence","text":%q`, strings.Repeat("é ", words)))
	var tokens, all strings.Builder
	for i := range words {
		if i > 0 {
			tokens.WriteByte(',')
		}
		fmt.Fprintf(&tokens, `{"tokenIndex":%d,"textSpan":{"byteStart":%d,"byteEnd":%d,"charStart":%d}}`, i, 3*i, 3*i+2, 2*i)
	}
	w.put("segmentation.segmentation", 1, fmt.Sprintf(`"expression":%q,"tokenizations":[{"uuid":{"value":"t"},"kind":"custom","tokens":[%s]}]`, e, &tokens))
	for i := range n {
		if i > 0 {
			all.WriteByte(',')
		}
		all.WriteString(annotations(i))
	}
	layer := w.put("annotation.annotationLayer", 2, fmt.Sprintf(`"expression":%q,"kind":"graph","subkind":"dependency","tokenizationId":{"value":"t"},"annotations":[%s]`, e, &all))
	w.put("annotation.clusterSet", 3, fmt.Sprintf(`"kind":"coreference","layerRef":%q,"clusters":[{"uuid":{"value":"1"},"members":[%s{}]}]`, layer, strings.Repeat(`{"localId":{"value":"0"}},`, n)))
	return w.Bytes()
}

// joinAll decodes, joins and checks records.
func joinAll(t *testing.T, input []byte) {
	index, set := reading.New(), check.Set{}
	var first syntax.ATURI
	for line := range bytes.Lines(input) {
		uri, text, _ := strings.Cut(string(line), " ")
		def, ok := records.Lookup(syntax.ATURI(uri).Collection())
		if !ok {
			t.Fatal(uri)
		}
		value := def.New()
		if err := lex.DecodeJSON([]byte(text), value); err != nil {
			t.Fatal(uri, err)
		}
		index.Add(reading.Record{URI: syntax.ATURI(uri), Value: value})
		set.Add(syntax.ATURI(uri), value)
		if first == "" {
			first = syntax.ATURI(uri)
		}
	}
	e, err := index.Expression(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	for part, err := range e.Sentences(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		for range part.Tokens() {
		}
	}
	set.Warnings()
}

// TestLinguistics joins and checks records that are made so that everything refers to everything.
func TestLinguistics(t *testing.T) {
	var rows []row
	for name, annotation := range map[string]func(i int) string{
		"spans of the whole text": func(i int) string {
			return fmt.Sprintf(`{"uuid":{"value":"%d"},"anchor":{"textSpan":{"byteStart":0,"byteEnd":%d}}}`, i, 3*(i+1)-1)
		},
		"spans with character offsets": func(i int) string {
			return fmt.Sprintf(`{"uuid":{"value":"%d"},"anchor":{"textSpan":{"byteStart":%d,"byteEnd":%d,"charStart":%d}}}`, i, 3*i, 3*i+2, 2*i)
		},
		"arcs to one word": func(i int) string { return fmt.Sprintf(`{"uuid":{"value":"%d"},"targetIndex":%d,"headIndex":0}`, i, i) },
		"a chain of heads": func(i int) string {
			return fmt.Sprintf(`{"uuid":{"value":"%d"},"targetIndex":%d,"headIndex":%d}`, i, i, i+1)
		},
		"a chain of parents": func(i int) string { return fmt.Sprintf(`{"uuid":{"value":"%d"},"parentId":{"value":"%d"}}`, i, i+1) },
		"children of one": func(i int) string {
			return fmt.Sprintf(`{"uuid":{"value":"%d"},"parentId":{"value":"0"},"childIds":[{"value":"0"}]}`, i)
		},
		"one UUID":          func(i int) string { return `{"uuid":{"value":"0"},"tokenIndex":0}` },
		"tags of one token": func(i int) string { return fmt.Sprintf(`{"uuid":{"value":"%d"},"tokenIndex":0}`, i) },
		"no token":          func(i int) string { return fmt.Sprintf(`{"uuid":{"value":"%d"},"tokenIndex":999999999}`, i) },
	} {
		rows = append(rows, row{name: name, size: 1 << 19, peak: joinedPeak, run: joinAll, input: func(size int) []byte { return sentence(size/300, annotation, size/300) }})
	}
	rows = append(rows,
		row{name: "sentences of a document", size: 1 << 19, peak: joinedPeak, run: joinAll, input: func(size int) []byte {
			w := world{}
			w.Write(sentence(size/500, func(i int) string { return fmt.Sprintf(`{"uuid":{"value":"%d"},"tokenIndex":%d}`, i, i) }, size/500))
			for i := range size / 500 {
				w.put("expression.expression", 10+i, fmt.Sprintf(`"id":"x","kind":"sentence","parentRef":"%sexpression.expression/3aaaaaaaaaaaa","anchor":{"textSpan":{"byteStart":%d,"byteEnd":%d}}`, repository, 3*i, 3*i+2))
			}
			return w.Bytes()
		}},
		row{name: "character offsets at the end of a long text", size: 1 << 21, peak: joinedPeak, run: joinAll, input: func(size int) []byte {
			w := world{}
			length := size / 4
			e := w.put("expression.expression", 0, fmt.Sprintf(`"id":"1","kind":"sentence","text":%q`, strings.Repeat("é", length)))
			var tokens, all strings.Builder
			for i := range size / 500 {
				fmt.Fprintf(&tokens, `{"tokenIndex":%d,"textSpan":{"byteStart":%d,"byteEnd":%d,"charEnd":%d}},`, i, 2*length-2, 2*length, length)
				fmt.Fprintf(&all, `{"uuid":{"value":"%d"},"anchor":{"textSpan":{"byteStart":%d,"byteEnd":%d,"charStart":%d}}},`, i, 2*length-2, 2*length, length-1)
			}
			w.put("segmentation.segmentation", 1, fmt.Sprintf(`"expression":%q,"tokenizations":[{"uuid":{"value":"t"},"kind":"custom","tokens":[%s]}]`, e, strings.TrimSuffix(tokens.String(), ",")))
			w.put("annotation.annotationLayer", 2, fmt.Sprintf(`"expression":%q,"kind":"span","annotations":[%s]`, e, strings.TrimSuffix(all.String(), ",")))
			return w.Bytes()
		}},
		row{name: "values that are not known", size: 1 << 19, peak: joinedPeak, run: joinAll, input: func(size int) []byte {
			w := world{}
			w.put("expression.expression", 0, `"id":"1","kind":"sentence"`)
			var all strings.Builder
			for i := range size / 60 {
				fmt.Fprintf(&all, `{"uuid":{"value":"%d"},"kind":"some-kind-%d","tokens":[]},`, i, i)
			}
			w.put("segmentation.segmentation", 1, fmt.Sprintf(`"expression":"%sexpression.expression/3aaaaaaaaaaaa","tokenizations":[%s{"uuid":{"value":"t"},"kind":"custom","tokens":[]}]`, repository, &all))
			return w.Bytes()
		}})
	measure(t, rows)
}
