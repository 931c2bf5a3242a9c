package naming

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// Reuse is a name that stood for one thing in a lock and, after that was removed, stands for another thing in a later
// lock.
type Reuse struct {
	// Name is the Go name as other packages write it: example.Note, example.Note.Text.
	Name string
	// Old and New are the keys of the things that the name stood for and stands for now.
	Old, New string
}

// String returns a text with the name and both keys.
func (r Reuse) String() string {
	return fmt.Sprintf("%s would stand for %s instead of %s, which was removed", r.Name, r.New, r.Old)
}

// Reused compares a lock with a later one, and returns the names that were reused for something else, sorted by their
// new keys. It leaves out names that follow from another reused name, such as a field of a type whose own name was
// reused. A program that uses a reused name may still compile, but with another meaning. The lock may be nil.
func (l *Lock) Reused(next *Lock) []Reuse {
	if l == nil {
		return nil
	}
	type place struct{ scope, name string }
	freed := make(map[place]string)
	for key, name := range l.Names {
		if _, found := next.Names[key]; !found {
			freed[place{l.scope(key), name}] = key
		}
	}
	var list []Reuse
	taken := make(map[string]bool)
	for _, key := range slices.SortedFunc(maps.Keys(next.Names), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) {
		if _, found := l.Names[key]; found {
			continue
		}
		name := next.Names[key]
		old, found := freed[place{next.scope(key), name}]
		if !found {
			continue
		}
		if !below(taken, key) {
			list = append(list, Reuse{next.qualified(key), old, key})
		}
		taken[key] = true
	}
	slices.SortFunc(list, func(a, b Reuse) int { return cmp.Compare(a.New, b.New) })
	return list
}

// Gone returns the names that a lock has and a later lock lacks, sorted. Each is a text with the name as other packages
// write it and the key that it stood for. It leaves out a name that is gone because the thing that it is part of or
// made from is gone. The lock may be nil.
func (l *Lock) Gone(next *Lock) []string {
	if l == nil {
		return nil
	}
	kept := make(map[string]bool)
	for key := range next.Names {
		kept[next.scope(key)+" "+next.Names[key]] = true
	}
	var list []string
	gone := make(map[string]bool)
	for _, key := range slices.SortedFunc(maps.Keys(l.Names), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }) {
		if _, found := next.Names[key]; found || kept[l.scope(key)+" "+l.Names[key]] {
			continue
		}
		if !below(gone, key) {
			list = append(list, fmt.Sprintf("%s, which stood for %s", l.qualified(key), key))
		}
		gone[key] = true
	}
	slices.Sort(list)
	return list
}

// dir returns the directory of the package that a key's name is in.
func (l *Lock) dir(key string) string {
	if dir, _, found := strings.Cut(key, ":"); found && !strings.Contains(dir, "#") {
		return dir // such as the client of a package
	}
	return l.Packages[Namespace(key)].Dir
}

// collections is the scope of the names of the fields that the type Repository has for collections.
const collections = "Repository"

// scope returns the scope in which a key's name is unique: the directory of its package, the key of its type, or
// collections.
func (l *Lock) scope(key string) string {
	base, made := cut(key)
	switch made {
	case "field", "default":
		if dot := strings.LastIndexByte(base, '.'); dot > strings.IndexByte(base, '#') {
			return base[:dot]
		}
	case "collection":
		return collections
	}
	return l.dir(key)
}

// qualified returns a key's name with the names of its package and type, as other packages write it.
func (l *Lock) qualified(key string) string {
	switch scope := l.scope(key); {
	case scope == collections:
		return scope + "." + l.Names[key]
	case l.Names[scope] != "":
		return path.Base(l.dir(key)) + "." + l.Names[scope] + "." + l.Names[key]
	}
	return path.Base(l.dir(key)) + "." + l.Names[key]
}

// cut splits a key whose name is made from the name of another key into that key and the word after the last colon. For
// any other key, made is empty. A colon that is part of a value does not count.
func cut(key string) (base, made string) {
	i := strings.LastIndexByte(key, ':')
	if i < 0 || strings.Contains(key[:i], "=") {
		return key, ""
	}
	return key[:i], key[i+1:]
}
