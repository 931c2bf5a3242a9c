package vocabulary_test

import (
	"errors"
	"maps"
	"testing"

	"github.com/layers-pub/layers-go/examples/vocabulary"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/linguistics/annotate"
	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
)

func TestCount(t *testing.T) {
	n := atptest.New(t) // a directory, and a server for the account
	alice := n.NewAccount("alice.test")
	uri := alice.Put("3mbfvwaa2k222", &expression.Expression{ID: "1", Kind: "sentence", Text: lex.Some("The cat saw the dog."), CreatedAt: "2026-01-02T03:04:05Z"})
	a, err := annotate.Words(uri, "The cat saw the dog.", []string{"The", "cat", "saw", "the", "dog", "."})
	if err != nil {
		t.Fatal(err)
	}
	alice.Put("3mbfvwaa2k223", a.Segmentation())
	client, err := pds.New(pds.WithNetwork(n.Options()))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"the": 2, "cat": 1, "saw": 1, "dog": 1, ".": 1}

	got, err := vocabulary.Count(t.Context(), client, "alice.test")
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}

	// A server that fails once is asked again; one that leaves out a block is found out.
	alice.PDS().Fail(fault.HTML(502).Once(), "com.atproto.sync.getRepo")
	got, err = vocabulary.Count(t.Context(), client, "alice.test")
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("after a failure: got %v, %v", got, err)
	}
	alice.PDS().Fail(fault.CutBlocks(1), "com.atproto.sync.getRepo")
	if got, err = vocabulary.Count(t.Context(), client, "alice.test"); !errors.Is(err, car.ErrNotFound) {
		t.Errorf("without a block: got %v, %v", got, err)
	}
}
