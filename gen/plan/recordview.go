package plan

import "github.com/layers-pub/layers-go/gen/lexicon"

// Queries for records return one of two shapes that the runtime knows: one record as {uri, cid, value}, or a page
// of records as {cursor, records}, whatever the array is called. Their outputs need no types of their own.

// recordOf returns the record in an object of the shape {uri, cid, value}: the definition that value refers to, and its
// document. It returns nil for any other object.
func (b *builder) recordOf(document *lexicon.Document, n *lexicon.Node) (*lexicon.Document, *lexicon.Def) {
	if n == nil || n.Type != "object" || len(n.Properties) != 3 || len(n.Nullable) > 0 || !contains(n.Required, "uri") || !contains(n.Required, "value") {
		return nil, nil
	}
	uri, cid, value := property(n, "uri"), property(n, "cid"), property(n, "value")
	if uri == nil || uri.Type != "string" || uri.Format != "at-uri" || cid == nil || cid.Type != "string" || cid.Format != "cid" || value == nil || value.Type != "ref" {
		return nil, nil
	}
	if target, def, found := b.set.Resolve(document, value.Ref); found && def.Node.Type == "record" {
		return target, def
	}
	return nil, nil
}

// recordList is a query's output that is a page of records.
type recordList struct {
	key      string            // the key of the array in the output
	item     *lexicon.Node     // the object {uri, cid, value}
	document *lexicon.Document // the document of the record
	record   *lexicon.Def
}

// recordListOf returns the records that a query lists. It returns nil unless the query takes a cursor and its output
// has only a cursor and a required array of records.
func (b *builder) recordListOf(document *lexicon.Document, query *lexicon.Node) *recordList {
	if query.Type != "query" || query.Params == nil || !plainCursor(query.Params) || query.Output == nil || query.Output.Schema == nil {
		return nil
	}
	output := query.Output.Schema
	if output.Type != "object" || len(output.Properties) != 2 || len(output.Nullable) > 0 || !plainCursor(output) {
		return nil
	}
	for _, p := range output.Properties {
		if p.Name == "cursor" || p.Node.Type != "array" || !contains(output.Required, p.Name) {
			continue
		}
		item, at := p.Node.Items, document
		if item.Type == "ref" {
			target, def, found := b.set.Resolve(document, item.Ref)
			if !found {
				return nil
			}
			item, at = def.Node, target
		}
		if target, record := b.recordOf(at, item); record != nil {
			return &recordList{p.Name, item, target, record}
		}
	}
	return nil
}

// plainCursor reports whether an object or parameters have an optional string called cursor.
func plainCursor(n *lexicon.Node) bool {
	cursor := property(n, "cursor")
	return cursor != nil && cursor.Type == "string" && cursor.Format == "" && cursor.Default == nil &&
		len(cursor.KnownValues) == 0 && len(cursor.StringEnum) == 0 && cursor.Const == nil && !contains(n.Required, "cursor")
}

func property(n *lexicon.Node, name string) *lexicon.Node {
	for _, p := range n.Properties {
		if p.Name == name {
			return p.Node
		}
	}
	return nil
}

// findRecordViews finds the definitions that need no type, since only lists of records refer to them.
func (b *builder) findRecordViews() {
	b.views = make(map[*lexicon.Node]bool)
	if b.options.NoClients {
		return
	}
	other := make(map[*lexicon.Node]int) // how often something else refers to a definition
	for _, document := range b.set.Documents {
		for _, def := range document.Defs {
			if list := b.recordListOf(document, def.Node); list != nil {
				b.views[list.item] = true
				other[list.item]--
			}
			def.Node.Walk(func(n *lexicon.Node) {
				refs := n.Refs
				if n.Type == "ref" {
					refs = append(refs[:len(refs):len(refs)], n.Ref)
				}
				for _, ref := range refs {
					if _, target, found := b.set.Resolve(document, ref); found {
						other[target.Node]++
					}
				}
			})
		}
	}
	for view := range b.views {
		if other[view] > 0 {
			delete(b.views, view)
		}
	}
}
