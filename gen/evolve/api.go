package evolve

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/layers-pub/layers-go/gen/emit"
	"github.com/layers-pub/layers-go/gen/naming"
)

// Symbol is an exported Go name of generated code.
type Symbol struct {
	// Package is the import path of the package, and Name the name in it: "Note", "Note.Text" for a field or method.
	Package, Name string
	// Type is the name's type, in Go, or the value of a constant.
	Type string
	// NSID is the document that the name comes from. It is empty for other names in a package.
	NSID string
}

// String returns the name as other packages write it.
func (s Symbol) String() string { return path.Base(s.Package) + "." + s.Name }

// API returns the exported names of generated source, sorted by package and name. It leaves out methods of types other than
// clients, since generated types all have the same ones.
func API(files []emit.File) ([]Symbol, error) {
	var list []Symbol
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Path, file.Content, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		add := func(name, typ string) {
			list = append(list, Symbol{file.Package, name, typ, source(file.Content)})
		}
		for _, d := range parsed.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				declared(d, add)
			case *ast.FuncDecl:
				name, exported := d.Name.Name, d.Name.IsExported()
				if d.Recv != nil {
					receiver := strings.TrimPrefix(goSource(d.Recv.List[0].Type), "*")
					name, exported = receiver+"."+name, exported && receiver == "Client"
				}
				if exported {
					add(name, goSource(d.Type))
				}
			}
		}
	}
	slices.SortFunc(list, func(a, b Symbol) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Name, b.Name))
	})
	return list, nil
}

// declared adds the names of a declaration of types, constants or variables.
func declared(d *ast.GenDecl, add func(name, typ string)) {
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if !spec.Name.IsExported() {
				continue
			}
			structure, ok := spec.Type.(*ast.StructType)
			if !ok {
				add(spec.Name.Name, goSource(spec.Type))
				continue
			}
			add(spec.Name.Name, "struct")
			for _, f := range structure.Fields.List {
				for _, name := range f.Names {
					if name.IsExported() {
						add(spec.Name.Name+"."+name.Name, goSource(f.Type))
					}
				}
			}
		case *ast.ValueSpec:
			for i, name := range spec.Names {
				if !name.IsExported() {
					continue
				}
				typ := "var"
				switch {
				case d.Tok == token.CONST && i < len(spec.Values):
					typ = goSource(spec.Values[i])
				case spec.Type != nil:
					typ = goSource(spec.Type)
				}
				add(name.Name, typ)
			}
		}
	}
}

// source returns the NSID in the second line of a generated file, or "" if there is none.
func source(content []byte) string {
	_, rest, _ := bytes.Cut(content, []byte("\n"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	nsid, _ := strings.CutPrefix(string(line), "// Source: ")
	return nsid
}

// goSource returns the Go source of a node in one line.
func goSource(n ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, token.NewFileSet(), n); err != nil {
		return "?"
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// apiChange is a name that was removed, added or changed between two Go APIs, and the text that says so.
type apiChange struct {
	symbol Symbol
	text   string
}

// compareAPI returns the names that only one side has, and those that have another type. It leaves out the fields and
// methods of a type that only one side has.
func compareAPI(before, after []Symbol) []apiChange {
	type key struct{ pkg, name string }
	index := func(list []Symbol) map[key]Symbol {
		m := make(map[key]Symbol, len(list))
		for _, s := range list {
			m[key{s.Package, s.Name}] = s
		}
		return m
	}
	old, current := index(before), index(after)
	var changes []apiChange
	only := func(list []Symbol, other map[key]Symbol, verb string) {
		for _, s := range list {
			parent, _, inside := strings.Cut(s.Name, ".")
			_, found := other[key{s.Package, s.Name}]
			_, parentFound := other[key{s.Package, parent}]
			if !found && (!inside || parentFound) {
				changes = append(changes, apiChange{s, fmt.Sprintf("%s %s %s", verb, s, s.Type)})
			}
		}
	}
	only(before, current, "removes")
	only(after, old, "adds")
	for _, s := range after {
		if was, found := old[key{s.Package, s.Name}]; found && was.Type != s.Type {
			changes = append(changes, apiChange{s, fmt.Sprintf("changes %s from %s to %s", s, was.Type, s.Type)})
		}
	}
	return changes
}

// Attach adds to each change its effect on the Go API, given the exported names of the two sides. If a name changes
// although its document does not, as when a package moves, Attach adds a separate warning.
func Attach(changes []Change, before, after []Symbol) []Change {
	changes = slices.Clone(changes)
	byNSID, byPackage := make(map[string][]int), make(map[string][]int)
	for i, c := range changes {
		byNSID[c.NSID] = append(byNSID[c.NSID], i)
		if c.OldNSID != "" {
			byNSID[c.OldNSID] = append(byNSID[c.OldNSID], i)
		}
	}
	seen := make(map[Symbol]bool) // packages with documents
	for _, s := range slices.Concat(before, after) {
		if pair := (Symbol{Package: s.Package, NSID: s.NSID}); s.NSID != "" && !seen[pair] {
			seen[pair] = true
			byPackage[s.Package] = append(byPackage[s.Package], byNSID[s.NSID]...)
		}
	}
	all := make([]int, len(changes))
	for i := range all {
		all[i] = i
	}
	own := make(map[string]int) // changes that Attach adds, by document or package
	for _, a := range compareAPI(before, after) {
		candidates, owner := byNSID[a.symbol.NSID], a.symbol.NSID
		if owner == "" { // such as the client of a package, or the list of all records
			if candidates, owner = byPackage[a.symbol.Package], a.symbol.Package; candidates == nil {
				candidates = all
			}
		}
		best, bestScore := -1, -1
		for _, i := range candidates {
			if score := relation(changes[i], a.symbol); score > bestScore {
				best, bestScore = i, score
			}
		}
		if best < 0 {
			i, found := own[owner]
			if !found {
				i = len(changes)
				own[owner] = i
				changes = append(changes, Change{Verdict: Warning, NSID: owner, Message: "only the Go API changes, not the data"})
			}
			best = i
		}
		changes[best].Go = append(changes[best].Go, a.text)
	}
	sortChanges(changes)
	return changes
}

// relation returns how closely a change is related to a Go name of the same document, at least 0. It counts how many of
// the words in the change's pointer the name has; the last word counts most. A word that the message quotes counts,
// too, if the name ends in it.
func relation(c Change, s Symbol) int {
	name := strings.ReplaceAll(s.Name, ".", "")
	score := 0
	var words []string
	tokens := slices.Collect(jsontext.Pointer(c.Pointer).Tokens())
	for i := 1; i < len(tokens); i++ {
		if tokens[i-1] == "properties" || tokens[i-1] == "defs" {
			words = append(words, naming.GoName(tokens[i]))
		}
	}
	for i, word := range words {
		if strings.Contains(name, word) || i == 0 && word == "Main" {
			score += len(word)
			if i == len(words)-1 && strings.HasSuffix(s.Name, "."+word) {
				score += 100 // the field itself
			}
		} else if i > 0 {
			score -= 2 * len(word)
		}
	}
	// Messages quote the value, member or error that was removed or added.
	for _, quoted := range strings.FieldsFunc(c.Message, func(r rune) bool { return strings.ContainsRune(" \":,#", r) }) {
		if word := naming.GoName(lastSegment(quoted)); len(word) > 0 && strings.HasSuffix(name, word) {
			score += 50
		}
	}
	return max(score, 0)
}
