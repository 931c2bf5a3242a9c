package gen_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/prove"
)

// everyKind is a document with a value of each kind.
const everyKind = `{"lexicon": 1, "id": "com.example.app.kinds", "defs": {
	"main": {"type": "record", "key": "tid", "record": {"type": "object", "required": ["text", "part", "tags", "flag"], "nullable": ["note", "count"], "properties": {
		"text": {"type": "string", "minLength": 3, "maxLength": 20, "maxGraphemes": 10},
		"note": {"type": "string"}, "count": {"type": "integer", "minimum": 7, "maximum": 9},
		"flag": {"type": "boolean"}, "fixed": {"type": "boolean", "const": false}, "one": {"type": "string", "const": "one"}, "grade": {"type": "integer", "enum": [1, 5]},
		"part": {"type": "ref", "ref": "#part"}, "again": {"type": "ref", "ref": "#main"}, "list": {"type": "ref", "ref": "#list"}, "word": {"type": "ref", "ref": "#word"},
		"tags": {"type": "array", "maxLength": 3, "items": {"type": "string", "knownValues": ["a", "b"]}},
		"any": {"type": "unknown"}, "data": {"type": "bytes", "minLength": 2}, "link": {"type": "cid-link"}, "image": {"type": "blob", "accept": ["image/*"], "maxSize": 100},
		"file": {"type": "blob", "accept": ["png", "*", "text/ht*"]}, "odd": {"type": "blob", "accept": ["png", "a/b; q=1", "*/png"]}, "noEnum": {"type": "string", "enum": []},
		"open": {"type": "union", "refs": ["#part", "#main"]}, "closed": {"type": "union", "refs": ["#part"], "closed": true}, "typed": {"type": "union", "refs": []},
		"unions": {"type": "array", "items": {"type": "union", "refs": ["#part"]}},
		"time": {"type": "string", "format": "datetime"}, "inner": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}},
		"never": {"type": "string", "minLength": 3, "maxLength": 2}, "neither": {"type": "integer", "maximum": 2, "const": 9},
		"": {"type": "string"}, "mark!": {"type": "string"}, "mark?": {"type": "string"}, "PHOTO": {"type": "blob", "accept": ["IMAGE/PNG"]}
	}}},
	"part": {"type": "object", "properties": {"next": {"type": "ref", "ref": "#part"}, "uri": {"type": "string", "format": "at-uri"}}},
	"list": {"type": "array", "minLength": 1, "items": {"type": "ref", "ref": "#part"}},
	"word": {"type": "string", "enum": ["yes", "no"]},
	"impossible": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer", "minimum": 2, "maximum": 1}}},
	"knot": {"type": "object", "required": ["knot"], "properties": {"knot": {"type": "ref", "ref": "#knot"}}},
	"knots": {"type": "object", "required": ["list"], "properties": {"list": {"type": "array", "minLength": 1, "items": {"type": "union", "closed": true, "refs": ["#knots"]}}}},
	"tree": {"type": "object", "required": ["left", "right"], "properties": {"left": {"type": "ref", "ref": "#branch"}, "right": {"type": "ref", "ref": "#branch"}}},
	"branch": {"type": "object", "required": ["next"], "properties": {"next": {"type": "union", "closed": true, "refs": ["#tree", "#part"]}}}
}}`

const everyCall = `{"lexicon": 1, "id": "com.example.app.send", "defs": {"main": {"type": "procedure",
	"input": {"encoding": "application/json", "schema": {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}},
	"output": {"encoding": "application/json", "schema": {"type": "object", "properties": {"s": {"type": "string"}}}}}}}`

// TestProve proves code for values of each kind, and checks that code that loses or changes something is found out, and that
// nothing is written.
func TestProve(t *testing.T) {
	root := module(t, map[string]string{"lexicons/kinds.json": everyKind, "lexicons/send.json": everyCall})
	config := &gen.Config{Lexicons: []string{"lexicons"}, Module: "example.org/sdk", Output: "api"}
	output, err := gen.Generate(t.Context(), root, config)
	if err != nil {
		t.Fatal(err)
	}
	if err := output.Prove(t.Context(), root); err != nil {
		t.Error(err)
	}
	for _, test := range []struct{ name, old, new, want string }{
		{"a field that is not written", `lex.OptBool(&o, "fixed", v.Fixed)`, ``, "com.example.app.kinds#main: decoded from JSON, it encodes as"},
		{"a limit that is too tight", `d.Bytes(2, lex.NoLimit)`, `d.Bytes(9, lex.NoLimit)`, "com.example.app.kinds#main: decode JSON: "},
		{"a call's body", `o.Key("n").Int(v.N)`, `o.Key("n").Int(v.N + 1)`, "com.example.app.send#main.input: decoded from JSON, it encodes as"},
		{"code that does not compile", `"com.example.app.kinds"`, `7`, "prove: build a program with the generated code"},
	} {
		broken := false
		files := output.Files
		output.Files = nil
		for _, file := range files {
			if changed := bytes.Replace(file.Content, []byte(test.old), []byte(test.new), 1); !bytes.Equal(changed, file.Content) {
				file.Content, broken = changed, true
			}
			output.Files = append(output.Files, file)
		}
		if !broken {
			t.Errorf("%s: the source has no %s", test.name, test.old)
		}
		if err := output.Prove(t.Context(), root); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: the error is %v, want %s", test.name, err, test.want)
		}
		output.Files = files
	}
	if changes, err := output.Check(root); err != nil || len(changes) != len(output.Files)+1 {
		t.Errorf("there are %d changes (%v)", len(changes), err)
	}
}

// TestSamples checks that what can be valid has samples, one of which is minimal, and what cannot has none.
func TestSamples(t *testing.T) {
	root := module(t, map[string]string{"lexicons/kinds.json": everyKind, "lexicons/send.json": everyCall})
	config := &gen.Config{Lexicons: []string{"lexicons"}, Module: "example.org/sdk", Output: "api"}
	set, err := config.Load(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	_, lock, err := gen.SourceAndLock(set, config)
	if err != nil {
		t.Fatal(err)
	}
	count, fields := make(map[string]int), make(map[string]bool)
	for _, s := range prove.Samples(set, lock.Names) {
		count[s.Key]++
		if object, ok := s.Value.(map[string]any); ok && s.Key == "com.example.app.kinds#main" {
			for name := range object {
				fields[name] = true
			}
		}
	}
	for key, want := range map[string]int{"com.example.app.kinds#main": 5, "com.example.app.kinds#part": 5, "com.example.app.kinds#list": 5,
		"com.example.app.kinds#word": 5, "com.example.app.kinds#impossible": 0,
		"com.example.app.kinds#knot": 0, "com.example.app.kinds#knots": 0, "com.example.app.kinds#tree": 5, "com.example.app.kinds#branch": 5,
		"com.example.app.send#main.input": 5, "com.example.app.send#main.output": 5} {
		if count[key] != want {
			t.Errorf("%d samples of %s, want %d", count[key], key, want)
		}
	}
	if fields["never"] || fields["odd"] || fields["neither"] || len(fields) != 30 {
		t.Errorf("the samples have %d fields: %v", len(fields), fields)
	}
}
