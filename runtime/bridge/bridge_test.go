package bridge_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/layers-pub/layers-go/runtime/bridge"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// note is a record of any shape.
type note struct{ lex.Map }

func (*note) RecordType() syntax.NSID { return "com.example.note" }

func newNote() lex.Record { return new(note) }

func parse(t testing.TB, text string) (m lex.Map) {
	t.Helper()
	if err := lex.DecodeJSON([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRules(t *testing.T) {
	for _, test := range []struct {
		rule           bridge.Rule
		old, new, move string
	}{
		{bridge.Rename("b"), `{"a": 1, "c": 2}`, `{"b": 1, "c": 2}`, "/a to /b"},
		{bridge.Rename("b/c"), `{"a": 1}`, `{"b/c": 1}`, "/a to /b~1c"},
		{bridge.Rename("b"), `{"a": 1, "b": 2}`, `{"a": 1, "b": 2}`, "/a stays: the record has b, too"},
		{bridge.Prepend("b"), `{"a": 1}`, `{"b": [1]}`, "/a to /b/0"},
		{bridge.Prepend("b"), `{"a": 1, "b": [2, 3]}`, `{"b": [1, 2, 3]}`, "/a to /b/0"},
		{bridge.Prepend("b"), `{"a": {"x": 1}, "b": [2, {"x": 1}]}`, `{"b": [2, {"x": 1}]}`, "/a to /b/1"},
		{bridge.Prepend("b"), `{"a": 1, "b": 2}`, `{"a": 1, "b": 2}`, "/a stays: b is not an array"},
		{bridge.Wrap("a", "x"), `{"a": "1"}`, `{"a": {"x": "1"}}`, "/a to /a/x"},
		{bridge.Wrap("b", "x"), `{"a": "1"}`, `{"b": {"x": "1"}}`, "/a to /b/x"},
		{bridge.Wrap("b", "x"), `{"a": "1", "b": {}}`, `{"a": "1", "b": {}}`, "/a stays: the record has b, too"},
		{func(record *lex.Map, _ lex.Value) (string, error) {
			record.Set("c", lex.Value{}) // undone, since it fails
			return "", errors.New("no place")
		}, `{"a": 1}`, `{"a": 1}`, "/a stays: no place"},
	} {
		r := &bridge.Record{Collection: "com.example.note", Fields: []bridge.Field{{Name: "a", Rule: test.rule}}, Old: newNote, New: newNote}
		old := parse(t, test.old)
		got, moves, err := r.Upgrade(old)
		if err != nil || moves.String() != test.move || !got.Equal(parse(t, test.new)) {
			t.Errorf("%s becomes %s, %q, %v; want %s, %q", test.old, got, moves, err, test.new, test.move)
		}
		if !old.Equal(parse(t, test.old)) {
			t.Errorf("%s was modified", test.old)
		}
	}
}

// TestRecognize tells old records by their fields, and by the kind of value where both versions have the field.
func TestRecognize(t *testing.T) {
	r := &bridge.Record{Collection: "com.example.note", Old: newNote, New: newNote, Fields: []bridge.Field{
		{Name: "a", Rule: bridge.Rename("b")},
		{Name: "c", Kind: lex.KindText, Rule: bridge.Wrap("c", "x")},
	}}
	for text, want := range map[string]string{
		`{"a": null, "c": "1"}`:   "[a c]",
		`{"c": {"x": "1"}}`:       "[]",
		`{"b": 1, "d": {"a": 1}}`: "[]",
		`{}`:                      "[]",
	} {
		if got := fmt.Sprint(r.Recognize(parse(t, text))); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if _, _, err := r.Upgrade(parse(t, `{"b": 1}`)); !errors.Is(err, bridge.ErrNotOld) {
		t.Errorf("error %v", err)
	}
	upgraded, moves, err := bridge.Upgrade[note](r, &note{parse(t, `{"a": 1, "c": "2", "d": 3}`)})
	if err != nil || !upgraded.Equal(parse(t, `{"b": 1, "c": {"x": "2"}, "d": 3}`)) || fmt.Sprint(moves.Drop()) != "[/a /c]" {
		t.Errorf("%s, %v, %v", upgraded, moves, err)
	}
}
