package view_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
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
