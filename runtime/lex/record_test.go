package lex_test

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func envelopes(t *testing.T, end error, texts ...string) iter.Seq2[rec.Envelope, error] {
	t.Helper()
	return func(yield func(rec.Envelope, error) bool) {
		for i, text := range texts {
			uri := syntax.ATURI("at://did:plc:abc/com.example.sample/" + string(rune('a'+i)))
			if text == "" {
				uri = "at://did:plc:abc/com.example.other/x"
			}
			if !yield(rec.Envelope{URI: uri, Data: []byte(text), Encoding: lex.JSON, Trust: rec.Served}, nil) {
				return
			}
		}
		if end != nil {
			yield(rec.Envelope{}, end)
		}
	}
}

func TestDecodeAll(t *testing.T) {
	batch, err := rec.DecodeAll[sample](context.Background(), envelopes(t, nil, with(""), "{}", "", "not JSON", with(`"kind":"k"`)))
	if err != nil {
		t.Fatal(err)
	}
	if want := (rec.Counts{Expected: 5, Decoded: 2, Failed: 2, Skipped: 1}); batch.Counts != want {
		t.Errorf("got %+v, want %+v", batch.Counts, want)
	}
	if len(batch.Entries) != 2 || len(batch.Failures) != 2 || len(batch.Skipped) != 1 {
		t.Fatalf("lists do not match the account: %+v", batch)
	}
	failure := batch.Failures[1]
	if string(failure.Data) != "not JSON" || failure.URI != "at://did:plc:abc/com.example.sample/d" || len(failure.Issues) == 0 {
		t.Errorf("a failure lost what it was about: %+v", failure)
	}
	if batch.Entries[1].Value.Kind.Or("") != "k" || batch.Entries[1].Trust != rec.Served {
		t.Errorf("%+v", batch.Entries[1])
	}
}

func TestDecodeAllEnds(t *testing.T) {
	cut := errors.New("cut")
	batch, err := rec.DecodeAll[sample](context.Background(), envelopes(t, cut, with(""), with("")))
	if !errors.Is(err, cut) || batch.Counts.Decoded != 2 {
		t.Errorf("%v, %+v", err, batch.Counts)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := rec.DecodeAll[sample](ctx, envelopes(t, nil, with(""))); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestCheckKey(t *testing.T) {
	for _, test := range []struct {
		rule string
		key  syntax.RecordKey
		ok   bool
	}{
		{"tid", "3l3famgxlzxwf", true}, {"tid", "self", false},
		{"nsid", "com.example.a", true}, {"nsid", "self", false},
		{"any", "self", true}, {"any", "a b", false}, {"any", "", false},
		{"literal:self", "self", true}, {"literal:self", "other", false},
	} {
		err := lex.RecordDef{NSID: "com.example.a", Key: test.rule}.CheckKey(test.key)
		if (err == nil) != test.ok {
			t.Errorf("%s %q: %v", test.rule, test.key, err)
		}
	}
}

func TestTrustOrder(t *testing.T) {
	if rec.Hashed <= rec.Served || rec.Chained.String() != "chained" || rec.Trust(9).String() != "Trust(9)" {
		t.Error("levels of trust are out of order or have no names")
	}
}
