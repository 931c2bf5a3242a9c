package group

import (
	"go/token"
	"go/types"
	"path"
	"strings"
)

// wordSet returns the set of the words in a text.
func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// takenPackages are names that no generated package gets: those of the packages that generated code and the examples
// in package comments import, and names that have a meaning to Go.
var takenPackages = wordSet("cmp context fmt io iter lex rec rpc syntax init main internal testdata vendor")

// usableDirectory reports whether any Go program can import packages below a directory called name.
func usableDirectory(name string) bool {
	return name != "internal" && name != "testdata" && name != "vendor"
}

// usablePackageName reports whether a package can be called name: an identifier that is neither predeclared nor taken.
func usablePackageName(name string) bool {
	return token.IsIdentifier(name) && types.Universe.Lookup(name) == nil && !takenPackages[name]
}

// localNames are the variables of generated functions and the other packages that they use; a
// package that is imported by one of these names would clash with them.
var localNames = wordSet("b body c call contentType ctx cursor d e entries entry err extra h handler http i input m mux o ok out p page params payload q r s serve stream t v w x " +
	"cmp context io iter lex rec rpc syntax xrpcserver")

// recordsNames are the same for the package that lists every collection, which imports only packages with records.
var recordsNames = wordSet("account archive c cid cmp context ctx d entry err found i lex nsid options r rec repo slices syntax t trust uri v")

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

// directory returns the directory and the name of the package of a namespace, or of an authority.
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

// makeAliases chooses the names by which packages are imported. If several packages share a name, or the name
// is used for something else in the importing files, segments of the namespace are prepended. Records are the namespaces
// with records.
func makeAliases(list []*Group, records map[string]bool) {
	count := make(map[string]int)
	for _, g := range list {
		count[g.Name]++
	}
	for _, g := range list {
		recorded := false
		for _, namespace := range g.Namespaces {
			recorded = recorded || records[namespace]
		}
		local := func(name string) bool { return localNames[name] || recorded && recordsNames[name] }
		free := func(name string) bool { return count[name] == 0 && !local(name) && usablePackageName(name) }
		g.Alias = g.Name
		if count[g.Name] > 1 || local(g.Name) {
			g.Alias = joinedName(strings.Split(g.Common, "."), free)
			count[g.Alias]++
		}
	}
}
