package view_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/internal/sample"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/draw"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/linguistics/view"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

var update = flag.Bool("update", false, "write the golden files")

// golden compares output with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	g, w := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("%s differs in line %d (go test -update writes it)\ngot  %s\nwant %s", file, i+1, g[i], w[i])
		}
	}
	if len(g) != len(w) {
		t.Errorf("%s has %d lines, and not %d (go test -update writes it)", file, len(w), len(g))
	}
}

// corpusIndex returns the corpus of the demo.
func corpusIndex(t *testing.T) (*sample.Corpus, *reading.Index) {
	t.Helper()
	corpus, err := sample.New(did)
	if err != nil {
		t.Fatal(err)
	}
	index := reading.New()
	for _, r := range corpus.Records {
		def, ok := records.Lookup(r.Collection)
		if !ok {
			t.Fatalf("no lexicon of %s", r.Collection)
		}
		value := def.New()
		if err := lex.DecodeJSON(r.JSON, value); err != nil {
			t.Fatalf("%s: %v", r.URI, err)
		}
		index.Add(reading.Record{URI: r.URI, Value: value})
	}
	return corpus, index
}

// expressionSection returns the section of an expression.
func expressionSection(t *testing.T, index *reading.Index, uri syntax.ATURI) draw.Section {
	t.Helper()
	e, err := index.Expression(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	s, err := view.Expression(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSample draws the corpus of the demo.
func TestSample(t *testing.T) {
	corpus, index := corpusIndex(t)
	joined, err := index.Corpus(t.Context(), corpus.Corpus)
	if err != nil {
		t.Fatal(err)
	}
	about, err := view.Corpus(t.Context(), joined)
	if err != nil {
		t.Fatal(err)
	}
	recording, err := index.Expression(t.Context(), corpus.Recording)
	if err != nil {
		t.Fatal(err)
	}
	d := &draw.Document{Title: "The corpus of the demo", Sections: []draw.Section{
		about, expressionSection(t, index, corpus.Sentence), expressionSection(t, index, corpus.Japanese), expressionSection(t, index, corpus.Recording),
		view.Media(recording.Media), view.Record(corpus.Corpus, joined.Value),
	}}
	var text, page strings.Builder
	if err := errors.Join(draw.Text(&text, d, nil), draw.HTML(&page, d)); err != nil {
		t.Fatal(err)
	}
	golden(t, "sample.txt", text.String())
	golden(t, "sample.html", page.String())
}

// kinds are the records of an expression with each kind of layer; URI(n) stands for the URI of the record n, and ID(n) for a
// UUID.
const kinds = `
{"$type":"pub.layers.expression.expression","id":"all","kind":"sentence","text":"Ann gave him the old book up","languages":["en"],"createdAt":"2026-01-02T03:04:05Z"}
{"$type":"pub.layers.segmentation.segmentation","expression":"URI(0)","createdAt":"2026-01-02T03:04:05Z","tokenizations":[
 {"uuid":ID(1),"kind":"whitespace","tokens":[{"tokenIndex":0,"textSpan":{"byteStart":0,"byteEnd":3}},{"tokenIndex":1,"textSpan":{"byteStart":4,"byteEnd":8}},{"tokenIndex":2,"textSpan":{"byteStart":9,"byteEnd":12}},
  {"tokenIndex":3,"textSpan":{"byteStart":13,"byteEnd":16}},{"tokenIndex":4,"textSpan":{"byteStart":17,"byteEnd":20},"temporalSpan":{"start":61500,"ending":62000}},{"tokenIndex":5,"textSpan":{"byteStart":21,"byteEnd":25}},{"tokenIndex":6,"textSpan":{"byteStart":26,"byteEnd":28}}]},
 {"uuid":ID(2),"kind":"bpe","tokens":[{"tokenIndex":0,"text":"An"},{"tokenIndex":1,"text":"n"}]}]}
{"subkind":"pos","kind":"token-tag","tokenizationId":ID(1),"annotations":[{"uuid":ID(10),"tokenIndex":0,"label":"PROPN","features":{"entries":[{"key":"Number","value":"Sing"}]}},{"uuid":ID(11),"tokenIndex":1,"label":"VERB"},{"uuid":ID(12),"tokenIndex":1,"label":"AUX"}]}
{"subkind":"pos","kind":"token-tag","tokenizationId":ID(1),"rank":2,"alternativesRef":"URI(2)","annotations":[{"uuid":ID(13),"tokenIndex":1,"label":"NOUN"}]}
{"subkind":"morph","kind":"token-tag","annotations":[{"uuid":ID(14),"tokenIndex":2,"features":{"entries":[{"key":"Case","value":"Acc"},{"key":"Number","value":"Sing"}]}},{"uuid":ID(15),"tokenIndex":5,"label":"a","value":"b"}]}
{"subkind":"ner","kind":"span","tokenizationId":ID(1),"annotations":[{"uuid":ID(20),"anchor":{"textSpan":{"byteStart":0,"byteEnd":3}},"label":"PER"},{"uuid":ID(21),"anchor":{"tokenRefSequence":{"tokenizationId":ID(1),"tokenIndexes":[6,1]}},"label":"PRT"},{"uuid":ID(22),"anchor":{"textSpan":{"byteStart":13,"byteEnd":25}}}]}
{"subkind":"constituency","kind":"tree","tokenizationId":ID(1),"annotations":[{"uuid":ID(30),"label":"S","childIds":[ID(31),ID(32)]},{"uuid":ID(31),"label":"NP","tokenIndex":0},{"uuid":ID(32),"label":"VP","anchor":{"tokenRefSequence":{"tokenizationId":ID(1),"tokenIndexes":[1,2,3,4,5,6]}}}]}
{"subkind":"frame","kind":"relation","tokenizationId":ID(1),"annotations":[{"uuid":ID(40),"label":"Giving","tokenIndex":1,"arguments":[{"role":"Donor","target":{"localId":ID(41)}},{"role":"Theme","target":{"recordRef":"URI(5)","objectId":ID(22)}}]},{"uuid":ID(41),"label":"Ann","anchor":{"textSpan":{"byteStart":0,"byteEnd":3}}}]}
{"subkind":"dependency","kind":"graph","tokenizationId":ID(1),"annotations":[{"uuid":ID(50),"targetIndex":1,"headIndex":-1,"label":"root"},{"uuid":ID(51),"targetIndex":0,"headIndex":1,"label":"nsubj"},{"uuid":ID(52),"targetIndex":2,"headIndex":99,"label":"lost"}]}
{"subkind":"sentiment","kind":"document-tag","annotations":[{"uuid":ID(60),"label":"positive","value":"0.7"},{"uuid":ID(61)}]}
{"subkind":"speaker","kind":"tier","annotations":[{"uuid":ID(70),"label":"A","text":"Ann gave","anchor":{"temporalSpan":{"start":0,"ending":1250}}},{"uuid":ID(71),"label":"p","anchor":{"pageAnchor":{"page":3}}},{"uuid":ID(72),"label":"w","anchor":{"externalTarget":{"source":"https://example.com/x"}}}]}
{"subkind":"custom","labelSet":"subwords","kind":"token-tag","tokenizationId":ID(2),"annotations":[{"uuid":ID(80),"tokenIndex":1,"label":"##"}]}
{"$type":"pub.layers.annotation.clusterSet","expression":"URI(0)","layerRef":"URI(5)","kind":"coreference","createdAt":"2026-01-02T03:04:05Z","clusters":[{"uuid":ID(90),"canonicalLabel":"Ann","members":[{"localId":ID(20)},{"knowledgeRef":{"source":"wikidata","identifier":"Q1"}}]},{"uuid":ID(91),"members":[{"recordRef":"URI(5)","objectId":ID(22)},{"localId":ID(99)}]}]}
{"$type":"pub.layers.expression.expression","id":"part","kind":"phrase","parentRef":"URI(0)","anchor":{"textSpan":{"byteStart":13,"byteEnd":25}},"createdAt":"2026-01-02T03:04:05Z"}
{"$type":"pub.layers.expression.expression","id":"plain","kind":"sentence","text":"No tokens here","createdAt":"2026-01-02T03:04:05Z"}
{"$type":"pub.layers.annotation.annotationLayer","expression":"URI(14)","kind":"span","subkind":"chunk","createdAt":"2026-01-02T03:04:05Z","annotations":[{"uuid":ID(1),"anchor":{"textSpan":{"byteStart":3,"byteEnd":14}},"label":"NP"}]}
{"$type":"pub.layers.expression.expression","id":"bare","kind":"sentence","text":"Nothing is annotated.","createdAt":"2026-01-02T03:04:05Z"}
`

// kindURI returns the URI of a record of kinds.
func kindURI(n int, collection syntax.NSID) syntax.ATURI {
	return syntax.ATURI(fmt.Sprintf("at://%s/%s/3maaaaaaaa%03d", did, collection, n))
}

// TestKinds draws each kind of layer.
func TestKinds(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(strings.ReplaceAll(kinds, "\n ", ""), "\n{\"subkind\"", "\n{\"$type\":\"pub.layers.annotation.annotationLayer\",\"expression\":\"URI(0)\",\"createdAt\":\"2026-01-02T03:04:05Z\",\"subkind\"")), "\n")
	collections := make([]syntax.NSID, len(lines))
	typ := regexp.MustCompile(`"\$type":"([^"]*)"`)
	for i, line := range lines {
		collections[i] = syntax.NSID(typ.FindStringSubmatch(line)[1])
	}
	index := reading.New()
	for i, line := range lines {
		line = regexp.MustCompile(`URI\((\d+)\)`).ReplaceAllStringFunc(line, func(s string) string {
			var n int
			fmt.Sscanf(s, "URI(%d)", &n)
			return string(kindURI(n, collections[n]))
		})
		line = regexp.MustCompile(`ID\((\d+)\)`).ReplaceAllString(line, `{"value":"00000000-0000-4000-8000-0000000000$1"}`)
		line = regexp.MustCompile(`-0000000000(\d)"`).ReplaceAllString(line, `-00000000000$1"`)
		def, _ := records.Lookup(collections[i])
		value := def.New()
		if err := lex.DecodeJSON([]byte(line), value); err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
		index.Add(reading.Record{URI: kindURI(i, collections[i]), Value: value})
	}
	d := &draw.Document{Sections: []draw.Section{}}
	for i, collection := range collections {
		if collection == "pub.layers.expression.expression" {
			d.Sections = append(d.Sections, expressionSection(t, index, kindURI(i, collection)))
		}
	}
	var text strings.Builder
	if err := draw.Text(&text, d, &draw.TextOptions{Width: 110}); err != nil {
		t.Fatal(err)
	}
	golden(t, "kinds.txt", text.String())
}
