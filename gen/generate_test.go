package gen_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/emit"
	"github.com/layers-pub/layers-go/gen/lexicon"
)

// module makes a module that requires this one as it is here, with the files below the given ones.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	here, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m)^module .*$`).ReplaceAllString(string(mod), "module example.org/sdk")
	text += "\nrequire github.com/layers-pub/layers-go v0.0.0\n\nreplace github.com/layers-pub/layers-go => " + here + "\n"
	all := map[string]string{"go.mod": text, "go.sum": string(sum)}
	for name, content := range files {
		all[name] = content
	}
	return tree(t, all)
}

const note = `{"lexicon": 1, "id": "com.example.app.note", "defs": {"main": {
	"type": "record", "key": "tid", "record": {"type": "object", "properties": {"text": {"type": "string"}}}}}}`

// TestGenerate generates into a module of its own, as a user of lexgen does.
func TestGenerate(t *testing.T) {
	root := module(t, map[string]string{"lexicons/com/example/app/note.json": note})
	config := &gen.Config{Lexicons: []string{"lexicons"}, Module: "example.org/sdk", Output: "api", Records: "api/records"}
	output, err := gen.Generate(t.Context(), root, config)
	if err != nil {
		t.Fatal(err)
	}
	if changes, err := output.Write(root); err != nil || len(changes) != 4 {
		t.Errorf("Write changes %v (%v)", changes, err)
	}
	if changed, err := config.WriteLocks(root); err != nil || len(changed) != 1 || changed[0] != "lexicons/lexgen.lock" {
		t.Errorf("WriteLocks changes %v (%v)", changed, err)
	}
	if again, err := gen.Generate(t.Context(), root, config); err != nil {
		t.Error(err)
	} else if changes, err := again.Check(root); err != nil || len(changes) != 0 {
		t.Errorf("Check finds %v (%v)", changes, err)
	}
	if err := os.WriteFile(filepath.Join(root, "lexicons/com/example/app/note.json"), []byte(strings.Replace(note, "text", "words", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := gen.Generate(t.Context(), root, config); !errors.As(err, new(lexicon.Problems)) {
		t.Errorf("a document that is not the one in the lockfile gives %v", err)
	}
	config.IgnoreLock = true
	if _, err := gen.Generate(t.Context(), root, config); err != nil {
		t.Errorf("with IgnoreLock: %v", err)
	}
}

func TestGenerateErrors(t *testing.T) {
	root := module(t, map[string]string{"lexicons/com/example/app/note.json": note})
	for _, test := range []struct {
		root, module, lexicons, want string
	}{
		{root, "example.org/other", "lexicons", `"example.org/other" is not the module in go.mod, which is "example.org/sdk"`},
		{root, "example.org/sdk", "missing", "missing"},
		{t.TempDir(), "example.org/sdk", "lexicons", "go.mod"},
		{tree(t, map[string]string{"go.mod": "go 1.26\n"}), "example.org/sdk", "lexicons", "has no module line"},
		{tree(t, map[string]string{"go.mod": "module example.org/sdk\n", "lexicons/com/example/app/note.json": note}), "example.org/sdk", "lexicons",
			"github.com/layers-pub/layers-go/runtime/lex: no required module provides package"},
	} {
		config := &gen.Config{Lexicons: []string{test.lexicons}, Module: test.module, Output: "api"}
		if _, err := gen.Generate(t.Context(), test.root, config); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: the error is %v", test, err)
		}
	}
}

// TestTypeCheck checks that source which does not compile is an error that says so.
func TestTypeCheck(t *testing.T) {
	exports, err := gen.FindExports(t.Context(), "..")()
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]string{
		"package p\nvar x int = \"\"\nvar y = z\n":      "undefined: z",
		"package p\nimport \"fmt\"\nvar _ = fmt.Sprint": "fmt",
		"package p\nfunc {":                             "generated source",
		"package p\nimport \"github.com/layers-pub/layers-go/runtime/lex\"\nvar _ lex.Nothing": "lex.Nothing",
	} {
		err := gen.TypeCheckWith([]emit.File{{Path: "p/p.go", Package: "example.org/sdk/p", Content: []byte(source)}}, exports)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: the error is %v", source, err)
		}
	}
}
