package readme

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/layers-pub/layers-go"

// documents are the documents for users: what they show and name is checked.
func documents(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(found) < 1 {
		t.Fatalf("%v, %v", found, err)
	}
	names := []string{"README.md"}
	for _, name := range found {
		names = append(names, "docs/"+filepath.Base(name))
	}
	return names
}

// fence is a block of code in a document.
type fence struct {
	language, code string
	line           int // of its first line, from 1
}

// fences returns the blocks of a document.
func fences(t *testing.T, name string) (blocks []fence) {
	t.Helper()
	var open *fence
	for i, line := range strings.Split(readFile(t, name), "\n") {
		language, mark := strings.CutPrefix(line, "```")
		switch {
		case mark && open == nil:
			open = &fence{language: language, line: i + 2}
		case mark:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.code += line + "\n"
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: a block without an end", name, open.line)
	}
	return blocks
}

// places are the packages that documents may name by their last element alone.
var places = sync.OnceValues(func() (map[string]string, error) {
	found := map[string]string{}
	for _, name := range []string{"bytes", "context", "encoding/json", "errors", "fmt", "io", "log", "net/http", "os", "slices", "strings", "testing", "testing/synctest", "time"} {
		found[path.Base(name)] = name
	}
	out, err := exec.Command("go", "list", module+"/layers/...", module+"/layers07", module+"/linguistics/...", module+"/runtime/...").Output()
	if err != nil {
		return nil, err
	}
	for _, name := range strings.Fields(string(out)) {
		short := path.Base(name)
		if strings.Contains(name, "/internal/") {
			continue
		}
		if found[short] != "" {
			return nil, fmt.Errorf("two packages are called %s: %s and %s", short, found[short], name)
		}
		found[short] = name
	}
	return found, nil
})

// load returns an importer of the packages that documents may name.
var load = sync.OnceValues(func() (types.Importer, error) {
	named, err := places()
	if err != nil {
		return nil, err
	}
	out, err := exec.Command("go", append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}, slices.Sorted(maps.Values(named))...)...).Output()
	if err != nil {
		return nil, err
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		exports[name] = file
	}
	return importer.ForCompiler(token.NewFileSet(), "gc", func(name string) (io.ReadCloser, error) { return os.Open(exports[name]) }), nil
})

// given are the variables that fragments of code may use without declaring them.
var given = map[string]string{
	"account":     "*auth.Client",
	"actor":       "syntax.AtIdentifier",
	"appPassword": "string",
	"body":        "[]byte",
	"client":      "*pds.Client",
	"ctx":         "context.Context",
	"did":         "syntax.DID",
	"directory":   "*identity.Directory",
	"envelope":    "rec.Envelope",
	"password":    "string",
	"t":           "*testing.T",
	"tags":        "*annotation.AnnotationLayer",
	"uri":         "syntax.ATURI",
}

// whole returns the source of a file with a fragment of code: a program or declarations as they are, statements in a
// function that returns an error. The packages that it names are imported, and the variables of given that it uses
// declared.
func whole(t *testing.T, code string) string {
	t.Helper()
	if strings.HasPrefix(code, "package ") {
		return code
	}
	if regexp.MustCompile(`^(//.*\n)*(func|type) `).MatchString(code) {
		code = "package p\n" + code
	} else {
		code = "package p\nfunc _() error {\n" + code + "return nil\n}\n"
	}
	named, err := places()
	if err != nil {
		t.Fatal(err)
	}
	imports, variables := map[string]bool{}, map[string]bool{}
	use := func(text string) {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "", text, 0)
		if err != nil {
			return // the type check says so
		}
		for _, name := range file.Unresolved {
			switch {
			case given[name.Name] != "":
				variables[name.Name] = true
			case named[name.Name] != "":
				imports[name.Name] = true
			}
		}
	}
	use(code)
	var b strings.Builder
	b.WriteString("package p\nimport (\n")
	for name := range variables {
		if short, _, found := strings.Cut(strings.TrimPrefix(given[name], "*"), "."); found {
			imports[short] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		fmt.Fprintf(&b, "\t%q\n", named[name])
	}
	b.WriteString(")\n")
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		fmt.Fprintf(&b, "var %s %s\n", name, given[name])
	}
	return b.String() + strings.TrimPrefix(code, "package p\n")
}

// typeCheck returns what is wrong with a file. A fragment may declare variables that it does not use.
func typeCheck(t *testing.T, source string) (problems []string) {
	t.Helper()
	packages, err := load()
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", source, parser.SkipObjectResolution)
	if err != nil {
		return []string{err.Error()}
	}
	program := file.Name.Name == "main"
	config := types.Config{Importer: packages, Error: func(err error) {
		if !program && strings.Contains(err.Error(), "declared and not used") {
			return
		}
		problems = append(problems, err.Error())
	}}
	config.Check("p", fset, []*ast.File{file}, nil)
	return problems
}

// TestSnippets checks the types of all Go that the documents show, and the form of all JSON.
func TestSnippets(t *testing.T) {
	checked := 0
	for _, name := range documents(t) {
		for _, block := range fences(t, name) {
			switch block.language {
			case "go":
				if strings.Contains(block.code, `"example.com/`) {
					continue // it uses generated code, and is run by the test of its document
				}
				checked++
				source := whole(t, block.code)
				for _, problem := range typeCheck(t, source) {
					t.Errorf("%s:%d: %s\n%s", name, block.line, problem, source)
				}
			case "json":
				text := block.code
				if strings.HasPrefix(text, `"`) {
					text = "{" + text + "}" // one setting of a file
				}
				if !json.Valid([]byte(text)) {
					t.Errorf("%s:%d: no JSON", name, block.line)
				}
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d blocks were checked", checked)
	}
}

// TestSnippetsFail shows that the check finds what is wrong.
func TestSnippetsFail(t *testing.T) {
	for code, want := range map[string]string{
		"client, err := pds.New(1)\n":          "cannot use 1",
		"repository := client.GetRepository\n": "GetRepository undefined",
		"fmt.Println(nothing)\n":               "undefined: nothing",
		"return 1, nil\n":                      "too many return values",
		"if {\n":                               "missing condition",
		"func f() int {}\n":                    "missing return",
	} {
		if got := strings.Join(typeCheck(t, whole(t, code)), "\n"); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
	for _, code := range []string{"unused := 1\n", "for range 2 {\n\treturn ctx.Err()\n}\n", "func f(t *testing.T) error { return issue.Of(nil)[0] }\n"} {
		if problems := typeCheck(t, whole(t, code)); (problems != nil) != strings.Contains(code, "issue") {
			t.Errorf("%s: %v", code, problems)
		}
	}
}

// TestSymbols resolves the names of Go that documents mention, such as pds.List or repo.DecodeOptions.Reuse, and the
// directories of packages.
func TestSymbols(t *testing.T) {
	named, err := places()
	if err != nil {
		t.Fatal(err)
	}
	symbol := regexp.MustCompile("`([a-z][a-z0-9]*)\\.([A-Z]\\w*)(?:\\.([A-Z]\\w*))?(?:\\(\\))?`")
	place := regexp.MustCompile("`((?:cmd|docs|examples|gen|layers|lexicons/pub|linguistics|runtime|tests)/[\\w./-]+)`")
	found := 0
	for _, name := range documents(t) {
		text := withoutFences(t, name)
		for _, match := range symbol.FindAllStringSubmatch(text, -1) {
			if named[match[1]] == "" {
				continue // a variable, or a generated package of the reader's
			}
			found++
			if err := resolve(named[match[1]], match[2], match[3]); err != nil {
				t.Errorf("%s: %s: %v", name, match[0], err)
			}
		}
		for _, match := range place.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(root, strings.TrimSuffix(match[1], "/..."))); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if found < 60 {
		t.Errorf("only %d names were looked up", found)
	}
	for _, nothing := range [][3]string{{"runtime/pds", "Nothing", ""}, {"runtime/pds", "Client", "Nothing"}, {"runtime/pds", "New", "X"}} {
		if resolve(module+"/"+nothing[0], nothing[1], nothing[2]) == nil {
			t.Errorf("%v was found", nothing)
		}
	}
}

// resolve looks for an exported name of a package, and for a field or method of it.
func resolve(place, name, member string) error {
	packages, err := load()
	if err != nil {
		return err
	}
	p, err := packages.Import(place)
	if err != nil {
		return err
	}
	object := p.Scope().Lookup(name)
	if object == nil {
		return fmt.Errorf("%s has no %s", place, name)
	}
	if member == "" {
		return nil
	}
	if _, isType := object.(*types.TypeName); isType {
		if found, _, _ := types.LookupFieldOrMethod(object.Type(), true, p, member); found != nil {
			return nil
		}
	}
	return fmt.Errorf("%s.%s has no %s", place, name, member)
}

// withoutFences returns a document's text without its blocks of code.
func withoutFences(t *testing.T, name string) string {
	t.Helper()
	return regexp.MustCompile("(?s)```.*?\n```").ReplaceAllString(readFile(t, name), "")
}
