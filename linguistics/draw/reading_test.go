package draw_test

import (
	"testing"

	"github.com/layers-pub/layers-go/internal/sample"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/linguistics/draw"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

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
	s, err := draw.Expression(t.Context(), e)
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
	about, err := draw.Corpus(t.Context(), joined)
	if err != nil {
		t.Fatal(err)
	}
	recording, err := index.Expression(t.Context(), corpus.Recording)
	if err != nil {
		t.Fatal(err)
	}
	d := &draw.Document{Title: "The corpus of the demo", Sections: []draw.Section{
		about, expressionSection(t, index, corpus.Sentence), expressionSection(t, index, corpus.Japanese), expressionSection(t, index, corpus.Recording),
		draw.Media(recording.Media), draw.Record(corpus.Corpus, joined.Value),
	}}
	golden(t, "sample.txt", text(t, d, nil))
	golden(t, "sample.html", html(t, d))
}
