package records

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

// schema is a node of a lexicon with the document that it is in, and never a ref.
type schema struct {
	set  *lexicon.Set
	doc  *lexicon.Document
	node *lexicon.Node
}

var loadLexicons = sync.OnceValues(func() (*lexicon.Set, error) {
	return lexicon.Load(os.DirFS("../.."), "lexicons")
})

// recordSchema returns the object that records of the collection nsid consist of.
func recordSchema(t testing.TB, nsid string) schema {
	t.Helper()
	set, err := loadLexicons()
	if err != nil {
		t.Fatal(err)
	}
	doc := set.Lookup(nsid)
	if doc == nil {
		t.Fatalf("no lexicon %s", nsid)
	}
	return schema{set, doc, doc.Def("main").Node.Record}
}

// at returns the schema of a node that is written in s's document.
func (s schema) at(node *lexicon.Node) schema {
	if node.Type == "ref" {
		return s.target(node.Ref)
	}
	return schema{s.set, s.doc, node}
}

// target returns the schema that ref leads to from s's document.
func (s schema) target(ref string) schema {
	doc, def, ok := s.set.Resolve(s.doc, ref)
	if !ok {
		panic("nothing at " + ref)
	}
	return schema{s.set, doc, def.Node}.at(def.Node)
}

// variants returns a union's listed members by their $type.
func (s schema) variants() map[string]schema {
	variants := map[string]schema{}
	for _, ref := range s.node.Refs {
		name := ref
		if strings.HasPrefix(ref, "#") {
			name = s.doc.ID + ref
		}
		variants[strings.TrimSuffix(name, "#main")] = s.target(ref)
	}
	return variants
}

func (s schema) required(name string) bool { return slices.Contains(s.node.Required, name) }

// limits returns the bounds of a length, -1 where there is none.
func (s schema) limits() (low, high int) { return bound(s.node.MinLength), bound(s.node.MaxLength) }

func bound(limit *int64) int {
	if limit == nil {
		return -1
	}
	return int(*limit)
}

// step leads from a schema to one below it: the name of a property, item for an array's items, or the
// $type of a union's member after a bar.
type step = string

const item step = "[]"

// routes returns the way to each place below s that a record can have a value in.
func (s schema) routes() [][]step {
	var all [][]step
	var walk, fields func(s schema, way []step)
	walk = func(s schema, way []step) {
		all = append(all, slices.Clone(way))
		if len(way) > 30 {
			panic(fmt.Sprint("lexicons that contain themselves are not supported: ", way))
		}
		switch s.node.Type {
		case "object":
			fields(s, way)
		case "array":
			walk(s.at(s.node.Items), append(way, item))
		case "union":
			for typ, member := range s.variants() {
				fields(member, append(way, "|"+typ))
			}
		}
	}
	fields = func(s schema, way []step) {
		for _, p := range s.node.Properties {
			walk(s.at(p.Node), append(way, p.Name))
		}
	}
	walk(s, nil)
	slices.SortFunc(all, slices.Compare)
	return all
}
