package lexicon

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Lint returns warnings about constructs that are allowed but probably not intended, or known to cause trouble: keys
// that the language does not define, names that differ only in case, permissions that servers ignore, values that no
// data can have, and constructs that the specification advises against. The list is sorted by file, pointer and
// message, and empty if there are no warnings.
func Lint(set *Set) []Problem {
	l := &linter{set: set}
	ids := map[string]string{}
	for _, d := range set.Documents {
		l.document = d
		l.problems = append(l.problems, d.warnings...)
		l.problems = append(l.problems, d.found...)
		if other, ok := fold(ids, d.ID); ok {
			l.warn("/id", "the id differs from %s only in case, and some file systems treat them as equal; rename one", other)
		}
		names := map[string]string{}
		for _, def := range d.Defs {
			if other, ok := fold(names, def.Name); ok {
				l.warn(jsontext.Pointer(def.Node.Pointer), "the name differs from %q only in case; rename one", other)
			}
			l.node(def.Node, def.Node.Type == "record")
		}
	}
	return l.problems.sorted()
}

// linter collects the warnings that Lint returns.
type linter struct {
	set      *Set
	document *Document
	problems Problems
}

func (l *linter) warn(pointer jsontext.Pointer, format string, args ...any) {
	l.problems = append(l.problems, problem(l.document.File, pointer, format, args...))
}

// node checks a node and all nodes within it. record says that the node is part
// of a record.
func (l *linter) node(n *Node, record bool) {
	if n == nil {
		return
	}
	pointer := jsontext.Pointer(n.Pointer)
	switch n.Type {
	case "object", "params":
		names := map[string]string{}
		for _, property := range n.Properties {
			if other, ok := fold(names, property.Name); ok {
				l.warn(jsontext.Pointer(property.Node.Pointer), "the name differs from %q only in case, and some languages treat them as equal; rename one", other)
			}
			l.node(property.Node, record)
		}
	case "unknown":
		if record && n.Ref == "" {
			l.warn(pointer, "the specification advises against unknown in a record; use a union, which may have no variants")
		}
	case "integer":
		l.exact(pointer.AppendToken("minimum"), n.Minimum)
		l.exact(pointer.AppendToken("maximum"), n.Maximum)
	case "string":
		l.string(n, pointer)
	case "permission-set":
		l.permissions(n, pointer)
	case "body":
		mime, _, _ := strings.Cut(n.Encoding, ";")
		if n.Schema != nil && strings.TrimSpace(mime) != "application/json" && !strings.HasSuffix(mime, "+json") {
			l.warn(pointer.AppendToken("schema"), "a schema describes JSON only, and the encoding is %s; correct the encoding or remove the schema", n.Encoding)
		}
	}
	for _, child := range []*Node{n.Items, n.Record, n.Params, n.Input, n.Output, n.Message, n.Schema} {
		l.node(child, record)
	}
}

// exact warns of a limit that some implementations cannot represent exactly.
func (l *linter) exact(pointer jsontext.Pointer, limit *int64) {
	const most = 1<<53 - 1
	if limit != nil && (*limit > most || *limit < -most) {
		l.warn(pointer, "%d has more than 53 bits, and JavaScript rounds it; use a smaller limit", *limit)
	}
}

func (l *linter) string(n *Node, pointer jsontext.Pointer) {
	if n.MaxGraphemes != nil && n.MaxLength != nil && *n.MaxGraphemes > *n.MaxLength {
		l.warn(pointer.AppendToken("maxGraphemes"), "maxGraphemes %d is never reached, since maxLength allows %d bytes; correct one of them", *n.MaxGraphemes, *n.MaxLength)
	}
	for i, value := range n.KnownValues {
		place := pointer.AppendToken("knownValues").AppendToken(strconv.Itoa(i))
		if reason := misfit(n, value); reason != "" {
			l.warn(place, "%q %s; correct the value or the limit", value, reason)
		}
		// A value with a "#" may be the name of a token.
		id, _, found := strings.Cut(value, "#")
		if !found || !validReference(value) {
			continue
		}
		if id == "" {
			l.warn(place, "%s is taken literally here; write %s%s to name a token", value, l.document.ID, value)
			continue
		}
		if d, _, ok := l.set.Resolve(l.document, value); d != nil && !ok {
			l.warn(place, "%s names a token that %s does not define; define it or correct the value", value, id)
		}
	}
}

func (l *linter) permissions(n *Node, pointer jsontext.Pointer) {
	for i, p := range n.Permissions {
		place := pointer.AppendToken("permissions").AppendToken(strconv.Itoa(i))
		if p.Ignored != "" {
			l.warn(place, "servers ignore this permission: %s; correct it or remove it", p.Ignored)
			continue
		}
		l.granted(place.AppendToken("collection"), p.Collection, "a record type", "record")
		l.granted(place.AppendToken("lxm"), p.LXM, "a method", "query", "procedure", "subscription")
	}
}

// granted warns of names in a permission that do not name a definition of the
// right kind. The permission set and what it grants are in one namespace, so
// they are usually loaded together.
func (l *linter) granted(pointer jsontext.Pointer, names []string, kind string, types ...string) {
	for i, name := range names {
		_, def, ok := l.set.Resolve(l.document, name)
		if ok && slices.Contains(types, def.Node.Type) {
			continue
		}
		l.warn(pointer.AppendToken(strconv.Itoa(i)), "%s is not %s among the lexicons; correct the name or add the document", name, kind)
	}
}

// fold records a name, and returns an earlier name that differs from it only in
// case, if there is one.
func fold(seen map[string]string, name string) (string, bool) {
	key := strings.ToLower(name)
	other, ok := seen[key]
	if !ok {
		seen[key] = name
	}
	return other, ok
}
