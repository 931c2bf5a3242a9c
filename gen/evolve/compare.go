package evolve

import (
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

// Compare returns the differences between two sets of documents, sorted by NSID and JSON pointer. It uses only the
// documents of the sets, so references may lead outside of them. It compares what documents say about data and calls.
// All changed descriptions of a document count as one change.
func Compare(before, after *lexicon.Set) []Change {
	c := &comparer{before: before, after: after, renamed: renames(before, after)}
	c.findUses()
	paired := make(map[*lexicon.Document]bool)
	for _, old := range before.Documents {
		id := old.ID
		if to, ok := c.renamed[id]; ok {
			id = to
		}
		document := after.Lookup(id)
		if document == nil {
			c.dropDocument(old)
			continue
		}
		paired[document] = true
		c.documents(old, document)
	}
	for _, document := range after.Documents {
		if !paired[document] {
			c.old, c.document = document, document
			c.report(Fine, "", "new document")
		}
	}
	sortChanges(c.changes)
	return c.changes
}

// comparer is the state of one run of Compare.
type comparer struct {
	before, after *lexicon.Set
	renamed       map[string]string // old NSID to new
	uses          map[string]string // name of a definition to a place in the new documents that refers to it
	members       map[string]bool   // names of definitions that are members of unions of the old documents
	old, document *lexicon.Document // the two versions that are being compared
	through       bool              // whether the nodes being compared are the targets of refs to different definitions
	texts         bool              // whether descriptions of the document differ
	changes       []Change
}

func (c *comparer) report(v Verdict, pointer, format string, arguments ...any) {
	change := Change{Verdict: v, NSID: c.document.ID, Pointer: pointer, Message: fmt.Sprintf(format, arguments...)}
	if c.old != nil && c.old.ID != c.document.ID {
		change.OldNSID = c.old.ID
	}
	c.changes = append(c.changes, change)
}

// findUses sets uses and members.
func (c *comparer) findUses() {
	c.uses, c.members = make(map[string]string), make(map[string]bool)
	for _, d := range c.after.Documents {
		walkDocument(d, func(n *lexicon.Node) {
			for _, ref := range refs(n) {
				if name := fullName(d.ID, ref); c.uses[name] == "" {
					c.uses[name] = d.ID + ":" + n.Pointer
				}
			}
		})
	}
	for _, d := range c.before.Documents {
		walkDocument(d, func(n *lexicon.Node) {
			if n.Type == "union" {
				for _, ref := range n.Refs {
					c.members[fullName(d.ID, ref)] = true
				}
			}
		})
	}
}

// refs returns the references of a node.
func refs(n *lexicon.Node) []string {
	if n.Type == "union" {
		return n.Refs
	}
	if n.Ref != "" {
		return []string{n.Ref}
	}
	return nil
}

// walkDocument calls visit for every node of a document.
func walkDocument(d *lexicon.Document, visit func(*lexicon.Node)) {
	for _, def := range d.Defs {
		walk(def.Node, visit)
	}
}

func walk(n *lexicon.Node, visit func(*lexicon.Node)) {
	if n == nil {
		return
	}
	visit(n)
	for _, p := range n.Properties {
		walk(p.Node, visit)
	}
	for _, child := range children(n) {
		walk(child, visit)
	}
}

// children returns the nodes directly below n other than properties; some may be nil.
func children(n *lexicon.Node) []*lexicon.Node {
	return []*lexicon.Node{n.Items, n.Record, n.Params, n.Input, n.Output, n.Message, n.Schema}
}

// fullName returns the full name of the definition that ref names in the document with the given NSID: "nsid#name", or
// the NSID alone for a main definition.
func fullName(id, ref string) string {
	if strings.HasPrefix(ref, "#") {
		ref = id + ref
	}
	return strings.TrimSuffix(ref, "#main")
}

// newName returns the name that a definition of the old documents has in the new ones.
func (c *comparer) newName(name string) string {
	id, def, found := strings.Cut(name, "#")
	if to, ok := c.renamed[id]; ok {
		id = to
	}
	if found {
		return id + "#" + def
	}
	return id
}

// dropDocument reports a document that the new set does not have.
func (c *comparer) dropDocument(old *lexicon.Document) {
	c.old, c.document = old, old
	var uses []string
	for _, def := range old.Defs {
		if use := c.uses[fullName(old.ID, "#"+def.Name)]; use != "" {
			uses = append(uses, fmt.Sprintf("%s refers to #%s", use, def.Name))
		}
	}
	if uses != nil {
		c.report(Error, "", "dropped document, though %s", strings.Join(uses, " and "))
		return
	}
	c.report(Warning, "", "dropped document: its data is no longer described; keep it, and say in its description that it is deprecated")
}

// documents compares a document with its new version.
func (c *comparer) documents(old, document *lexicon.Document) {
	c.old, c.document = old, document
	c.texts = old.Description != document.Description
	if old.ID != document.ID {
		c.renamedDocument(old)
	}
	for _, def := range old.Defs {
		pointer := def.Node.Pointer
		next := document.Def(def.Name)
		if next != nil {
			c.node(def.Node, next.Node)
			continue
		}
		if use := c.uses[fullName(document.ID, "#"+def.Name)]; use != "" {
			c.report(Error, pointer, "dropped definition %s, though %s refers to it", def.Name, use)
		} else {
			c.report(Warning, pointer, "dropped definition %s: its data is no longer described", def.Name)
		}
	}
	for _, def := range document.Defs {
		if old.Def(def.Name) == nil {
			c.report(Fine, def.Node.Pointer, "new definition %s", def.Name)
		}
	}
	if c.texts {
		c.report(Fine, "", "descriptions changed")
	}
}

// renamedDocument reports that a document has a new NSID. It is an error if data or calls contain a name of the
// document, since data and calls with the old name do not match the new one.
func (c *comparer) renamedDocument(old *lexicon.Document) {
	for _, def := range old.Defs {
		switch def.Node.Type {
		case "record", "query", "procedure", "subscription", "permission-set", "token":
			c.report(Error, "", "renamed from %s: %s; publish the new name in addition to the old one", old.ID, lostByName(def.Node.Type))
			return
		}
		if c.members[fullName(old.ID, "#"+def.Name)] {
			c.report(Error, "", "renamed from %s: data of unions with #%s names the old one; publish the new name in addition to the old one", old.ID, def.Name)
			return
		}
	}
	c.report(Warning, "", "renamed from %s: references to the old name in other documents break", old.ID)
}

func lostByName(typ string) string {
	switch typ {
	case "record":
		return "existing records remain under the old name"
	case "permission-set":
		return "granted scopes name the old one"
	case "token":
		return "existing data names the old token"
	}
	return "existing servers and clients use the old name"
}

// node compares two nodes at the same place.
func (c *comparer) node(a, b *lexicon.Node) {
	if a.Description != b.Description || a.Title != b.Title || a.Detail != b.Detail {
		c.texts = true
	}
	if a.Type == "ref" || b.Type == "ref" {
		c.reference(a, b)
		return
	}
	if a.Type != b.Type {
		c.report(Error, b.Pointer, "changed type from %s to %s", a.Type, b.Type)
		return
	}
	c.limits(a, b)
	switch a.Type {
	case "string", "integer", "boolean":
		c.values(a, b)
	case "blob":
		c.accept(a, b)
	case "array":
		c.node(a.Items, b.Items)
	case "object", "params":
		c.properties(a, b)
	case "union":
		c.union(a, b)
	case "record":
		if a.Key != b.Key {
			c.report(Error, below(b.Pointer, "key"), "changed record key from %s to %s: existing record keys can be invalid", a.Key, b.Key)
		}
		c.node(a.Record, b.Record)
	case "query", "procedure", "subscription":
		c.call(a, b)
	case "permission-set":
		c.permissions(a, b)
	}
}

// reference compares nodes at least one of which is a ref.
func (c *comparer) reference(a, b *lexicon.Node) {
	if a.Type == "ref" && b.Type == "ref" && c.newName(fullName(c.old.ID, a.Ref)) == fullName(c.document.ID, b.Ref) {
		return
	}
	from, to := c.spell(c.before, c.old, a), c.spell(c.after, c.document, b)
	shape := sameness{before: c.before, after: c.after, newName: c.newName}
	switch {
	case shape.nodes(c.old, a, c.document, b):
		c.report(Warning, b.Pointer, "changed from %s to %s: the data is the same, but the Go type changes", from, to)
	case c.compatible(&shape, a, b):
		c.report(Warning, b.Pointer, "changed from %s to %s: data of either is valid as the other, but the Go type is another", from, to)
	case a.Type != b.Type:
		c.report(Error, b.Pointer, "changed type from %s to %s", from, to)
	default:
		c.report(Error, below(b.Pointer, "ref"), "changed from %s to %s, which is different", from, to)
	}
}

// compatible compares what two nodes mean, at least one of which is a ref. If none of the changes is an error, it
// reports them at the place of the ref, and returns true. It returns false for records, and for refs inside the target
// of another ref that it compares.
func (c *comparer) compatible(s *sameness, a, b *lexicon.Node) bool {
	inner, pointer := *c, b.Pointer
	inner.changes, inner.through = nil, true
	inner.old, a = s.resolve(c.before, c.old, a)
	inner.document, b = s.resolve(c.after, c.document, b)
	if c.through || a == nil || b == nil || a.Type == "record" || b.Type == "record" {
		return false
	}
	inner.node(a, b)
	if Worst(inner.changes) == Error {
		return false
	}
	for _, change := range inner.changes {
		c.report(change.Verdict, pointer, "%s", change.Message)
	}
	return true
}

// spell returns the type of a node for a message; for a ref it names the target.
func (c *comparer) spell(set *lexicon.Set, d *lexicon.Document, n *lexicon.Node) string {
	if n.Type != "ref" {
		return n.Type
	}
	name := fullName(d.ID, n.Ref)
	if _, def, ok := set.Resolve(d, n.Ref); ok {
		return fmt.Sprintf("a ref to %s (%s)", name, def.Node.Type)
	}
	return "a ref to " + name
}

// call compares queries, procedures and subscriptions.
func (c *comparer) call(a, b *lexicon.Node) {
	c.params(a, b)
	c.body("input", a, b, a.Input, b.Input)
	c.body("output", a, b, a.Output, b.Output)
	c.body("message", a, b, a.Message, b.Message)
	name := func(e lexicon.Error) string { return e.Name }
	gone, added := difference(names(a.Errors, name), names(b.Errors, name))
	for _, e := range gone {
		c.report(Warning, below(a.Pointer, "errors"), "dropped error %s: existing servers still return it, and a Go constant is removed", e)
	}
	for _, e := range added {
		c.report(Fine, below(b.Pointer, "errors"), "new error %s", e)
	}
}

// params compares the parameters of calls. A call without parameters is the same as one with an empty list of them.
func (c *comparer) params(a, b *lexicon.Node) {
	before, after := a.Params, b.Params
	if before == nil {
		before = &lexicon.Node{Type: "params", Pointer: below(a.Pointer, "parameters")}
	}
	if after == nil {
		after = &lexicon.Node{Type: "params", Pointer: below(b.Pointer, "parameters")}
	}
	c.node(before, after)
}

// body compares the inputs, outputs or messages of two calls; what is "input", "output" or "message".
func (c *comparer) body(what string, a, b, before, after *lexicon.Node) {
	switch {
	case before == nil && after == nil:
		return
	case before == nil:
		c.report(Error, after.Pointer, "new %s: data sent without one is invalid", what)
		return
	case after == nil:
		c.report(Error, below(a.Pointer, what), "dropped %s", what)
		return
	}
	if !sameEncoding(before.Encoding, after.Encoding) {
		c.report(Error, below(after.Pointer, "encoding"), "changed encoding from %s to %s", before.Encoding, after.Encoding)
	}
	switch {
	case before.Schema == nil && after.Schema == nil:
	case before.Schema == nil:
		c.report(Error, below(after.Pointer, "schema"), "new schema: data sent without one can be invalid")
	case after.Schema == nil:
		c.report(Error, below(before.Pointer, "schema"), "dropped schema: new data can be anything")
	default:
		c.node(before.Schema, after.Schema)
	}
}

// sameEncoding reports whether two media types are equal, apart from case and white space.
func sameEncoding(a, b string) bool {
	plain := func(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "")) }
	return plain(a) == plain(b)
}

// permissions compares permission sets by what each of them grants.
func (c *comparer) permissions(a, b *lexicon.Node) {
	gone, added := difference(grants(a), grants(b))
	for _, grant := range gone {
		c.report(Warning, below(b.Pointer, "permissions"), "no longer grants %s: applications that rely on it fail", grant)
	}
	for _, grant := range added {
		c.report(Fine, below(b.Pointer, "permissions"), "also grants %s", grant)
	}
}

// grants returns what a permission set grants: one text for each action on a collection and for each method.
func grants(n *lexicon.Node) (list []string) {
	for _, p := range n.Permissions {
		if p.Ignored != "" {
			continue
		}
		switch p.Resource {
		case "repo":
			actions := p.Action
			if actions == nil {
				actions = []string{"create", "update", "delete"}
			}
			for _, collection := range p.Collection {
				for _, action := range actions {
					list = append(list, action+" in "+collection)
				}
			}
		case "rpc":
			audience := "at " + p.Aud
			if p.InheritAud {
				audience = "at the set's audience"
			}
			for _, method := range p.LXM {
				list = append(list, "call "+method+" "+audience)
			}
		}
	}
	return list
}

// names returns the results of calling name for each element.
func names[T any](list []T, name func(T) string) []string {
	var result []string
	for _, e := range list {
		result = append(result, name(e))
	}
	return result
}

// difference returns the elements that only a has and those that only b has, in their order and without repetition.
func difference[T comparable](a, b []T) (onlyA, onlyB []T) {
	without := func(a, b []T) (list []T) {
		seen := elements(b)
		for _, e := range a {
			if !seen[e] {
				seen[e] = true
				list = append(list, e)
			}
		}
		return list
	}
	return without(a, b), without(b, a)
}
