package plan

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
)

// buildRecords plans the package that lists every collection.
func (b *builder) buildRecords() {
	dir := b.options.Records
	records := &Records{
		ImportPath: path.Join(b.options.Module, dir), Dir: dir, Name: path.Base(dir),
		Doc: Doc{
			"Package " + path.Base(dir) + " knows every record type of this module: [Lookup] finds the type of a collection, and " +
				"[Decode] decodes a whole repository, with a field for the records of each collection:",
		},
	}
	for _, pkg := range b.plan.Packages {
		if pkg.Dir == dir {
			b.report("", "/records", "the package of "+pkg.Namespaces[0]+" is in "+dir+" already; choose another directory")
		}
	}
	scope := path.Join(b.options.Module, dir) + ".Repository"
	for _, name := range []string{"Unknown", "Failures", "Counts"} {
		b.reserve(scope, name, "a field that every repository has")
	}
	for _, document := range b.set.Documents {
		if def := document.Def("main"); def != nil && def.Node.Type == "record" && b.foreign[b.packages[document.Namespace()]] == nil {
			records.Collections = append(records.Collections, b.collection(document, def, scope))
		}
	}
	slices.SortFunc(records.Collections, func(x, y *Collection) int { return cmp.Compare(x.NSID, y.NSID) })
	for _, pkg := range b.plan.Packages {
		if slices.ContainsFunc(records.Collections, func(c *Collection) bool { return c.Type.Package == pkg }) {
			records.Imports = append(records.Imports, pkg)
		}
	}
	if len(records.Collections) == 0 {
		records.Doc = Doc{"Package " + records.Name + " knows every record type of this module. There are none."}
	} else {
		records.Doc = append(records.Doc, fmt.Sprintf("\tall, err := %s.Decode(ctx, archive, nil)\n\tif err != nil {\n\t\treturn err\n\t}\n"+
			"\tfor _, entry := range all.%s {\n\t\tfmt.Println(entry.URI, entry.Value)\n\t}", records.Name, records.Collections[0].Field))
	}
	b.plan.Records = records
}

// collection plans one field of the type Repository. The field's name is the name of the record's type, preceded by
// the last segment of its namespace unless the type's name starts with that. If another collection has that name, more
// segments precede it.
func (b *builder) collection(document *lexicon.Document, def *lexicon.Def, scope string) *Collection {
	b.document = document
	pkg := b.packages[document.Namespace()]
	name := b.defName(document, def)
	segments := strings.Split(document.Namespace(), ".")
	byRule := name
	if prefix := naming.GoName(segments[len(segments)-1]); !strings.HasPrefix(name, prefix) && len(b.prefixes[document.Namespace()]) == 0 {
		byRule = prefix + name
	}
	key := document.ID + "#main:collection"
	field, _, found := b.table.Lookup(key)
	b.used[key] = true
	if !found {
		level := b.table.Level(key)
		// The name has one or more segments already; those before them follow.
		rest := len(segments) - max(1, len(b.prefixes[document.Namespace()]))
		field = byRule
		if level > 0 {
			field = naming.GoName(segments[max(0, rest-level):rest]...) + byRule
		}
	}
	b.claim(scope, field, key, naming.Member, def.Node)
	return &Collection{NSID: document.ID, Key: def.Node.Key, Field: field, Type: Ref{pkg, "", name}}
}
