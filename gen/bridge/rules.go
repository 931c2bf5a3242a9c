package bridge

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/evolve"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/runtime/bridge"
)

// Rule says how the value of an old field is moved. Exactly one of its fields is set.
type Rule struct {
	// Rename is the field's new name or, for the field "$type", the new NSID of the record type.
	Rename string `json:"rename,omitzero"`
	// Prepend is the array field whose first item the value becomes.
	Prepend string `json:"prepend,omitzero"`
	// Wrap is the field of a new object that holds the value. The object replaces the value.
	Wrap string `json:"wrap,omitzero"`
	// List is the array field whose only item the value becomes.
	List string `json:"list,omitzero"`
	// Text is the string field that is set to the decimal digits of an integer.
	Text string `json:"text,omitzero"`
	// Type is the new $type of a union member whose document has a new NSID. This rule is always found automatically.
	Type string `json:"-"`
	// Func is the name of a hand-written function of the package. It has the type bridge.Rule of package
	// runtime/bridge.
	Func string `json:"func,omitzero"`
}

func (r Rule) check() error {
	set := 0
	for _, s := range []string{r.Rename, r.Prepend, r.Wrap, r.List, r.Text, r.Type, r.Func} {
		if s != "" {
			set++
		}
	}
	if set != 1 {
		return errors.New("a rule is one of rename, prepend, wrap, list, text and func")
	}
	return nil
}

// typeField is the name of the field that stands for the type of a record in rules.
const typeField = "$type"

// record is a record type that changed.
type record struct {
	old, new *lexicon.Document
	fields   []field
}

// field is a field that only the old version has, or that has another type now.
type field struct {
	path []string // as in the Field of package runtime/bridge
	name string
	kind string // of the old value, if the new version has a field of the same name; otherwise empty
	rule Rule
}

// key returns the path and the name of the field as rules write them.
func (f *field) key() string { return keyOf(append(slices.Clone(f.path), f.name)) }

func keyOf(path []string) string {
	steps := slices.Clone(path)
	for i, step := range steps {
		var ways []string
		for _, way := range bridge.Repeated(step) {
			ways = append(ways, keyOf(way))
		}
		if steps[i], _, _ = strings.Cut(step, "|"); ways != nil {
			steps[i] = "(" + strings.Join(ways, "|") + ")"
		}
	}
	return strings.Join(steps, "/")
}

// loop is a path that leads from a level to another object of the same type inside it. It begins with the path of the
// level.
type loop struct {
	of   *level
	path []string
}

// level is an object that is being compared.
type level struct {
	path          []string
	fields, loops int // the numbers of fields and loops that were found before this level
}

// maxObjects limits how many objects of a record type are compared.
const maxObjects = 10_000

// comparison compares the record types of two versions.
type comparison struct {
	before, after *lexicon.Set
	renamed       map[place]string  // the new names of renamed fields
	documents     map[string]string // the new NSIDs of renamed documents, by the old ones
	rules         map[string]map[string]Rule
	used          map[string]bool // whether a rule was used, by "NSID key"

	// The fields below are about the record type that is being compared.
	record  *record
	inside  map[[2]*lexicon.Node]*level
	loops   []loop
	objects int
}

// place identifies a field of an object by the NSID of the new document, the JSON pointer of the object in it, and the
// old name of the field.
type place struct{ nsid, object, name string }

// changed returns the record types that lost fields, changed the types of fields, or have another NSID. rules has the
// given rules by NSID and path.
func changed(before, after *lexicon.Set, rules map[string]map[string]Rule) ([]record, error) {
	c := &comparison{before: before, after: after, rules: rules, used: make(map[string]bool)}
	c.findRenamed()
	var list []record
	for id, fields := range rules {
		if to := fields[typeField].Rename; to != "" {
			c.documents[id] = to
			c.used[id+" "+typeField] = true
		}
	}
	for _, old := range before.Documents {
		id := c.now(old.ID)
		document := after.Lookup(id)
		a, b := recordOf(old), recordOf(document)
		if a == nil {
			continue
		}
		if b == nil {
			if rules[old.ID] != nil && document == nil {
				return nil, fmt.Errorf("there are rules for %s, which is not a record type in the new version", old.ID)
			}
			continue
		}
		c.record, c.inside, c.objects = &record{old: old, new: document}, make(map[[2]*lexicon.Node]*level), 0
		if err := c.object(nil, old, a, document, b); err != nil {
			return nil, err
		}
		if c.record.fields != nil || old.ID != id {
			list = append(list, *c.record)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(rules)) {
		for _, name := range slices.Sorted(maps.Keys(rules[id])) {
			if !c.used[id+" "+name] {
				return nil, fmt.Errorf("there is a rule for the field %s of %s, which did not change", name, id)
			}
		}
	}
	return list, nil
}

// now returns the NSID that a document of the old version has in the new version.
func (c *comparison) now(id string) string {
	if to := c.documents[id]; to != "" {
		return to
	}
	return id
}

// findRenamed finds the fields and record types that have other names now.
func (c *comparison) findRenamed() {
	c.renamed, c.documents = make(map[place]string), make(map[string]string)
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for _, change := range evolve.Compare(c.before, c.after) {
		if change.OldNSID != "" {
			c.documents[change.OldNSID] = change.NSID
		}
		if i := strings.LastIndex(change.Pointer, "/properties/"); change.RenamedField != "" && i >= 0 {
			c.renamed[place{change.NSID, change.Pointer[:i], change.RenamedField}] = unescape.Replace(change.Pointer[i+len("/properties/"):])
		}
	}
}

// object compares an object of the old version, node a of document d, with its new version, node b of document e. path
// leads to it from the record.
func (c *comparison) object(path []string, d *lexicon.Document, a *lexicon.Node, e *lexicon.Document, b *lexicon.Node) error {
	pair := [2]*lexicon.Node{a, b}
	if l := c.inside[pair]; l != nil {
		c.loops = append(c.loops, loop{l, path})
		return nil
	}
	if c.objects++; c.objects > maxObjects {
		return fmt.Errorf("%s has more than %d objects inside objects", c.record.old.ID, maxObjects)
	}
	l := &level{path, len(c.record.fields), len(c.loops)}
	c.inside[pair] = l
	defer delete(c.inside, pair)
	if err := c.fieldsOf(path, d, a, e, b); err != nil {
		return err
	}
	l.repeat(c)
	return nil
}

// repeat handles an object that can contain objects of its own type. Into every path through the object it inserts a
// step that stands for any number of the ways from the object to another one of the same type.
func (l *level) repeat(c *comparison) {
	var ways [][]string
	c.loops = slices.DeleteFunc(c.loops, func(p loop) bool {
		if p.of == l && !slices.ContainsFunc(ways, func(w []string) bool { return slices.Equal(w, p.path[len(l.path):]) }) {
			ways = append(ways, p.path[len(l.path):])
		}
		return p.of == l
	})
	if ways == nil {
		return
	}
	insert := func(path *[]string) { *path = slices.Insert(slices.Clone(*path), len(l.path), bridge.Repeat(ways...)) }
	for i := l.fields; i < len(c.record.fields); i++ {
		insert(&c.record.fields[i].path)
	}
	for i := l.loops; i < len(c.loops); i++ { // the loops of enclosing objects
		insert(&c.loops[i].path)
	}
}

// fieldsOf compares the fields of an object.
func (c *comparison) fieldsOf(path []string, d *lexicon.Document, a *lexicon.Node, e *lexicon.Document, b *lexicon.Node) error {
	next := make(map[string]*lexicon.Node)
	for _, p := range b.Properties {
		next[p.Name] = p.Node
	}
	for _, p := range a.Properties {
		node := next[p.Name]
		if node != nil {
			if err := c.values(path, p.Name, d, p.Node, e, node); err != nil {
				return err
			}
			continue
		}
		_, was := resolve(c.before, d, p.Node)
		var mechanical Rule
		if to := c.renamed[place{e.ID, b.Pointer, p.Name}]; to != "" {
			mechanical = Rule{Rename: to}
		} else if plural := next[p.Name+"s"]; plural != nil && plural.Type == "array" && was != nil {
			if _, is := resolve(c.after, e, plural.Items); kindOf(was) != "" && kindOf(was) == kindOf(is) && was.Format == is.Format {
				mechanical = Rule{Prepend: p.Name + "s"}
			}
		}
		if err := c.add(field{path: path, name: p.Name}, mechanical); err != nil {
			return err
		}
	}
	return nil
}

// values compares the values that a field, or the items of an array, have in both versions.
func (c *comparison) values(path []string, name string, d *lexicon.Document, a *lexicon.Node, e *lexicon.Document, b *lexicon.Node) error {
	d, was := resolve(c.before, d, a)
	e, is := resolve(c.after, e, b)
	if was == nil || is == nil || kindOf(was) == "" {
		return nil // any value is allowed there
	}
	if kindOf(was) != kindOf(is) {
		var mechanical Rule
		switch {
		case is.Type == "array":
			if _, item := resolve(c.after, e, is.Items); kindOf(item) == kindOf(was) && item.Format == was.Format {
				mechanical = Rule{List: name}
			}
		case was.Type == "integer" && is.Type == "string" && is.Format == "":
			mechanical = Rule{Text: name}
		case is.Type == "":
			return nil
		}
		return c.add(field{path: path, name: name, kind: kindOf(was)}, mechanical)
	}
	path = append(path[:len(path):len(path)], name)
	switch {
	case was.Type == "array" && is.Type == "array":
		return c.values(path, bridge.Items, d, was.Items, e, is.Items)
	case was.Type == "union" && is.Type == "union":
		for _, ref := range was.Refs {
			at, member, found := c.before.Resolve(d, ref)
			if !found {
				continue
			}
			after := c.after.Lookup(c.now(at.ID))
			if after == nil || after.Def(member.Name) == nil {
				continue
			}
			was, is := objectOf(member.Node), objectOf(after.Def(member.Name).Node)
			if was == nil || is == nil {
				continue
			}
			old, now := typeName(at, member), typeName(after, after.Def(member.Name))
			types := []string{old}
			if now != old {
				types = append(types, now)
				if err := c.add(field{path: append(path[:len(path):len(path)], bridge.Member(old)), name: typeField}, Rule{Type: now}); err != nil {
					return err
				}
			}
			if err := c.object(append(path[:len(path):len(path)], bridge.Member(types...)), at, was, after, is); err != nil {
				return err
			}
		}
	case objectOf(was) != nil && objectOf(is) != nil:
		return c.object(path, d, objectOf(was), e, objectOf(is))
	}
	return nil
}

// add adds a field with its rule: the rule that the user gave, or else the mechanical one, or else a function to be
// written by hand.
func (c *comparison) add(f field, mechanical Rule) error {
	id, key := c.record.old.ID, f.key()
	rule, given := c.rules[id][key]
	c.used[id+" "+key] = true
	switch {
	case given:
	case mechanical != Rule{}:
		rule = mechanical
	default:
		rule = Rule{Func: "upgrade" + goName(id, &f)}
	}
	if err := rule.check(); err != nil {
		return fmt.Errorf("the rule for %s of %s: %w", key, id, err)
	}
	f.rule = rule
	c.record.fields = append(c.record.fields, f)
	return nil
}

// typeName returns the $type of values of a definition.
func typeName(d *lexicon.Document, def *lexicon.Def) string {
	if def.Name == "main" {
		return d.ID
	}
	return d.ID + "#" + def.Name
}

// recordOf returns the object of a document's record, or nil.
func recordOf(d *lexicon.Document) *lexicon.Node {
	if d == nil {
		return nil
	}
	if def := d.Def("main"); def != nil && def.Node.Type == "record" {
		return def.Node.Record
	}
	return nil
}

// objectOf returns n if it is an object, the object of n if n is a record, and otherwise nil.
func objectOf(n *lexicon.Node) *lexicon.Node {
	switch n.Type {
	case "object":
		return n
	case "record":
		return n.Record
	}
	return nil
}

// resolve follows refs from node n of document d. It returns the node that is not a ref, with its document, or nil if a
// ref does not resolve or after 8 refs.
func resolve(set *lexicon.Set, d *lexicon.Document, n *lexicon.Node) (*lexicon.Document, *lexicon.Node) {
	for range 8 {
		if n == nil || n.Type != "ref" {
			return d, n
		}
		document, def, ok := set.Resolve(d, n.Ref)
		if !ok {
			return nil, nil
		}
		d, n = document, def.Node
	}
	return nil, nil
}

// kindOf returns the kind of data that a node allows, as the name of a constant of package lex, or "" if there is no
// single kind.
func kindOf(n *lexicon.Node) string {
	if n == nil {
		return ""
	}
	return map[string]string{
		"boolean": "KindBool", "integer": "KindInt", "string": "KindText", "bytes": "KindBytes", "cid-link": "KindLink",
		"array": "KindArray", "object": "KindMap", "record": "KindMap", "union": "KindMap", "blob": "KindMap",
	}[n.Type]
}
