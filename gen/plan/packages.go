package plan

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

// group is a set of namespaces that become one package: a single namespace, the namespaces of a circle, or
// those that the options join.
type group struct {
	namespaces []string // sorted
	common     string   // the namespace that all of them are in, or the first of them
	whole      bool     // the options join all namespaces in common
	uses       map[*group]bool
	pkg        *Package
}

// namespaceOf returns an NSID without its last segment, and lastSegment that segment.
func namespaceOf(nsid string) string { return nsid[:max(0, strings.LastIndexByte(nsid, '.'))] }

func lastSegment(nsid string) string { return nsid[strings.LastIndexByte(nsid, '.')+1:] }

// groups divides the set's namespaces into packages. In the result, a group comes after the groups that it
// uses. Joining a circle may close another one, so groups repeats until nothing changes.
func groups(set *lexicon.Set, options *Options) []*group {
	uses := namespaceUses(set)
	of := make(map[string]*group)
	wholes := make(map[string]*group)
	for _, namespace := range sortedKeys(uses) {
		g := &group{namespaces: []string{namespace}, common: namespace}
		if pattern, _, whole := options.mapping(namespace); whole {
			if other := wholes[pattern]; other != nil {
				g = other
				g.namespaces = append(g.namespaces, namespace)
			} else {
				g.common, g.whole = pattern, true
				wholes[pattern] = g
			}
		}
		of[namespace] = g
	}
	for {
		link(uses, of)
		components := components(of)
		joined := false
		for _, component := range components {
			if len(component) > 1 {
				join(of, component)
				joined = true
			}
		}
		if !joined && !joinCommon(of) {
			list := make([]*group, len(components))
			for i, component := range components {
				list[i] = component[0]
			}
			return list
		}
	}
}

// namespaceUses returns, for every namespace, the others that its documents refer to.
func namespaceUses(set *lexicon.Set) map[string]map[string]bool {
	uses := make(map[string]map[string]bool)
	for _, document := range set.Documents {
		from := namespaceOf(document.ID)
		if uses[from] == nil {
			uses[from] = make(map[string]bool)
		}
		use := func(ref string) {
			target, _, found := set.Resolve(document, ref)
			if found && namespaceOf(target.ID) != from {
				uses[from][namespaceOf(target.ID)] = true
			}
		}
		for _, def := range document.Defs {
			walk(def.Node, func(n *lexicon.Node) {
				switch n.Type {
				case "ref":
					use(n.Ref)
				case "union":
					for _, ref := range n.Refs {
						use(ref)
					}
				}
			})
		}
	}
	return uses
}

// walk calls visit for n and every node below it.
func walk(n *lexicon.Node, visit func(*lexicon.Node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, property := range n.Properties {
		walk(property.Node, visit)
	}
	for _, child := range []*lexicon.Node{n.Items, n.Record, n.Params, n.Input, n.Output, n.Message, n.Schema} {
		walk(child, visit)
	}
}

func link(uses map[string]map[string]bool, of map[string]*group) {
	for _, g := range of {
		g.uses = make(map[*group]bool)
	}
	for from, targets := range uses {
		for target := range targets {
			if of[from] != of[target] {
				of[from].uses[of[target]] = true
			}
		}
	}
}

// components returns the strongly connected components of the groups, each after those that it uses
// (Tarjan's algorithm). The order depends only on the namespaces.
func components(of map[string]*group) [][]*group {
	var (
		all     [][]*group
		stack   []*group
		index   = make(map[*group]int)
		low     = make(map[*group]int)
		onStack = make(map[*group]bool)
		visit   func(g *group)
	)
	visit = func(g *group) {
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
	distinct := make(map[*group]bool)
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

func sortedGroups(set map[*group]bool) []*group {
	list := make([]*group, 0, len(set))
	for g := range set {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *group) int { return cmp.Compare(a.namespaces[0], b.namespaces[0]) })
	return list
}

// join merges several groups into one.
func join(of map[string]*group, parts []*group) {
	whole := new(group)
	for _, part := range parts {
		whole.namespaces = append(whole.namespaces, part.namespaces...)
	}
	slices.Sort(whole.namespaces)
	whole.common = commonNamespace(whole.namespaces)
	for _, part := range parts {
		if part.whole {
			whole.common, whole.whole = part.common, true
		}
	}
	for _, namespace := range whole.namespaces {
		of[namespace] = whole
	}
}

// joinCommon adds to a joined group the namespace whose directory it uses: the circle of app.bsky.actor and
// app.bsky.feed, whose package is app/bsky, gets app.bsky.
func joinCommon(of map[string]*group) bool {
	for _, namespace := range sortedKeys(of) {
		g := of[namespace]
		if owner := of[g.common]; owner != nil && owner != g {
			join(of, []*group{g, owner})
			return true
		}
	}
	return false
}

// commonNamespace returns the longest namespace that contains every element of a sorted list, or the first
// element if that namespace would be only a top-level domain.
func commonNamespace(namespaces []string) string {
	segments := strings.Split(namespaces[0], ".")
	last := strings.Split(namespaces[len(namespaces)-1], ".")
	n := 0
	for n < min(len(segments), len(last)) && segments[n] == last[n] {
		n++
	}
	if n < 2 {
		return namespaces[0]
	}
	return strings.Join(segments[:n], ".")
}

func sortedKeys[V any](m map[string]V) []string {
	list := make([]string, 0, len(m))
	for key := range m {
		list = append(list, key)
	}
	slices.Sort(list)
	return list
}

// prefix returns the words that start the Go names of a namespace's definitions: none, or, in a joined group,
// those that distinguish the namespace from the others.
func (g *group) prefix(namespace string) []string {
	if len(g.namespaces) == 1 && !g.whole {
		return nil
	}
	if rest, found := strings.CutPrefix(namespace, g.common+"."); found {
		return strings.Split(rest, ".")
	}
	return []string{lastSegment(namespace)}
}

// mapping returns the namespace in Packages that decides where a namespace goes, or "" if there is none, and
// its directory. Whole says that everything in the returned namespace becomes one package.
func (o *Options) mapping(namespace string) (prefix, dir string, whole bool) {
	dir = o.Output
	for pattern, mapped := range o.Packages {
		p, all := strings.CutSuffix(pattern, ".*")
		inside := strings.HasPrefix(namespace+".", p+".")
		if inside && (len(p) > len(prefix) || len(p) == len(prefix) && all) {
			prefix, dir, whole = p, mapped, all
		}
	}
	return prefix, dir, whole
}

// directory returns the directory and the name of a namespace's package.
func (o *Options) directory(namespace string) (dir, name string) {
	prefix, base, whole := o.mapping(namespace)
	rest := strings.TrimPrefix(strings.TrimPrefix(namespace, prefix), ".")
	if rest == "" || whole {
		return base, path.Base(base)
	}
	segments := strings.Split(namespace, ".")
	own := strings.Split(rest, ".")
	dir = base
	for i := range own[:len(own)-1] {
		dir = path.Join(dir, joinedName(segments[:len(segments)-len(own)+i+1], usableDirectory))
	}
	name = joinedName(segments, usablePackageName)
	return path.Join(dir, name), name
}

// joinedName returns the last of segments, in lower case and without hyphens. It prepends preceding segments
// until the name is usable.
func joinedName(segments []string, usable func(string) bool) string {
	name := ""
	for i := len(segments) - 1; i >= 0; i-- {
		name = strings.ToLower(strings.ReplaceAll(segments[i], "-", "")) + name
		if usable(name) {
			return name
		}
	}
	for !usable(name) {
		name = "x" + name
	}
	return name
}

// makePackages creates the packages of all groups, in the order of the groups.
func (b *builder) makePackages(list []*group) {
	byDir := make(map[string]*group)
	for _, g := range list {
		dir, name := b.options.directory(g.common)
		if other := byDir[dir]; other != nil {
			b.report("", "", fmt.Sprintf("the namespaces %s and %s would both be package %s; map one of them elsewhere under \"packages\"",
				other.namespaces[0], g.namespaces[0], dir))
		}
		byDir[dir] = g
		g.pkg = &Package{ImportPath: path.Join(b.options.Module, dir), Dir: dir, Name: name, Namespaces: g.namespaces}
		b.plan.Packages = append(b.plan.Packages, g.pkg)
		b.scopes[g.pkg] = newScope()
		for _, namespace := range g.namespaces {
			b.packages[namespace] = g.pkg
			b.prefixes[namespace] = g.prefix(namespace)
		}
	}
	b.makeAliases(list)
}

// makeAliases chooses the names by which packages are imported. If several packages share a name, or the name
// is used for something else in the importing files, segments of the namespace are prepended.
func (b *builder) makeAliases(list []*group) {
	count := make(map[string]int)
	for _, pkg := range b.plan.Packages {
		count[pkg.Name]++
	}
	records := make(map[*Package]bool) // those that the package of all records imports
	for _, document := range b.set.Documents {
		if def := document.Def("main"); b.options.Records != "" && def != nil && def.Node.Type == "record" {
			records[b.packages[namespaceOf(document.ID)]] = true
		}
	}
	for _, g := range list {
		local := func(name string) bool { return localNames[name] || records[g.pkg] && recordsNames[name] }
		free := func(name string) bool { return count[name] == 0 && !local(name) && usablePackageName(name) }
		g.pkg.Alias = g.pkg.Name
		if count[g.pkg.Name] > 1 || local(g.pkg.Name) {
			g.pkg.Alias = joinedName(strings.Split(g.common, "."), free)
			count[g.pkg.Alias]++
		}
	}
}
