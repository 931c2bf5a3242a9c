package storesource_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/linguistics/annotate"
	"github.com/layers-pub/layers-go/linguistics/reading"
	"github.com/layers-pub/layers-go/linguistics/reading/storesource"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	did      = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
	sentence = "at://" + did + "/pub.layers.expression.expression/3aaaaaaaaaaa2"
)

// batch returns the change that creates records, each with the same key.
func batch(t *testing.T, all ...lex.Record) *follow.Batch {
	t.Helper()
	b := &follow.Batch{Repos: []follow.Repo{{DID: did, Phase: follow.Live}}}
	for _, r := range all {
		data, err := lex.EncodeCBOR(r)
		if err != nil {
			t.Fatal(err)
		}
		b.Changes = append(b.Changes, &follow.Change{Record: firehose.Record{
			DID: did, Collection: r.RecordType(), RecordKey: "3aaaaaaaaaaa2", Trust: rec.Chained, Action: firehose.Create, CID: cid.Of(cid.DagCBOR, data), Data: data,
		}})
	}
	return b
}

func TestSource(t *testing.T) {
	a, err := annotate.Words(sentence, "Ja.", []string{"Ja", "."})
	if err != nil {
		t.Fatal(err)
	}
	tags, err := a.Tags(annotation.AnnotationLayerSubkindPos, []string{"INTJ", "PUNCT"})
	if err != nil {
		t.Fatal(err)
	}
	all := batch(t, &expression.Expression{ID: "1", Kind: "sentence", Text: lex.Some("Ja."), CreatedAt: a.CreatedAt}, a.Segmentation(), tags)
	for name, opts := range map[string][]boltstore.Option{"with records": {boltstore.WithRecords()}, "without": nil} {
		store, err := boltstore.Open(filepath.Join(t.TempDir(), "store"), opts...)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		if err := store.Apply(t.Context(), all); err != nil {
			t.Fatal(err)
		}
		source := storesource.New(store)
		e, err := reading.New(reading.WithSource(source)).Expression(t.Context(), sentence)
		_, getErr := source.GetRecord(t.Context(), sentence)
		if opts == nil {
			if !errors.Is(err, storesource.ErrNoData) || !errors.Is(getErr, storesource.ErrNoData) {
				t.Errorf("%s: %v, %v", name, err, getErr)
			}
			continue
		}
		if err != nil || getErr != nil || len(e.Problems) > 0 || e.Trust != rec.Chained || e.Tokenization().Tokens[1].Tags.Label("pos") != "PUNCT" {
			t.Errorf("%s: %v, %v, %+v", name, err, getErr, e)
		}
		for _, uri := range []syntax.ATURI{sentence + "2", "at://alice.example.com/pub.layers.expression.expression/3aaaaaaaaaaa2"} {
			if _, err := source.GetRecord(t.Context(), uri); !errors.Is(err, reading.ErrNotFound) {
				t.Errorf("%s: %v", uri, err)
			}
		}
	}
}
