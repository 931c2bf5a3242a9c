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
	members := newScope()
	for _, name := range []string{"Unknown", "Failures", "Counts"} {
		members.reserve(name, "a field that every repository has")
	}
	for _, document := range b.set.Documents {
		if def := document.Def("main"); def != nil && def.Node.Type == "record" {
			records.Collections = append(records.Collections, b.collection(document, def, members))
		}
	}
	slices.SortFunc(records.Collections, func(x, y *Collection) int { return cmp.Compare(x.NSID, y.NSID) })
	for _, pkg := range b.plan.Packages {
		if slices.ContainsFunc(records.Collections, func(c *Collection) bool { return c.Type.Package == pkg }) {
			records.Imports = append(records.Imports, pkg)
		}
	}
	if len(records.Collections) > 0 {
		records.Doc = append(records.Doc, fmt.Sprintf("\tall, err := %s.Decode(ctx, archive, nil)\n\tif err != nil {\n\t\treturn err\n\t}\n"+
			"\tfor _, entry := range all.%s {\n\t\tfmt.Println(entry.URI, entry.Value)\n\t}", records.Name, records.Collections[0].Field))
	}
	b.plan.Records = records
}

// collection plans one field of the type Repository. The field's name is the name of the record's type, preceded by
// the name of its package unless the type's name starts with that.
func (b *builder) collection(document *lexicon.Document, def *lexicon.Def, members *scope) *Collection {
	b.document = document
	pkg := b.packages[namespaceOf(document.ID)]
	name := b.defName(document, def)
	byRule := name
	if prefix := naming.GoName(lastSegment(namespaceOf(document.ID))); len(pkg.Namespaces) == 1 && !strings.HasPrefix(name, prefix) {
		byRule = prefix + name
	}
	key := document.ID + "#main:collection"
	field := b.named(key, byRule)
	b.declare(members, field, place{document, def.Node.Pointer, key})
	return &Collection{NSID: document.ID, Key: def.Node.Key, Field: field, Type: Ref{pkg, "", name}}
}
