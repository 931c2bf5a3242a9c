package treebank

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/layers/segmentation"
	"github.com/layers-pub/layers-go/linguistics/internal/order"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Set is a set of records, such as those of a repository, from which documents are read. The zero Set is empty. A Set
// must not be used by several goroutines at once.
type Set struct {
	records       map[syntax.ATURI]lex.Record
	expressions   map[syntax.ATURI]*expression.Expression
	children      map[syntax.ATURI][]syntax.ATURI
	segmentations map[syntax.ATURI][]placed[*segmentation.Segmentation] // by expression
	layers        map[syntax.ATURI][]placed[*annotation.AnnotationLayer]
	sorted        bool
}

// placed is a record with its URI.
type placed[T any] struct {
	uri   syntax.ATURI
	value T
}

// Add adds a record, which must not be changed afterwards. It ignores records other than expressions, segmentations and
// annotation layers. Each record must be added only once.
func (s *Set) Add(uri syntax.ATURI, value lex.Record) {
	if s.records == nil {
		s.records = map[syntax.ATURI]lex.Record{}
		s.expressions = map[syntax.ATURI]*expression.Expression{}
		s.children = map[syntax.ATURI][]syntax.ATURI{}
		s.segmentations = map[syntax.ATURI][]placed[*segmentation.Segmentation]{}
		s.layers = map[syntax.ATURI][]placed[*annotation.AnnotationLayer]{}
	}
	s.sorted = false
	switch v := value.(type) {
	case *expression.Expression:
		s.expressions[uri] = v
		if parent, ok := v.ParentRef.Get(); ok {
			s.children[parent] = append(s.children[parent], uri)
		}
	case *segmentation.Segmentation:
		s.segmentations[v.Expression] = append(s.segmentations[v.Expression], placed[*segmentation.Segmentation]{uri, v})
	case *annotation.AnnotationLayer:
		s.layers[v.Expression] = append(s.layers[v.Expression], placed[*annotation.AnnotationLayer]{uri, v})
	default:
		return
	}
	s.records[uri] = value
}

// Documents returns the sorted URIs of the expressions that can be exported as documents: those without a parent in the
// set that have tokens, or a part that has tokens.
func (s *Set) Documents() []syntax.ATURI {
	var roots []syntax.ATURI
	for uri, e := range s.expressions {
		if parent, ok := e.ParentRef.Get(); ok && s.expressions[parent] != nil {
			continue
		}
		if s.annotated(uri, 0) {
			roots = append(roots, uri)
		}
	}
	slices.Sort(roots)
	return roots
}

// maxDepth is how deeply expressions may be nested.
const maxDepth = 64

// annotated reports whether an expression or a part of it has tokens.
func (s *Set) annotated(uri syntax.ATURI, depth int) bool {
	if len(s.segmentations[uri]) > 0 {
		return true
	}
	return depth < maxDepth && slices.ContainsFunc(s.children[uri], func(child syntax.ATURI) bool { return s.annotated(child, depth+1) })
}

// sort sorts the records, so that results do not depend on the order in which records were added.
func (s *Set) sort() {
	if s.sorted {
		return
	}
	s.sorted = true
	for parent, children := range s.children {
		s.children[parent] = order.Parts(children, func(uri syntax.ATURI) *expression.Expression { return s.expressions[uri] })
	}
	for _, all := range s.segmentations {
		slices.SortFunc(all, func(a, b placed[*segmentation.Segmentation]) int {
			return strings.Compare(string(a.uri), string(b.uri))
		})
	}
	for _, all := range s.layers {
		// The best of several analyses comes first.
		slices.SortFunc(all, func(a, b placed[*annotation.AnnotationLayer]) int {
			return cmp.Or(cmp.Compare(a.value.Rank.Or(1), b.value.Rank.Or(1)), strings.Compare(string(a.uri), string(b.uri)))
		})
	}
}

// Records returns the URIs of the records that belong to a document: its expressions, their segmentations and their
// layers, also those that Import did not make, in no particular order.
func (s *Set) Records(document syntax.ATURI) []syntax.ATURI {
	found := map[syntax.ATURI]bool{}
	var visit func(uri syntax.ATURI, depth int)
	visit = func(uri syntax.ATURI, depth int) {
		if s.expressions[uri] == nil || found[uri] || depth > maxDepth {
			return
		}
		found[uri] = true
		for _, p := range s.segmentations[uri] {
			found[p.uri] = true
		}
		for _, p := range s.layers[uri] {
			found[p.uri] = true
		}
		for _, child := range s.children[uri] {
			visit(child, depth+1)
		}
	}
	visit(document, 0)
	return slices.Collect(maps.Keys(found))
}

// Has reports whether a record was added.
func (s *Set) Has(uri syntax.ATURI) bool { return s.records[uri] != nil }
