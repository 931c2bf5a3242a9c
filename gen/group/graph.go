package group

import (
	"cmp"
	"slices"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

// uses are the references between namespaces: for each namespace, the others that its documents refer to, and where the
// first such reference is.
type uses map[string]map[string]string

// usesOf returns the references between the namespaces of a set.
func usesOf(set *lexicon.Set) uses {
	found := make(uses)
	for _, document := range set.Documents {
		from := document.Namespace()
		if found[from] == nil {
			found[from] = make(map[string]string)
		}
		use := func(n *lexicon.Node, ref string) {
			target, _, ok := set.Resolve(document, ref)
			if !ok || target.Namespace() == from {
				return
			}
			if to := target.Namespace(); found[from][to] == "" {
				found[from][to] = document.File + ":" + n.Pointer
			}
		}
		for _, def := range document.Defs {
			def.Node.Walk(func(n *lexicon.Node) {
				switch n.Type {
				case "ref":
					use(n, n.Ref)
				case "union":
					for _, ref := range n.Refs {
						use(n, ref)
					}
				}
			})
		}
	}
	return found
}

// link sets the field uses of every group. of has the group of each namespace.
func (u uses) link(of map[string]*Group) {
	for _, g := range of {
		g.uses = make(map[*Group]bool)
	}
	for from, targets := range u {
		for target := range targets {
			if of[from] != of[target] {
				of[from].uses[of[target]] = true
			}
		}
	}
}

// components returns the strongly connected components of the groups, each after those that it uses
// (Tarjan's algorithm). The order depends only on the namespaces.
func components(of map[string]*Group) [][]*Group {
	var (
		all     [][]*Group
		stack   []*Group
		index   = make(map[*Group]int)
		low     = make(map[*Group]int)
		onStack = make(map[*Group]bool)
		visit   func(g *Group)
	)
	visit = func(g *Group) {
		index[g] = len(index) + 1
		low[g] = index[g]
		stack = append(stack, g)
		onStack[g] = true
		for _, used := range sortedGroups(g.uses) {
			if index[used] == 0 {
				visit(used)
				low[g] = min(low[g], low[used])
			} else if onStack[used] {
				low[g] = min(low[g], index[used])
			}
		}
		if low[g] != index[g] {
			return
		}
		start := slices.Index(stack, g)
		component := slices.Clone(stack[start:])
		stack = stack[:start]
		for _, member := range component {
			onStack[member] = false
		}
		all = append(all, component)
	}
	distinct := make(map[*Group]bool)
	for _, g := range of {
		distinct[g] = true
	}
	for _, g := range sortedGroups(distinct) {
		if index[g] == 0 {
			visit(g)
		}
	}
	return all
}

func sortedGroups(set map[*Group]bool) []*Group {
	list := make([]*Group, 0, len(set))
	for g := range set {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *Group) int { return cmp.Compare(a.Namespaces[0], b.Namespaces[0]) })
	return list
}
