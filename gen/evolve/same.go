package evolve

import (
	"github.com/layers-pub/layers-go/gen/lexicon"
)

// sameness compares the shapes of nodes of two sets: whether they allow exactly the same data. It resolves references,
// so the definitions that they name may be in other places.
type sameness struct {
	before, after *lexicon.Set
	// newName returns the name that a definition of before has in after.
	newName func(string) string
	// assumed has the pairs of nodes whose comparison has begun. They count as the same when they are met again, which
	// ends the comparison of recursive definitions; any difference is found where it began.
	assumed map[[2]*lexicon.Node]bool
}

// nodes reports whether node a of document d and node b of document e allow the same data.
func (s *sameness) nodes(d *lexicon.Document, a *lexicon.Node, e *lexicon.Document, b *lexicon.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Type == "ref" || b.Type == "ref" {
		if a.Type == b.Type && s.newName(fullName(d.ID, a.Ref)) == fullName(e.ID, b.Ref) {
			return true
		}
		d, a = s.resolve(s.before, d, a)
		e, b = s.resolve(s.after, e, b)
		if a == nil || b == nil {
			return false
		}
		// A record has its own name in the data.
		if a.Type == "record" || b.Type == "record" {
			return false
		}
	}
	pair := [2]*lexicon.Node{a, b}
	if s.assumed[pair] {
		return true
	}
	if s.assumed == nil {
		s.assumed = make(map[[2]*lexicon.Node]bool)
	}
	s.assumed[pair] = true
	return s.alike(d, a, e, b)
}

// resolve returns the node that a ref leads to and its document, or n itself if it is not a ref. It returns nil if
// there is no such node, or if it is a ref, too.
func (s *sameness) resolve(set *lexicon.Set, d *lexicon.Document, n *lexicon.Node) (*lexicon.Document, *lexicon.Node) {
	if n.Type != "ref" {
		return d, n
	}
	target, def, ok := set.Resolve(d, n.Ref)
	if !ok || def.Node.Type == "ref" {
		return nil, nil
	}
	return target, def.Node
}

// alike reports whether two nodes that are not refs allow the same data.
func (s *sameness) alike(d *lexicon.Document, a *lexicon.Node, e *lexicon.Document, b *lexicon.Node) bool {
	c := &comparer{before: s.before, after: s.after, old: d, document: e}
	c.limits(a, b)
	if a.Type != b.Type || len(c.changes) > 0 ||
		a.Format != b.Format || a.Const != b.Const || a.Default != b.Default || a.Closed != b.Closed || a.Key != b.Key ||
		!sameEncoding(a.Encoding, b.Encoding) || !covers(a.Accept, b.Accept) || !covers(b.Accept, a.Accept) ||
		!sameElements(a.StringEnum, b.StringEnum) || !sameElements(a.IntEnum, b.IntEnum) || !sameElements(a.KnownValues, b.KnownValues) ||
		!sameElements(a.Required, b.Required) || !sameElements(a.Nullable, b.Nullable) || !sameElements(grants(a), grants(b)) ||
		len(a.Properties) != len(b.Properties) {
		return false
	}
	membersA := names(a.Refs, func(ref string) string { return s.newName(fullName(d.ID, ref)) })
	membersB := names(b.Refs, func(ref string) string { return fullName(e.ID, ref) })
	name := func(e lexicon.Error) string { return e.Name }
	if !sameElements(membersA, membersB) || !sameElements(names(a.Errors, name), names(b.Errors, name)) {
		return false
	}
	after := fields(b)
	for _, p := range a.Properties {
		if next, found := after[p.Name]; !found || !s.nodes(d, p.Node, e, next.node) {
			return false
		}
	}
	others := children(b)
	for i, child := range children(a) {
		if !s.nodes(d, child, e, others[i]) {
			return false
		}
	}
	return true
}

// sameElements reports whether two lists have the same elements, in any order. A nil list differs from an empty one.
func sameElements[T comparable](a, b []T) bool {
	onlyA, onlyB := difference(a, b)
	return onlyA == nil && onlyB == nil && (a == nil) == (b == nil)
}
