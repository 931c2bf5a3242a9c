// Package api holds the exported API of all packages against a snapshot, so that no change of it goes unnoticed. The files under
// testdata have a line for each exported thing; go test ./tests/api -update rewrites them.
package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the snapshot")

const sdk = "github.com/layers-pub/layers-go"

// TestSnapshot compares the API of each package with the file of its name, and prints what was added and removed.
func TestSnapshot(t *testing.T) {
	have := map[string][]string{}
	for _, p := range packages(t) {
		if lines := apiOf(t, p.Dir, p.GoFiles); len(lines) > 0 {
			have[strings.ReplaceAll(strings.TrimPrefix(p.ImportPath, sdk+"/"), "/", ".")+".txt"] = lines
		}
	}
	if *update {
		if err := os.RemoveAll("testdata"); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		for name, lines := range have {
			if err := os.WriteFile(filepath.Join("testdata", name), []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	want := map[string][]string{}
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want[filepath.Base(file)] = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	for _, name := range slices.Sorted(maps.Keys(union(have, want))) {
		for _, line := range difference(want[name], have[name]) {
			t.Errorf("%s: %s", strings.TrimSuffix(name, ".txt"), line)
		}
	}
	if t.Failed() {
		t.Log("if the change is intended: go test ./tests/api -update, and a line in CHANGELOG.md")
	}
}

func union(a, b map[string][]string) map[string][]string {
	both := maps.Clone(a)
	maps.Copy(both, b)
	return both
}

// difference returns the lines of two sorted lists that are in one of them alone: "- line" or "+ line".
func difference(before, after []string) (lines []string) {
	for len(before) > 0 || len(after) > 0 {
		switch {
		case len(after) == 0 || len(before) > 0 && before[0] < after[0]:
			lines, before = append(lines, "- "+before[0]), before[1:]
		case len(before) == 0 || after[0] < before[0]:
			lines, after = append(lines, "+ "+after[0]), after[1:]
		default:
			before, after = before[1:], after[1:]
		}
	}
	return lines
}

func TestDifference(t *testing.T) {
	got := difference([]string{"a", "b", "d"}, []string{"b", "c", "d", "e"})
	if want := []string{"- a", "+ c", "+ e"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

type goPackage struct {
	ImportPath, Name, Dir string
	GoFiles               []string
}

// packages returns the packages that other modules can import, as they are on Linux.
func packages(t *testing.T) (list []goPackage) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Name,Dir,GoFiles", sdk+"/...")
	command.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	for decoder := json.NewDecoder(bytes.NewReader(out)); decoder.More(); {
		var p goPackage
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		path := strings.Split(strings.TrimPrefix(p.ImportPath, sdk), "/")
		if p.Name != "main" && !slices.Contains(path, "internal") && !slices.Contains(path, "tests") {
			list = append(list, p)
		}
	}
	if len(list) < 40 {
		t.Fatalf("there are only %d packages", len(list))
	}
	return list
}

// apiOf returns the exported things of a package, one a line, sorted.
func apiOf(t *testing.T, dir string, files []string) []string {
	t.Helper()
	if _, err := os.ReadDir(dir); err != nil { // so that go test knows that the result depends on the list of files
		t.Fatal(err)
	}
	a := &api{fset: token.NewFileSet()}
	for _, file := range files {
		parsed, err := parser.ParseFile(a.fset, filepath.Join(dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			a.declaration(decl)
		}
	}
	slices.Sort(a.lines)
	return slices.Compact(a.lines)
}

type api struct {
	fset  *token.FileSet
	lines []string
}

func (a *api) add(format string, args ...any) {
	a.lines = append(a.lines, fmt.Sprintf(format, args...))
}

// text returns a piece of source on one line.
func (a *api) text(node any) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, a.fset, node); err != nil {
		panic(err)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func (a *api) declaration(decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && (d.Recv == nil || exportedReceiver(d.Recv.List[0].Type)) {
			a.add("%s", a.text(&ast.FuncDecl{Recv: d.Recv, Name: d.Name, Type: d.Type}))
		}
	case *ast.GenDecl:
		var typ ast.Expr // of constants whose type and value are those of the one before
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					a.typ(s)
				}
			case *ast.ValueSpec:
				if s.Type != nil || len(s.Values) > 0 {
					typ = s.Type
				}
				for i, name := range s.Names {
					if name.IsExported() {
						a.value(d.Tok, name.Name, typ, s.Values, i)
					}
				}
			}
		}
	}
}

func (a *api) value(kind token.Token, name string, typ ast.Expr, values []ast.Expr, i int) {
	line := kind.String() + " " + name
	if typ != nil {
		line += " " + a.text(typ)
	}
	if literal, ok := valueOf(values, i).(*ast.BasicLit); ok && kind == token.CONST {
		line += " = " + a.text(literal)
	}
	a.add("%s", line)
}

func valueOf(values []ast.Expr, i int) ast.Expr {
	if i < len(values) {
		return values[i]
	}
	return nil
}

func exportedReceiver(typ ast.Expr) bool {
	switch t := typ.(type) {
	case *ast.StarExpr:
		return exportedReceiver(t.X)
	case *ast.IndexExpr:
		return exportedReceiver(t.X)
	case *ast.IndexListExpr:
		return exportedReceiver(t.X)
	case *ast.Ident:
		return t.IsExported()
	}
	return false
}

// typ adds a type, and each exported field or method of its own.
func (a *api) typ(s *ast.TypeSpec) {
	name := s.Name.Name
	params := ""
	if s.TypeParams != nil {
		var parts []string
		for _, field := range s.TypeParams.List {
			for _, param := range field.Names {
				parts = append(parts, param.Name+" "+a.text(field.Type))
			}
		}
		params = "[" + strings.Join(parts, ", ") + "]"
	}
	equals := ""
	if s.Assign.IsValid() {
		equals = "= "
	}
	var fields *ast.FieldList
	kind := ""
	switch t := s.Type.(type) {
	case *ast.StructType:
		fields, kind = t.Fields, "struct"
	case *ast.InterfaceType:
		fields, kind = t.Methods, "interface"
	default:
		a.add("type %s%s %s%s", name, params, equals, a.text(t))
		return
	}
	a.add("type %s%s %s%s", name, params, equals, kind)
	for _, field := range fields.List {
		tag := ""
		if field.Tag != nil {
			tag = " " + field.Tag.Value
		}
		typ := a.text(field.Type)
		if method, ok := field.Type.(*ast.FuncType); ok && kind == "interface" {
			typ = strings.TrimPrefix(a.text(method), "func")
		}
		if len(field.Names) == 0 {
			a.add("type %s %s, embedded %s%s", name, kind, typ, tag)
		}
		for _, n := range field.Names {
			if n.IsExported() {
				a.add("type %s %s, %s %s%s", name, kind, n.Name, typ, tag)
			} else if kind == "interface" {
				a.add("type %s interface, with unexported methods", name)
			}
		}
	}
}
