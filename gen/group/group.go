package group

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
)

// Options say where packages go.
type Options struct {
	// Module is the path of the Go module, and Output the directory for all packages that Packages does not place,
	// relative to the module's root.
	Module, Output string
	// Packages maps a namespace to its directory, relative to the module's root. Namespaces below it go into directories
	// below that one, one package each. The longest matching namespace decides. If ".*" follows it, the namespace and all
	// namespaces below it become one package.
	Packages map[string]string
	// Records says that a package will import all packages with records.
	Records bool
	// Lock has the packages of an earlier run; nil if there was none.
	Lock *naming.Lock
	// Imports has, for a namespace whose code is in another module, the lock of that module.
	Imports map[string]*naming.Lock
}

// Group is a set of namespaces that become one package.
type Group struct {
	// Namespaces are sorted.
	Namespaces []string
	// Common is the namespace that all of them are in, or the first of them if there is none.
	Common string
	// Dir is the package's directory relative to its module's root, and ImportPath its import path.
	Dir, ImportPath string
	// Name is the package's name, and Alias the name by which other packages import it.
	Name, Alias string
	// Imported says that the package is part of another module.
	Imported bool

	size     int                 // the number of documents
	whole    bool                // all namespaces in Common are one package
	prefixes map[string][]string // the prefixes in the lock, by namespace
	uses     map[*Group]bool     // the groups that the documents of this one refer to
}

// Prefix returns the words that start the Go names of a namespace's definitions: none, or, in a package of several
// namespaces, those that distinguish the namespace from the others.
func (g *Group) Prefix(namespace string) []string {
	if words, locked := g.prefixes[namespace]; locked {
		return words
	}
	if len(g.Namespaces) == 1 && !g.whole || namespace == g.Common {
		return nil
	}
	if rest, found := strings.CutPrefix(namespace, g.Common+"."); found {
		return strings.Split(rest, ".")
	}
	if !g.whole {
		return []string{lastSegment(namespace)}
	}
	// The namespace is of another authority. The prefix begins with the name of that authority or, if both authorities
	// have the same name, with the top-level domain.
	segments, common := strings.Split(Authority(namespace), "."), strings.Split(Authority(g.Common), ".")
	word := segments[len(segments)-1]
	if word == common[len(common)-1] {
		word = segments[0]
	}
	return append([]string{word}, strings.Split(namespace, ".")[len(segments):]...)
}

// Move is a namespace that cannot stay in the package that the lock names.
type Move struct {
	Namespace string
	// From and To are directories, and FromPrefix and ToPrefix the words that start its Go names.
	From, To             string
	FromPrefix, ToPrefix []string
	// Circle has the places of the references that form a cycle; it is empty if the configuration is the reason for the
	// move.
	Circle []string
}

// New divides the set's namespaces into packages. In the result, a group comes after the groups that it uses. Merging
// the packages of a cycle may create another cycle, so New repeats this until nothing changes. It also returns the
// namespaces that cannot stay in the packages that the lock names.
func New(set *lexicon.Set, options *Options) ([]*Group, []Move) {
	found := usesOf(set)
	of := options.assign(sortedKeys(found))
	for _, document := range set.Documents {
		of[document.Namespace()].size++
	}
	circles := make(map[string][]string) // by namespace
	var list []*Group
	for {
		found.link(of)
		parts := components(of)
		joined := false
		for _, component := range parts {
			if len(component) > 1 {
				found.blame(component, circles)
				join(of, component)
				joined = true
			}
		}
		if !joined && !options.joinSame(of) {
			for _, component := range parts {
				list = append(list, component[0])
			}
			break
		}
	}
	options.place(list)
	records := make(map[string]bool)
	for _, document := range set.Documents {
		if def := document.Def("main"); options.Records && def != nil && def.Node.Type == "record" {
			records[document.Namespace()] = true
		}
	}
	makeAliases(list, records)
	return list, options.moves(list, circles)
}

func lastSegment(nsid string) string { return nsid[strings.LastIndexByte(nsid, '.')+1:] }

// assign puts each namespace into the group that the lock or, if it has none, the rule says. It does not look at import
// cycles. The result has the group of each namespace.
func (o *Options) assign(namespaces []string) map[string]*Group {
	of := make(map[string]*Group)
	byKey := make(map[string]*Group)
	add := func(namespace, key string, make func() *Group) *Group {
		g := byKey[key]
		if g == nil {
			g = make()
			byKey[key] = g
		}
		g.Namespaces = append(g.Namespaces, namespace)
		of[namespace] = g
		return g
	}
	for _, namespace := range namespaces {
		if lock := o.Imports[namespace]; lock != nil {
			place := lock.Packages[namespace]
			g := add(namespace, "import "+path.Join(lock.Module, place.Dir), func() *Group {
				return &Group{Common: namespace, Dir: place.Dir, ImportPath: path.Join(lock.Module, place.Dir), Name: path.Base(place.Dir), Imported: true}
			})
			g.keep(namespace, place.Prefix)
			continue
		}
		dir, group := o.rule(namespace)
		place, locked := o.locked(namespace)
		if locked && place.Dir != dir {
			dir, group = place.Dir, func() *Group { return &Group{Common: namespace} }
		}
		g := add(namespace, dir, group)
		g.Dir = dir
		if locked {
			g.keep(namespace, place.Prefix)
		}
	}
	for _, g := range byKey {
		if g.whole || len(g.Namespaces) == 1 {
			continue
		}
		g.Common = commonNamespace(g.Namespaces)
	}
	return of
}

func (g *Group) keep(namespace string, prefix []string) {
	if g.prefixes == nil {
		g.prefixes = make(map[string][]string)
	}
	g.prefixes[namespace] = prefix
}

// rule returns the directory of a namespace's package by the rule alone, and a function that makes its group.
func (o *Options) rule(namespace string) (string, func() *Group) {
	common, whole := namespace, false
	if pattern, _, all := o.mapping(namespace); all {
		common, whole = pattern, true
	} else if pattern == "" {
		common, whole = Authority(namespace), true
	}
	dir, _ := o.directory(common)
	return dir, func() *Group { return &Group{Common: common, whole: whole} }
}

// locked returns the place of a namespace in the lock. It returns false if there is none, or if the configuration no
// longer allows it.
func (o *Options) locked(namespace string) (naming.Place, bool) {
	if o.Lock == nil {
		return naming.Place{}, false
	}
	place, found := o.Lock.Packages[namespace]
	if !found {
		return place, false
	}
	_, base, whole := o.mapping(namespace)
	inside := place.Dir == base || base == "." || strings.HasPrefix(place.Dir, base+"/")
	return place, inside && (!whole || place.Dir == base)
}

// blame adds the places of the references between the groups of a cycle to circles, for each of their namespaces.
func (u uses) blame(component []*Group, circles map[string][]string) {
	var places, namespaces []string
	for _, from := range component {
		namespaces = append(namespaces, from.Namespaces...)
		for _, to := range component {
			if place := u.between(from, to); from != to && place != "" {
				places = append(places, place)
			}
		}
	}
	slices.Sort(places)
	for _, namespace := range namespaces {
		circles[namespace] = append(circles[namespace], places...)
	}
}

// between returns the place of one reference from one group to another, or "" if there is none.
func (u uses) between(from, to *Group) string {
	for _, a := range from.Namespaces {
		for _, b := range to.Namespaces {
			if u[a][b] != "" {
				return u[a][b]
			}
		}
	}
	return ""
}

// join merges several groups into one.
func join(of map[string]*Group, parts []*Group) {
	whole := new(Group)
	for _, part := range parts {
		whole.Namespaces = append(whole.Namespaces, part.Namespaces...)
		whole.size += part.size
	}
	slices.Sort(whole.Namespaces)
	whole.Common = commonNamespace(whole.Namespaces)
	// Of several authorities the one with the most documents gives the package its name.
	slices.SortFunc(parts, func(a, b *Group) int { return cmp.Or(cmp.Compare(b.size, a.size), cmp.Compare(a.Common, b.Common)) })
	for _, part := range parts {
		if part.whole {
			whole.Common, whole.whole = part.Common, true
			break
		}
	}
	for _, namespace := range whole.Namespaces {
		of[namespace] = whole
	}
}

// joinSame merges a group that was itself made by merging with the group that already has the directory that it would
// get, and reports whether it did so: the circle of app.bsky.actor and app.bsky.feed, whose package is app/bsky, is
// merged with app.bsky.
func (o *Options) joinSame(of map[string]*Group) bool {
	for _, namespace := range sortedKeys(of) {
		g := of[namespace]
		if g.Dir != "" {
			continue
		}
		dir, _ := o.directory(g.Common)
		for _, other := range sortedKeys(of) {
			if owner := of[other]; owner.Dir == dir && !owner.Imported {
				join(of, []*Group{g, owner})
				return true
			}
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

// place decides the directory, the name and the import path of each package.
func (o *Options) place(list []*Group) {
	for _, g := range list {
		if g.Imported {
			continue
		}
		if g.Dir == "" {
			g.Dir, _ = o.directory(g.Common)
		}
		g.Name, g.ImportPath = path.Base(g.Dir), path.Join(o.Module, g.Dir)
	}
}

// moves returns the namespaces whose directory or prefix is not the one in the lock.
func (o *Options) moves(list []*Group, circles map[string][]string) []Move {
	if o.Lock == nil {
		return nil
	}
	var moves []Move
	for _, g := range list {
		for _, namespace := range g.Namespaces {
			place, found := o.Lock.Packages[namespace]
			prefix := g.Prefix(namespace)
			if !found || g.Imported || place.Dir == g.Dir && slices.Equal(place.Prefix, prefix) {
				continue
			}
			circle := slices.Compact(slices.Sorted(slices.Values(circles[namespace])))
			moves = append(moves, Move{namespace, place.Dir, g.Dir, place.Prefix, prefix, circle})
		}
	}
	slices.SortFunc(moves, func(a, b Move) int { return cmp.Compare(a.Namespace, b.Namespace) })
	return moves
}

func sortedKeys[V any](m map[string]V) []string {
	list := make([]string, 0, len(m))
	for key := range m {
		list = append(list, key)
	}
	slices.Sort(list)
	return list
}
