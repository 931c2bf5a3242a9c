package plan

import (
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/group"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
)

// named returns the Go name of the thing with the given key: the one that the options or the lock have, or else base
// followed by part, made longer for each collision that it has lost; see [naming.Longer].
func (b *builder) named(key, base, part, kind string) string {
	name, _, found := b.table.Lookup(key)
	if !found {
		return naming.Longer(b.table.Level(key), base, part, kind, key)
	}
	b.used[key] = true
	if !token.IsIdentifier(name) || !token.IsExported(name) {
		b.report("", "/names/"+escapePointer(key), fmt.Sprintf("%q is not an exported Go name", name))
	}
	return name
}

// longName is the length, in bytes, from which the middle of a Go name is left out.
const longName = 45

// fit joins the parts of a Go name, and leaves out parts in the middle until the name is at most limit bytes long: it
// keeps the last part, then the one before it, then the first, then those before the last ones. The result is longer
// only if the last part is. fit returns full if the shortened name would not be exported.
func fit(full string, parts []string, limit int) string {
	if name := cut(parts, limit); token.IsExported(name) {
		return name
	}
	return full
}

func cut(parts []string, limit int) string {
	start := len(parts) - 1
	tail := func(i int) string { return naming.Extend("", parts[i:]...) }
	if start > 0 && len(tail(start-1)) <= limit {
		start--
	}
	first := naming.Extend("", parts[0])
	if start == 0 || len(first)+len(tail(start)) > limit {
		return tail(start)
	}
	for start > 1 && len(first)+len(tail(start-1)) <= limit {
		start--
	}
	return naming.Extend(first, parts[start:]...)
}

// short is like [builder.named], but if the name by the rule would be long, it returns shorter, unless shorter has lost
// a collision.
func (b *builder) short(key, base, part, kind, shorter string) string {
	if len(naming.Extend(base, part)) < longName {
		return b.named(key, base, part, kind)
	}
	return b.shorter(key, base, part, kind, shorter)
}

// shorter is like [builder.short], but for a name of any length.
func (b *builder) shorter(key, base, part, kind, shorter string) string {
	if _, _, found := b.table.Lookup(key); found || len(shorter) >= len(naming.Extend(base, part)) {
		return b.named(key, base, part, kind)
	}
	level := b.table.Level(key)
	if level == 0 {
		return shorter
	}
	return naming.Longer(level-1, base, part, kind, key)
}

// claim records that a scope needs a name. n is the node that the name comes from, or nil if it does not come from a
// single node.
func (b *builder) claim(scope, name, key string, rank naming.Rank, n *lexicon.Node) {
	what := key
	if n != nil {
		what = b.document.File + ":" + n.Pointer
	}
	b.table.Claim(naming.Claim{Scope: scope, Key: key, Name: name, Rank: rank, What: what})
}

// reserve records that a scope has a name regardless of the lexicons, such as that of a method. what describes the
// thing in messages.
func (b *builder) reserve(scope, name, what string) {
	b.table.Claim(naming.Claim{Scope: scope, Name: name, Rank: naming.Fixed, What: what})
}

// declareType claims the top-level name of the spot.
func (b *builder) declareType(s spot) { b.claim(b.pkg.ImportPath, s.name, s.key, s.rank, s.node) }

// derived claims a top-level name made from the spot's, and returns it: base followed by part, shortened if it is long,
// unless the options or the lock have a name for the key of the spot with suffix.
func (b *builder) derived(s spot, suffix, base, part string) string {
	key := s.key + suffix
	name, _, found := b.table.Lookup(key)
	level := b.table.Level(key)
	if !found && len(base+part) > longName {
		switch {
		case level > 0:
			level-- // the short name is taken
		case part == s.name:
			part = fit(s.name, s.path, longName-len(base))
		default:
			base = fit(s.name, s.path, longName-len(part))
		}
	}
	switch {
	case found:
		b.used[key] = true
	case level == 0:
		name = base + part
	default:
		name = naming.Longer(level, base+part, strings.TrimPrefix(suffix, ":"), "", key)
	}
	b.claim(b.pkg.ImportPath, name, key, naming.Derived, s.node)
	return name
}

// constant is the Go constant of a value or an error: its key, and the words that follow the name of its type.
type constant struct {
	key   string
	words []string
}

// constants returns the Go names of constants: the name of the spot, word, and the words of the constant. If one of
// them would be long, the name of the spot is shortened in the same way for all, unless the lock has one with the full
// name.
func (b *builder) constants(s spot, word string, list []constant) []string {
	full := s.name + word
	base, longest, locked := full, 0, false
	for _, c := range list {
		name, rank, found := b.table.Lookup(c.key)
		locked = locked || found && rank == naming.Locked && strings.HasPrefix(name, full)
		longest = max(longest, len(naming.Extend(full, c.words...))-len(full))
	}
	if len(full)+longest > longName && !locked {
		base = fit(s.name, s.path, longName-longest-len(word)) + word
	}
	names := make([]string, len(list))
	for i, c := range list {
		last := len(c.words) - 1
		names[i] = b.shorter(c.key, naming.Extend(full, c.words[:last]...), c.words[last], "", naming.Extend(base, c.words...))
	}
	return names
}

// members returns the scope of the fields and methods of a spot's type.
func (b *builder) members(s spot) string { return b.pkg.ImportPath + "." + s.key }

// takenMembers are the members that any generated struct may have besides its fields.
var takenMembers = strings.Fields("DecodeLex EncodeLex Extra IsKnown LexParams MarshalJSON RecordType String UnmarshalJSON Validate")

// reserveMembers reserves the names of the methods that the type of a spot has.
func (b *builder) reserveMembers(s spot) {
	for _, name := range takenMembers {
		b.reserve(b.members(s), name, "the method "+name)
	}
}

// unexported returns a top-level name that is not exported, with a number appended if it was taken.
func (b *builder) unexported(name string) string {
	taken := b.private[b.pkg]
	unique := name
	for i := 2; taken[unique]; i++ {
		unique = fmt.Sprint(name, i)
	}
	taken[unique] = true
	return unique
}

// foreignName returns the name of a definition whose code is in another module.
func (b *builder) foreignName(lock *naming.Lock, document *lexicon.Document, key string) string {
	name, found := lock.Names[key]
	if !found {
		b.report("", "/import", fmt.Sprintf("the module %s has no type for %s; use a version of it that has one, or remove the namespace %s",
			lock.Module, key, document.Namespace()))
		return "Missing"
	}
	return name
}

// lock returns the name lock with the packages and the names of this round.
func (b *builder) lock(groups []*group.Group) *naming.Lock {
	lock := &naming.Lock{Module: b.options.Module, Packages: make(map[string]naming.Place), Names: b.table.Names()}
	for _, g := range groups {
		for _, namespace := range g.Namespaces {
			if !g.Imported {
				lock.Packages[namespace] = naming.Place{Dir: g.Dir, Prefix: g.Prefix(namespace)}
			}
		}
	}
	return lock
}

// report records a problem.
func (b *builder) report(file, pointer, message string) {
	if file == "" {
		file = b.options.File
	}
	b.problems = append(b.problems, lexicon.Problem{File: file, Pointer: pointer, Message: message})
}

// reportCollisions reports the collisions that longer names cannot settle, because the options give one of the names.
func (b *builder) reportCollisions(collisions []naming.Collision) {
	for _, c := range collisions {
		b.report("", "/names/"+escapePointer(c.Lost.Key), fmt.Sprintf("the Go name %s for %s is already the name of %s; choose another",
			c.Lost.Name, c.Lost.What, c.Kept.What))
	}
}

// accept is the advice, in messages about changed names, on how to accept the changes.
const accept = "or run `lexgen generate --rename` to accept it"

// reportMoves reports the exported types that would be in another package than in the lock.
func (b *builder) reportMoves(moves []group.Move) {
	for _, m := range moves {
		why := "the configuration places it elsewhere; correct that, " + accept
		if len(m.Circle) > 0 {
			why = fmt.Sprintf("the references at %s create an import cycle, which Go does not allow; remove one of them, "+
				"map the authority to one package under \"packages\" (%q: %q), %s",
				strings.Join(m.Circle, ", "), group.Authority(m.Namespace)+".*", m.To, accept)
		}
		from, to := pathBase(m.From), pathBase(m.To)
		for _, key := range sortedKeys(b.options.Lock.Names) {
			if nsid, def, _ := strings.Cut(key, "#"); namespaceOf(nsid) != m.Namespace || strings.ContainsAny(def, ".:=[") {
				continue
			}
			if name := b.plan.Lock.Names[key]; name != "" {
				b.report(b.options.LockFile, "/names/"+escapePointer(key), fmt.Sprintf("%s.%s (in %s) would become %s.%s (in %s): %s",
					from, b.options.Lock.Names[key], m.From, to, name, m.To, why))
				why = "see " + key
			}
		}
	}
}

// reportRenames reports the keys of the lock whose names now belong to something else.
func (b *builder) reportRenames(keys []string) {
	for _, key := range keys {
		if name := b.plan.Lock.Names[key]; name != "" {
			b.report(b.options.LockFile, "/names/"+escapePointer(key), fmt.Sprintf("%s would become %s, since its name now belongs to something else; give it a name under \"names\", %s",
				b.options.Lock.Names[key], name, accept))
		}
	}
}

// reportReused reports the names of things that were removed which now stand for something new.
func (b *builder) reportReused() {
	for _, r := range b.options.Lock.Reused(b.plan.Lock) {
		if b.options.Names[r.New] == "" {
			b.report(b.options.LockFile, "/names/"+escapePointer(r.Old), r.String()+"; give the new one another name under \"names\", "+accept)
		}
	}
}

func pathBase(dir string) string { return dir[strings.LastIndexByte(dir, '/')+1:] }

// reportUnused reports the entries under "names" and "purposes" that match nothing.
func (b *builder) reportUnused() {
	for _, namespace := range sortedKeys(b.options.Purposes) {
		if b.packages[namespace] == nil {
			b.report("", "/purposes/"+escapePointer(namespace), "no document is in this namespace; remove the entry, or correct its key")
		}
	}
	for _, key := range sortedKeys(b.options.Names) {
		if !b.used[key] {
			b.report("", "/names/"+escapePointer(key), "no definition, field or value has this key; remove the entry, or correct its key")
		}
	}
}

func sortProblems(problems lexicon.Problems) {
	slices.SortFunc(problems, func(a, b lexicon.Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Message, b.Message))
	})
}
