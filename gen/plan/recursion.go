package plan

import "github.com/layers-pub/layers-go/gen/lexicon"

// edge identifies a property of an object.
type edge struct {
	object *lexicon.Node
	key    string
}

// findRecursion finds the properties that would make a Go struct contain itself: those held by value that
// lead back to their own object. They become pointers.
func (b *builder) findRecursion() {
	held := make(map[*lexicon.Node]map[string]*lexicon.Node)
	for _, document := range b.set.Documents {
		for _, def := range document.Defs {
			def.Node.Walk(func(n *lexicon.Node) {
				if n.Type == "object" {
					held[n] = b.heldByValue(document, n)
				}
			})
		}
	}
	b.indirect = make(map[edge]bool)
	for object, properties := range held {
		for key, target := range properties {
			if reaches(held, target, object, make(map[*lexicon.Node]bool)) {
				b.indirect[edge{object, key}] = true
			}
		}
	}
}

// heldByValue returns the objects that a struct holds by value: the required and the nullable ones.
func (b *builder) heldByValue(document *lexicon.Document, object *lexicon.Node) map[string]*lexicon.Node {
	held := make(map[string]*lexicon.Node)
	for _, property := range object.Properties {
		if !contains(object.Required, property.Name) && !contains(object.Nullable, property.Name) {
			continue
		}
		switch n := property.Node; n.Type {
		case "object":
			held[property.Name] = n
		case "ref":
			if _, def, found := b.set.Resolve(document, n.Ref); found {
				held[property.Name] = objectOf(def.Node)
			}
		}
	}
	return held
}

// objectOf returns the object of a definition that is an object or a record, and nil for others.
func objectOf(n *lexicon.Node) *lexicon.Node {
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
