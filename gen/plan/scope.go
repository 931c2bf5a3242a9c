package plan

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

// place is the origin of a name: the document, the node's JSON pointer, and the key by which the options
// can give it another name.
type place struct {
	document *lexicon.Document
	pointer  string
	key      string
}

func (p place) String() string {
	if p.document == nil {
		return p.pointer
	}
	return p.document.File + ":" + p.pointer
}

// scope holds the names that are taken in a package, a struct or a client, each with its place.
type scope struct{ names map[string]place }

func newScope() *scope { return &scope{names: make(map[string]place)} }

// reserve reserves a name for the generated code itself.
func (s *scope) reserve(name, what string) { s.names[name] = place{pointer: what} }

// declare declares a name in a scope, and reports a problem if it is taken.
func (b *builder) declare(s *scope, name string, p place) {
	other, taken := s.names[name]
	if !taken {
		s.names[name] = p
		return
	}
	b.report(p.document.File, p.pointer, fmt.Sprintf("name collision: the Go name %s is already used by %s; rename one of them in the configuration, as in \"names\": {%q: %q}",
		name, other, p.key, name+"2"))
}

// private declares a name that is not exported and returns it, with a number appended if it was taken.
func (b *builder) private(name string) string {
	s := b.scopes[b.pkg]
	unique := name
	for i := 2; s.names[unique] != (place{}); i++ {
		unique = fmt.Sprint(name, i)
	}
	s.names[unique] = place{pointer: "the generated code"}
	return unique
}

// named returns the name that the options give to the key, or byRule if they give none.
func (b *builder) named(key, byRule string) string {
	name, found := b.options.Names[key]
	if !found {
		return byRule
	}
	b.used[key] = true
	if !token.IsIdentifier(name) || !token.IsExported(name) {
		b.report("", "/names/"+escapePointer(key), fmt.Sprintf("%q is not an exported Go name", name))
	}
	return name
}

// report records a problem.
func (b *builder) report(file, pointer, message string) {
	if file == "" {
		file = b.options.File
	}
	b.problems = append(b.problems, lexicon.Problem{File: file, Pointer: pointer, Message: message})
}

// reportUnused reports the entries under "names" and "purposes" that match nothing.
func (b *builder) reportUnused() {
	for _, namespace := range sortedKeys(b.options.Purposes) {
		if b.packages[namespace] == nil {
			b.report("", "/purposes/"+escapePointer(namespace), "no document is in this namespace; remove the entry, or correct its key")
		}
	}
	for _, key := range sortedKeys(b.options.Names) {
		if !b.used[key] {
			b.report("", "/names/"+escapePointer(key), "no definition, field or value has this key; remove the entry, or correct its key")
		}
	}
}

func sortProblems(problems lexicon.Problems) {
	slices.SortFunc(problems, func(a, b lexicon.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Message, b.Message))
	})
}
