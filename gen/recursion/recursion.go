// Package recursion finds the fields by which Go structs would contain themselves.
//
//	pointers := recursion.Find(set)
package recursion

import (
	"slices"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

// Edge identifies a property of an object.
type Edge struct {
	Object *lexicon.Node
	Key    string
}

// Find finds the properties that would make a Go struct contain itself: those held by value that
// lead back to their own object. They become pointers.
func Find(set *lexicon.Set) map[Edge]bool {
	held := make(map[*lexicon.Node]map[string]*lexicon.Node)
	for _, document := range set.Documents {
		for _, def := range document.Defs {
			def.Node.Walk(func(n *lexicon.Node) {
				if n.Type == "object" {
					held[n] = heldByValue(set, document, n)
				}
			})
		}
	}
	indirect := make(map[Edge]bool)
	for object, properties := range held {
		for key, target := range properties {
			if reaches(held, target, object, make(map[*lexicon.Node]bool)) {
				indirect[Edge{object, key}] = true
			}
		}
	}
	return indirect
}

// heldByValue returns the objects that a struct holds by value: the required and the nullable ones.
func heldByValue(set *lexicon.Set, document *lexicon.Document, object *lexicon.Node) map[string]*lexicon.Node {
	held := make(map[string]*lexicon.Node)
	for _, property := range object.Properties {
		if !slices.Contains(object.Required, property.Name) && !slices.Contains(object.Nullable, property.Name) {
			continue
		}
		switch n := property.Node; n.Type {
		case "object":
			held[property.Name] = n
		case "ref":
			if _, def, found := set.Resolve(document, n.Ref); found {
				held[property.Name] = ObjectOf(def.Node)
			}
		}
	}
	return held
}

// ObjectOf returns the object of a definition that is an object or a record, and nil for others.
func ObjectOf(n *lexicon.Node) *lexicon.Node {
	switch n.Type {
	case "object":
		return n
	case "record":
		return n.Record
	}
	return nil
}

func reaches(held map[*lexicon.Node]map[string]*lexicon.Node, from, to *lexicon.Node, seen map[*lexicon.Node]bool) bool {
	if from == to {
		return true
	}
	if from == nil || seen[from] {
		return false
	}
	seen[from] = true
	for _, next := range held[from] {
		if reaches(held, next, to, seen) {
			return true
		}
	}
	return false
}
