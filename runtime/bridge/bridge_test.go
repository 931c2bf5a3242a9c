package bridge_test

import (
	"errors"
	"fmt"
	"strings"
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
		{bridge.Rename("b"), `{"a": 1, "b": 2}`, `{"a": 1, "b": 2}`, "/a stays: the record already has the field b"},
		{bridge.Prepend("b"), `{"a": 1}`, `{"b": [1]}`, "/a to /b/0"},
		{bridge.Prepend("b"), `{"a": 1, "b": [2, 3]}`, `{"b": [1, 2, 3]}`, "/a to /b/0"},
		{bridge.Prepend("b"), `{"a": {"x": 1}, "b": [2, {"x": 1}]}`, `{"b": [2, {"x": 1}]}`, "/a to /b/1"},
		{bridge.Prepend("b"), `{"a": 1, "b": 2}`, `{"a": 1, "b": 2}`, "/a stays: b is not an array"},
		{bridge.Wrap("a", "x"), `{"a": "1"}`, `{"a": {"x": "1"}}`, "/a to /a/x"},
		{bridge.Wrap("b", "x"), `{"a": "1"}`, `{"b": {"x": "1"}}`, "/a to /b/x"},
		{bridge.Wrap("b", "x"), `{"a": "1", "b": {}}`, `{"a": "1", "b": {}}`, "/a stays: the record already has the field b"},
		{bridge.List("a"), `{"a": 1}`, `{"a": [1]}`, "/a to /a/0"},
		{bridge.List("b"), `{"a": 1, "b": []}`, `{"a": 1, "b": []}`, "/a stays: the record already has the field b"},
		{bridge.Text("a"), `{"a": -12}`, `{"a": "-12"}`, "/a to /a"},
		{bridge.Text("b"), `{"a": 7}`, `{"b": "7"}`, "/a to /b"},
		{bridge.Text("b"), `{"a": "7"}`, `{"a": "7"}`, "/a stays: the value is not an integer"},
		{bridge.Text("b"), `{"a": 7, "b": 1}`, `{"a": 7, "b": 1}`, "/a stays: the record already has the field b"},
		{func(*lex.Map, lex.Value) (string, error) { return "b", nil }, `{"a": 1}`, `{"a": 1}`, `/a stays: the rule returned "b", which is not a JSON pointer`},
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
		`{"a": null, "c": "1"}`:   "[/a /c]",
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

// memo is a record that was called note.
type memo struct{ lex.Map }

func (*memo) RecordType() syntax.NSID { return "com.example.memo" }

// strict is a record of which the fields s of the objects in list have to be strings, and n of the record an integer.
type strict struct{ lex.Map }

func (*strict) RecordType() syntax.NSID { return "com.example.note" }

type strictItem struct{ extra lex.Map }

var (
	strictFields     = lex.NewFields("n", "list")
	strictItemFields = lex.NewFields("s")
)

func (v *strict) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, strictFields, &v.Map)
	for i := d.Next(&c); i >= 0; i = d.Next(&c) {
		if i == 0 {
			d.Int(lex.Min, lex.Max)
		} else {
			lex.DecodeArray(d, 0, lex.NoLimit, func(d *lex.Decoder) (item strictItem) {
				var c lex.Cursor
				d.Object(&c, strictItemFields, &item.extra)
				for i := d.Next(&c); i >= 0; i = d.Next(&c) {
					d.String(0, lex.NoLimit)
				}
				return item
			})
		}
	}
}

// TestNested upgrades fields below the record: in objects, arrays and members of unions, those inside first.
func TestNested(t *testing.T) {
	for _, test := range []struct {
		name             string
		fields           []bridge.Field
		old, new, moves  string
		recognized, drop string
	}{
		{"object", []bridge.Field{{Path: []string{"p", "q"}, Name: "a", Rule: bridge.Rename("b")}},
			`{"p": {"q": {"a": 1, "c": 2}, "a": 3}, "a": 4}`, `{"p": {"q": {"b": 1, "c": 2}, "a": 3}, "a": 4}`, "/p/q/a to /p/q/b", "[/p/q/a]", "[/p/q/a]"},
		{"array", []bridge.Field{{Path: []string{"p", bridge.Items}, Name: "a", Rule: bridge.Rename("b")}},
			`{"p": [{"a": 1}, {"b": 2}, 3, {"a": 4, "b": 5}, {"a": 6}]}`, `{"p": [{"b": 1}, {"b": 2}, 3, {"a": 4, "b": 5}, {"b": 6}]}`,
			"/p/0/a to /p/0/b, /p/3/a stays: the record already has the field b, /p/4/a to /p/4/b", "[/p/0/a /p/3/a /p/4/a]", "[/p/0/a /p/4/a]"},
		{"arrays in arrays", []bridge.Field{{Path: []string{"p", bridge.Items, bridge.Items}, Name: "a", Rule: bridge.Rename("b")}},
			`{"p": [[{"a": 1}], [], [{}, {"a": 2}]]}`, `{"p": [[{"b": 1}], [], [{}, {"b": 2}]]}`, "/p/0/0/a to /p/0/0/b, /p/2/1/a to /p/2/1/b", "[/p/0/0/a /p/2/1/a]", "[/p/0/0/a /p/2/1/a]"},
		{"members of a union", []bridge.Field{{Path: []string{"p", bridge.Items, bridge.Member("com.example.x")}, Name: "a", Rule: bridge.Rename("b")}},
			`{"p": [{"$type": "com.example.x", "a": 1}, {"$type": "com.example.y", "a": 2}, {"$type": "com.example.x#main", "a": 3}, {"a": 4}]}`,
			`{"p": [{"$type": "com.example.x", "b": 1}, {"$type": "com.example.y", "a": 2}, {"$type": "com.example.x#main", "b": 3}, {"a": 4}]}`,
			"/p/0/a to /p/0/b, /p/2/a to /p/2/b", "[/p/0/a /p/2/a]", "[/p/0/a /p/2/a]"},
		{"items", []bridge.Field{{Path: []string{"p"}, Name: bridge.Items, Kind: lex.KindText, Rule: bridge.Wrap(bridge.Items, "name")}},
			`{"p": ["x", {"name": "y"}, "z"]}`, `{"p": [{"name": "x"}, {"name": "y"}, {"name": "z"}]}`, "/p/0 to /p/0/name, /p/2 to /p/2/name", "[/p/0 /p/2]", "[/p/0 /p/2]"},
		{"inside what moves, too", []bridge.Field{
			{Name: "p", Rule: bridge.Rename("r")}, {Path: []string{"p"}, Name: "q", Rule: bridge.Prepend("qs")}, {Path: []string{"p", "q"}, Name: "a", Rule: bridge.Rename("b")}},
			`{"p": {"q": {"a": 1}}}`, `{"r": {"qs": [{"b": 1}]}}`, "/p/q/a to /r/qs/0/b, /p/q to /r/qs/0, /p to /r", "[/p /p/q /p/q/a]", "[/p/q/a /p/q /p]"},
		{"objects of their own type", []bridge.Field{{Path: []string{"root", bridge.Repeat([]string{"nodes", bridge.Items}, []string{"left"})}, Name: "nodes", Rule: bridge.Rename("children")},
			{Path: []string{"root", bridge.Repeat([]string{"nodes", bridge.Items}, []string{"left"})}, Name: "a", Rule: bridge.Rename("b")}},
			`{"root": {"a": 1, "nodes": [{"a": 2, "left": {"a": 3, "nodes": [{"a": 4}]}}, {}]}}`,
			`{"root": {"b": 1, "children": [{"b": 2, "left": {"b": 3, "children": [{"b": 4}]}}, {}]}}`,
			"/root/nodes/0/left/nodes/0/a to /root/children/0/left/children/0/b, /root/nodes/0/left/a to /root/children/0/left/b, /root/nodes/0/a to /root/children/0/b, /root/a to /root/b, " +
				"/root/nodes/0/left/nodes to /root/children/0/left/children, /root/nodes to /root/children",
			"[/root/nodes/0/left/nodes /root/nodes /root/nodes/0/left/nodes/0/a /root/nodes/0/left/a /root/nodes/0/a /root/a]",
			"[/root/nodes/0/left/nodes/0/a /root/nodes/0/left/a /root/nodes/0/a /root/a /root/nodes/0/left/nodes /root/nodes]"},
		{"renamed members", []bridge.Field{
			{Path: []string{"p", bridge.Repeat([]string{bridge.Member("x.y.z", "x.y.zz"), "p"}), bridge.Member("x.y.z")}, Name: "$type", Rule: bridge.Retype("x.y.zz")},
			{Path: []string{"p", bridge.Repeat([]string{bridge.Member("x.y.z", "x.y.zz"), "p"}), bridge.Member("x.y.z", "x.y.zz")}, Name: "a", Rule: bridge.Rename("b")}},
			`{"p": {"$type": "x.y.z", "a": 1, "p": {"$type": "x.y.z", "a": 2, "p": {"$type": "x.y.o", "a": 3}}}}`,
			`{"p": {"$type": "x.y.zz", "b": 1, "p": {"$type": "x.y.zz", "b": 2, "p": {"$type": "x.y.o", "a": 3}}}}`,
			"/p/p/$type to /p/p/$type, /p/$type to /p/$type, /p/p/a to /p/p/b, /p/a to /p/b", "[/p/p/$type /p/$type /p/p/a /p/a]", "[/p/p/a /p/a]"},
		{"names with signs", []bridge.Field{{Path: []string{"p/q"}, Name: "a~", Rule: bridge.Rename("b")}},
			`{"p/q": {"a~": 1}}`, `{"p/q": {"b": 1}}`, "/p~1q/a~0 to /p~1q/b", "[/p~1q/a~0]", "[/p~1q/a~0]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &bridge.Record{Collection: "com.example.note", Fields: test.fields, Old: newNote, New: newNote}
			old := parse(t, test.old)
			if got := fmt.Sprint(r.Recognize(old)); got != test.recognized {
				t.Errorf("recognized by %s", got)
			}
			got, moves, err := r.Upgrade(old)
			if err != nil || moves.String() != test.moves || !got.Equal(parse(t, test.new)) || fmt.Sprint(moves.Drop()) != test.drop {
				t.Errorf("becomes %s, %q, %v, drops %s; want %s, %q", got, moves, err, moves.Drop(), test.new, test.moves)
			}
			if !old.Equal(parse(t, test.old)) {
				t.Error("the old record was modified")
			}
			if again := r.Recognize(got); len(again) != strings.Count(test.moves, "stays") {
				t.Errorf("the new record is recognized by %s", again)
			}
		})
	}
}

// TestRefused checks that what would make a record invalid stays, and nothing else.
func TestRefused(t *testing.T) {
	r := &bridge.Record{Collection: "com.example.note", Old: newNote, New: func() lex.Record { return new(strict) }, Fields: []bridge.Field{
		{Name: "m", Rule: bridge.Rename("n")},
		{Path: []string{"list", bridge.Items}, Name: "r", Rule: bridge.Rename("s")},
	}}
	for _, test := range []struct{ old, new, moves string }{
		{`{"m": 1, "list": [{"r": "a"}, {"r": 2}, {"r": "c"}]}`, `{"n": 1, "list": [{"s": "a"}, {"r": 2}, {"s": "c"}]}`,
			"/list/0/r to /list/0/s, /list/1/r stays: /list/1/s: type: "},
		{`{"m": "x", "list": [{"r": "a"}]}`, `{"m": "x", "list": [{"s": "a"}]}`, "/list/0/r to /list/0/s, /m stays: /n: type: "},
		{`{"m": 1, "list": [{"s": 5}]}`, `{"n": 1, "list": [{"s": 5}]}`, "/m to /n"}, // it was invalid before
	} {
		got, moves, err := r.Upgrade(parse(t, test.old))
		if err != nil || !strings.HasPrefix(moves.String(), test.moves) || !got.Equal(parse(t, test.new)) {
			t.Errorf("%s becomes %s, %q, %v", test.old, got, moves, err)
		}
	}
}

// TestRenamedType upgrades records of a type that has another NSID.
func TestRenamedType(t *testing.T) {
	r := &bridge.Record{Collection: "com.example.note", Old: newNote, New: func() lex.Record { return new(memo) }, Fields: []bridge.Field{{Name: "a", Rule: bridge.Rename("b")}}}
	got, moves, err := r.Upgrade(parse(t, `{"$type": "com.example.note", "a": 1}`))
	if err != nil || !got.Equal(parse(t, `{"$type": "com.example.memo", "b": 1}`)) || moves.String() != "/a to /b, /$type to /$type" || fmt.Sprint(moves.Drop()) != "[/a]" {
		t.Errorf("%s, %q, %v", got, moves, err)
	}
	if names := r.Recognize(parse(t, `{}`)); fmt.Sprint(names) != "[/$type]" {
		t.Errorf("recognized by %s", names)
	}
}

// TestMany checks that time is linear in the number of values, also when each of them is refused.
func TestMany(t *testing.T) {
	r := &bridge.Record{Collection: "com.example.note", Old: newNote, New: func() lex.Record { return new(strict) }, Fields: []bridge.Field{{Path: []string{"list", bridge.Items}, Name: "r", Rule: bridge.Rename("s")}}}
	old := parse(t, `{"list": [`+strings.Repeat(`{"r": 1}, `, 20_000)+`{"r": "a"}]}`)
	got, moves, err := r.Upgrade(old)
	if err != nil || len(moves) != 20_001 || len(moves.Drop()) != 0 || !got.Equal(old) {
		t.Errorf("%d moves, %d dropped, %v", len(moves), len(moves.Drop()), err)
	}
}
