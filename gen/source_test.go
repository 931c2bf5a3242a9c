package gen_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/emit"
	"github.com/layers-pub/layers-go/gen/lexicon"
)

// FuzzSkip generates from a document with faults, which are passed over, beside a good one. Whatever it is, the rest is
// generated.
func FuzzSkip(f *testing.F) {
	for _, name := range []string{"thing", "fetch", "send", "watch", "wild", "empty", "user"} {
		data, err := os.ReadFile("testdata/cases/skip/lexicons/com/example/app/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, document string) {
		root := fstest.MapFS{"lexicons/a.json": {Data: []byte(document)}, "lexicons/b.json": {Data: []byte(`{"lexicon": 1, "id": "org.good.app.defs", "defs": {"open": {"type": "token"}}}`)}}
		config := &gen.Config{Lexicons: []string{"lexicons"}, Module: "example.org/sdk", Output: "api", OnError: gen.Levels{"": "skip"}}
		set, err := config.Load(root)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := gen.Source(set, config); err != nil {
			t.Fatalf("%v; skipped: %v", err, set.Skipped)
		}
	})
}

// FuzzSource puts texts into every place of a document that takes some. Either there are problems with
// it, or the result is Go that declares what it should and nothing more, however the texts look.
func FuzzSource(f *testing.F) {
	f.Add("A description", "kind", "a value")
	f.Add("*/ func init() {} /*", "cid-link", "*/")
	f.Add("//go:build ignore\n//go:embed x\n// +build ignore", "type", "\"+`")
	f.Add("+build", "0", "0")
	f.Add("0", "0", "         ") // the name of a constant must not begin with the property
	f.Add("# Heading\n- item\n1. item\n\tcode\n[x]: y", "func", "")
	f.Add("DEPRECATED: deprecated. Deprecated -- ", "validate", "日本")
	f.Add("\u2028\u202e\ufeff\x00\xff", "1", "\xff\n")
	f.Fuzz(func(t *testing.T, description, name, value string) {
		type object = map[string]any
		document, err := json.Marshal(object{"lexicon": 1, "id": "com.example.app.defs", "defs": object{"thing": object{
			"type": "object", "description": description, "required": []string{name},
			"properties": object{
				name:    object{"type": "string", "description": description, "knownValues": []string{value}, "default": value},
				"fixed": object{"type": "string", "const": value},
				"union": object{"type": "union", "refs": []string{"#thing"}, "description": description},
			}}}})
		if err != nil {
			t.Fatal(err)
		}
		files, err := sourceOf(string(document))
		if errors.As(err, new(lexicon.Problems)) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			checkSource(t, file)
		}
	})
}

func sourceOf(document string) ([]emit.File, error) {
	root := fstest.MapFS{"lexicons/com/example/app/defs.json": {Data: []byte(document)}}
	config := &gen.Config{Lexicons: []string{"lexicons"}, Module: "example.org/sdk", Output: "api"}
	set, err := config.Load(root)
	if err != nil {
		return nil, err
	}
	return gen.Source(set, config)
}

// checkSource checks that a file has the declarations of an object with a union and a string type, and no
// directives.
func checkSource(t *testing.T, file emit.File) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file.Path, file.Content, parser.ParseComments)
	if err != nil {
		t.Fatalf("%v\n%s", err, file.Content)
	}
	for _, group := range parsed.Comments {
		for _, comment := range group.List {
			if text := comment.Text; text != "//" && !strings.HasPrefix(text, "// ") && !strings.HasPrefix(text, "//\t") || strings.HasPrefix(text, "// +build") {
				t.Errorf("the comment %q may mean something to Go's tools", text)
			}
		}
	}
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name != "decodeAppThingUnion" {
			t.Errorf("there is a function %s", f.Name.Name)
		}
	}
}

// TestHeaders checks the first lines of every file: the header, and the document it comes from.
func TestHeaders(t *testing.T) {
	files, err := sourceOf(`{"lexicon": 1, "id": "com.example.app.defs", "defs": {"open": {"type": "token"}}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		lines := strings.SplitN(string(file.Content), "\n", 3)
		if lines[0] != emit.Header {
			t.Errorf("%s starts with %q", file.Path, lines[0])
		}
		if strings.HasSuffix(file.Path, "defs.go") && lines[1] != "// Source: com.example.app.defs" {
			t.Errorf("the second line of %s is %q", file.Path, lines[1])
		}
		if !strings.HasSuffix(lines[2], "\n") || strings.HasSuffix(lines[2], "\n\n") {
			t.Errorf("%s does not end in one line break", file.Path)
		}
	}
}
