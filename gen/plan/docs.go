package plan

import (
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/prose"
)

func doc(introduction, description string) Doc { return prose.Comment(introduction, description) }

func typeDoc(name, kind, id, description string) Doc {
	return prose.TypeComment(name, kind, id, description)
}

func callDoc(name, nsid, kind, description string) Doc {
	return prose.CallComment(name, nsid, kind, description)
}

func fieldDoc(n *lexicon.Node, required bool) (Doc, string) { return prose.FieldComment(n, required) }
