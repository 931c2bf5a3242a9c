package plan

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
	"github.com/layers-pub/layers-go/gen/recursion"
)

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// buildStruct adds the struct of an object, and then the types that are defined inside it. record is nil unless it is a
// record.
func (b *builder) buildStruct(s spot, doc Doc, record *Record) *Struct {
	b.declareType(s)
	structure := &Struct{Name: s.name, Doc: doc, Record: record, Table: b.unexported(naming.Unexported(s.name) + "Fields")}
	b.add(structure)
	b.reserveMembers(s)
	for _, property := range s.node.Properties {
		if property.Name == "$type" {
			continue // every object may have it, and the codec handles it
		}
		field := b.buildField(s, property, &structure.Rules)
		structure.Fields = append(structure.Fields, field)
	}
	all := structure.Fields
	if record != nil {
		all = append(slices.Clip(all), nil)
	}
	structure.Canonical = canonical(all)
	return structure
}

// canonical returns fields in the canonical order of DAG-CBOR: by the length of the key, then by its bytes. A nil field
// stands for "$type".
func canonical(fields []*Field) []*Field {
	sorted := slices.Clone(fields)
	slices.SortFunc(sorted, func(x, y *Field) int {
		a, b := canonicalKey(x), canonicalKey(y)
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	})
	return sorted
}

func canonicalKey(f *Field) string {
	if f == nil {
		return "$type"
	}
	return f.Key
}

// buildField returns the field for a property of an object or of parameters, and adds the types that are defined inside
// it. It appends constraints that need a variable to rules.
func (b *builder) buildField(s spot, property lexicon.Property, rules *[]*Rules) *Field {
	n := property.Node
	key := s.key + "." + property.Name
	if !plainKey(property.Name) {
		b.report(b.document.File, n.Pointer, "the name of a property must not contain quotes, backslashes or control characters; rename it")
	}
	kind := ""
	if slices.Contains(takenMembers, naming.GoName(property.Name)) {
		kind = "Field"
	}
	name := b.named(key+":field", "", property.Name, kind)
	b.claim(b.members(s), name, key+":field", naming.Member, n)
	field := &Field{
		Key: property.Name, Name: name,
		Required: contains(s.node.Required, property.Name),
	}
	field.Doc, field.Note = fieldDoc(n, field.Required)
	field.Value = b.buildValue(b.below(s, n, "."+property.Name, property.Name), rules)
	field.Presence = presence(field, b.indirect[recursion.Edge{Object: s.node, Key: property.Name}])
	if contains(s.node.Nullable, property.Name) {
		field.Presence = Nullable
		field.Value.Pointer = b.indirect[recursion.Edge{Object: s.node, Key: property.Name}]
		b.needEncoder(field.Value)
	}
	if field.Presence == Optional {
		field.Default = b.defaultOf(n)
	}
	if field.Default != nil {
		field.OrDefault = b.named(key+":default", name, "OrDefault", "Value")
		b.claim(b.members(s), field.OrDefault, key+":default", naming.Derived, n)
	}
	return field
}

// plainKey reports whether a name can be written in JSON without escapes, which encoders rely on.
func plainKey(name string) bool {
	for _, r := range name {
		if r < ' ' || r == '"' || r == '\\' || r == utf8.RuneError {
			return false
		}
	}
	return true
}

// presence returns how a field that is not nullable represents its absence.
func presence(field *Field, indirect bool) Presence {
	v := field.Value
	switch {
	case v.Kind == OneOf:
		return NotNil
	case v.Kind == Object && (indirect || !field.Required):
		return Pointer
	case field.Required:
		return Always
	case v.Kind == Array, v.Kind == Coded && v.List, v.Encode == "Bytes":
		return NotNil
	case v.Kind == Leaf && (v.Type == lexType("Map") || v.Type == lexType("TypedMap") || v.Type == lexType("Raw")):
		return IsSet
	}
	return Optional
}

// defaultOf returns the default of a node, or that of the definition that it refers to, or nil if there is none.
func (b *builder) defaultOf(n *lexicon.Node) any {
	if n.Default == nil && n.Type == "ref" {
		if _, def, found := b.set.Resolve(b.document, n.Ref); found {
			return def.Node.Default
		}
	}
	return n.Default
}
