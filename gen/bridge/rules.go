package bridge

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/evolve"
	"github.com/layers-pub/layers-go/gen/lexicon"
)

// Rule says what becomes of an old field. Exactly one of its fields is set.
type Rule struct {
	// Rename is the field's new name.
	Rename string `json:"rename,omitzero"`
	// Prepend is the field with an array whose first item the value becomes.
	Prepend string `json:"prepend,omitzero"`
	// Wrap is the field of an object that takes the place of the value and has the value in that field.
	Wrap string `json:"wrap,omitzero"`
	// Func is a function of the package that is written by hand. It has the type of bridge.Rule in the runtime.
	Func string `json:"func,omitzero"`
}

func (r Rule) check() error {
	set := 0
	for _, s := range []string{r.Rename, r.Prepend, r.Wrap, r.Func} {
		if s != "" {
			set++
		}
	}
	if set != 1 {
		return errors.New("a rule is one of rename, prepend, wrap and func")
	}
	return nil
}

// record is a record type that changed.
type record struct {
	old, new *lexicon.Document
	fields   []field
}

// field is a field that only the old version has, or that has another type now.
type field struct {
	name string
	kind string // of the old value, if the new version has a field of the name, too
	rule Rule
}

// changed returns the record types of both sets that lost fields or changed the types of fields. Rules are by NSID and name.
func changed(before, after *lexicon.Set, rules map[string]map[string]Rule) ([]record, error) {
	var list []record
	renamed := renamedFields(before, after)
	unused := make(map[string]bool)
	for id, fields := range rules {
		for name := range fields {
			unused[id+" "+name] = true
		}
	}
	for _, old := range before.Documents {
		document := after.Lookup(old.ID)
		a, b := recordOf(old), recordOf(document)
		if a == nil || b == nil {
			continue
		}
		r := record{old: old, new: document}
		next := make(map[string]*lexicon.Node)
		for _, p := range b.Properties {
			next[p.Name] = p.Node
		}
		for _, p := range a.Properties {
			was := resolve(before, old, p.Node)
			f := field{name: p.Name}
			if node := next[p.Name]; node != nil {
				if is := resolve(after, document, node); was == nil || is == nil || kindOf(was) == kindOf(is) {
					continue
				}
				if f.kind = kindOf(was); f.kind == "" {
					continue // anything may stand there
				}
			}
			rule, given := rules[old.ID][p.Name]
			delete(unused, old.ID+" "+p.Name)
			plural := next[p.Name+"s"]
			switch to := renamed[old.ID+" "+p.Name]; {
			case given:
			case to != "":
				rule = Rule{Rename: to}
			case plural != nil && plural.Type == "array" && was != nil && kindOf(was) == kindOf(resolve(after, document, plural.Items)) && was.Format == plural.Items.Format:
				rule = Rule{Prepend: p.Name + "s"}
			default:
				rule = Rule{Func: "upgrade" + goName(old.ID, p.Name)}
			}
			if err := rule.check(); err != nil {
				return nil, fmt.Errorf("the rule for %s of %s: %w", p.Name, old.ID, err)
			}
			f.rule = rule
			r.fields = append(r.fields, f)
		}
		if r.fields != nil {
			list = append(list, r)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(unused)) {
		id, name, _ := strings.Cut(key, " ")
		return nil, fmt.Errorf("there is a rule for the field %s of %s, which did not change", name, id)
	}
	return list, nil
}

// renamedFields returns the new names of fields of records that were renamed, by NSID and old name.
func renamedFields(before, after *lexicon.Set) map[string]string {
	names := make(map[string]string)
	for _, c := range evolve.Compare(before, after) {
		if c.RenamedField != "" && strings.HasPrefix(c.Pointer, "/defs/main/record/properties/") && strings.Count(c.Pointer, "/") == 5 {
			names[c.NSID+" "+c.RenamedField] = c.Pointer[strings.LastIndexByte(c.Pointer, '/')+1:]
		}
	}
	return names
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

// resolve follows a ref.
func resolve(set *lexicon.Set, d *lexicon.Document, n *lexicon.Node) *lexicon.Node {
	if n.Type != "ref" {
		return n
	}
	if _, def, ok := set.Resolve(d, n.Ref); ok {
		return def.Node
	}
	return nil
}

// kindOf returns the name of the kind of data that a node allows, in package lex, or "" if there is not one.
func kindOf(n *lexicon.Node) string {
	if n == nil {
		return ""
	}
	return map[string]string{
		"boolean": "KindBool", "integer": "KindInt", "string": "KindText", "bytes": "KindBytes", "cid-link": "KindLink",
		"array": "KindArray", "object": "KindMap", "record": "KindMap", "union": "KindMap", "blob": "KindMap",
	}[n.Type]
}
