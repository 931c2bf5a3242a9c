package lexicon

import (
	"fmt"
	"slices"
	"strings"
)

// include removes the definitions that a list of NSIDs and namespaces does not need; see [Options.Include]. It keeps
// all definitions of the listed documents, and those definitions of other documents that the kept ones refer to. It
// returns a problem for each entry that matches no document.
func (s *Set) include(list []string) Problems {
	var problems Problems
	needed := make(map[*Def]bool)
	var add func(document *Document, def *Def)
	add = func(document *Document, def *Def) {
		if needed[def] {
			return
		}
		needed[def] = true
		def.Node.Walk(func(n *Node) {
			refs := n.Refs
			if n.Type == "ref" {
				refs = []string{n.Ref}
			}
			for _, ref := range refs {
				if target, def, found := s.Resolve(document, ref); found {
					add(target, def)
				}
			}
		})
	}
	for _, entry := range list {
		namespace, all := strings.CutSuffix(entry, ".*")
		found := false
		for _, d := range s.Documents {
			if d.ID != entry && !(all && strings.HasPrefix(d.ID, namespace+".")) {
				continue
			}
			found = true
			for _, def := range d.Defs {
				add(d, def)
			}
		}
		if !found {
			problems = append(problems, Problem{Message: fmt.Sprintf("%q is listed in \"include\" but is not among the lexicons; correct it or add the document", entry)})
		}
	}
	s.Documents = slices.DeleteFunc(s.Documents, func(d *Document) bool {
		d.Defs = slices.DeleteFunc(d.Defs, func(def *Def) bool { return !needed[def] })
		return len(d.Defs) == 0
	})
	return problems
}
