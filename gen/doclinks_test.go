package gen_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/gen/emit"
)

var docLink = regexp.MustCompile(`\[\*?([A-Za-z][A-Za-z0-9_]*)(?:\.([A-Z][A-Za-z0-9_]*))?(?:\.([A-Z][A-Za-z0-9_]*))?\]`)

// TestDocLinks checks that what comments link to is there: names of the package with their methods and
// fields, and packages that the file imports.
func TestDocLinks(t *testing.T) {
	if checkDocLinks(t, layersSource(t)) == 0 {
		t.Error("no comment has a link")
	}
}

// checkDocLinks returns how many links it found.
func checkDocLinks(t *testing.T, files []emit.File) int {
	t.Helper()
	declared := make(map[string]bool) // "package name" and "package type.member"
	parsed := make([]*ast.File, len(files))
	for i, file := range files {
		var err error
		if parsed[i], err = parser.ParseFile(token.NewFileSet(), file.Path, file.Content, parser.ParseComments); err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed[i].Decls {
			for _, name := range declaredNames(d) {
				declared[file.Package+" "+name] = true
			}
		}
	}
	count := 0
	for i, file := range files {
		imported := make(map[string]bool)
		for _, spec := range parsed[i].Imports {
			imported[path.Base(strings.Trim(spec.Path.Value, `"`))] = true
			if spec.Name != nil {
				imported[spec.Name.Name] = true
			}
		}
		for _, group := range parsed[i].Comments {
			for _, link := range docLink.FindAllStringSubmatch(group.Text(), -1) {
				name := link[1]
				if link[2] != "" {
					name += "." + link[2]
				}
				if count++; !declared[file.Package+" "+name] && !imported[link[1]] {
					t.Errorf("%s: the comment links to %s, which is not there", file.Path, link[0])
				}
			}
		}
	}
	return count
}

// declaredNames returns the names that a declaration declares, with those of methods after their type.
func declaredNames(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		receiver := d.Recv.List[0].Type
		if star, ok := receiver.(*ast.StarExpr); ok {
			receiver = star.X
		}
		return []string{receiver.(*ast.Ident).Name + "." + d.Name.Name}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}
