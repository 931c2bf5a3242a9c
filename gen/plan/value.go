package plan

import (
	"fmt"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func lexType(name string) Ref { return Ref{Runtime: "lex", Name: name} }

// buildValue decides the type of the value at a spot, and declares any type that is defined there. It
// appends constraints that need a variable to rules.
func (b *builder) buildValue(s spot, rules *[]*Rules) *Value {
	switch n := s.node; n.Type {
	case "boolean":
		v := &Value{Type: Ref{Name: "bool"}, Decode: "Bool", Encode: "Bool"}
		if want, ok := n.Const.(bool); ok {
			v.Decode, v.Bool = "BoolConst", &want
		}
		return v
	case "integer":
		return b.integerValue(s, rules)
	case "string":
		return b.stringValue(s, rules)
	case "bytes":
		return &Value{Type: lexType("Bytes"), Decode: "Bytes", Encode: "Bytes", Limits: lengths(n.MinLength, n.MaxLength)}
	case "cid-link":
		return &Value{Type: Ref{Runtime: "cid", Name: "Link"}, Decode: "CIDLink", Encode: "CIDLink"}
	case "blob":
		var entries []Rule
		if len(n.Accept) > 0 {
			entries = append(entries, Rule{"Accept", n.Accept})
		}
		if n.MaxSize != nil {
			entries = append(entries, Rule{"MaxSize", *n.MaxSize})
		}
		return &Value{Type: lexType("Blob"), Decode: "Blob", Encode: "Blob", Rules: b.blobRules(s, rules, entries)}
	case "unknown":
		if b.options.Raw || n.Opaque {
			return &Value{Type: lexType("Raw"), Decode: "Raw", Encode: "Raw"}
		}
		return &Value{Type: lexType("Map"), Decode: "Map", Encode: "Map"}
	case "array":
		v := &Value{Kind: Array, Limits: lengths(n.MinLength, n.MaxLength)}
		v.Items = b.buildValue(b.below(s, n.Items, "[]", "item"), rules)
		b.needEncoder(v.Items)
		return v
	case "object":
		b.buildStruct(s, b.inlineDoc(s), nil)
		return &Value{Kind: Object, Type: Ref{b.pkg, "", s.name}}
	case "union":
		return b.unionValue(s)
	case "ref":
		return b.refValue(s, rules)
	default:
		b.report(b.document.File, n.Pointer, fmt.Sprintf("type %q is not allowed here", n.Type))
		return &Value{Type: lexType("Map"), Decode: "Map", Encode: "Map"}
	}
}

func (b *builder) inlineDoc(s spot) Doc {
	return doc(fmt.Sprintf("%s is the object %s.", s.name, s.key), s.node.Description)
}

func (b *builder) integerValue(s spot, rules *[]*Rules) *Value {
	n := s.node
	v := &Value{Type: Ref{Name: "int64"}, Decode: "Int", Encode: "Int"}
	enum := n.IntEnum
	constant, isConst := n.Const.(int64)
	if isConst {
		enum = []int64{constant}
	}
	if len(enum) == 0 {
		v.Limits = []Limit{limit(n.Minimum, "Min"), limit(n.Maximum, "Max")}
		return v
	}
	entries := []Rule{
		{"Minimum", limit(n.Minimum, "Min")},
		{"Maximum", limit(n.Maximum, "Max")},
		{"Enum", enum},
	}
	if isConst {
		entries = append(entries, Rule{"Const", true})
	}
	v.Decode, v.Rules = "IntWith", b.addRules(s, rules, "IntRules", entries)
	return v
}

// stringValue decides on the type of a string: a named one for known values, that of its format, or
// the language's own.
func (b *builder) stringValue(s spot, rules *[]*Rules) *Value {
	n := s.node
	v := b.plainString(s, rules)
	if len(n.KnownValues) > 0 || len(n.StringEnum) > 0 {
		b.buildEnum(s)
		v.Type, v.Basic, v.Convert = Ref{b.pkg, "", s.name}, "string", true
	}
	return v
}

// plainString is like stringValue, but adds no named type for known values or an enum.
func (b *builder) plainString(s spot, rules *[]*Rules) *Value {
	n := s.node
	v := &Value{Type: Ref{Name: "string"}, Encode: "String"}
	format, formatted := syntax.FormatNamed(n.Format)
	if formatted {
		v.Type, v.Basic = Ref{Runtime: "syntax", Name: format.GoType()}, "string"
	}
	entries := stringRules(n)
	bounded := n.MinLength != nil || n.MaxLength != nil
	switch {
	case len(entries) == 0 && !formatted:
		v.Decode, v.Limits = "String", lengths(n.MinLength, n.MaxLength)
		return v
	case len(entries) == 0 && !bounded:
		v.Decode = format.GoType()
		return v
	}
	if n.MinLength != nil {
		entries = append(entries, Rule{"MinLength", *n.MinLength})
	}
	if n.MaxLength != nil {
		entries = append(entries, Rule{"MaxLength", *n.MaxLength})
	}
	if formatted {
		entries = append(entries, Rule{"Format", format})
	}
	v.Decode, v.Convert = "StringWith", formatted
	v.Rules = b.addRules(s, rules, "StringRules", entries)
	return v
}

// stringRules returns the constraints of a string other than its length in bytes and its format.
func stringRules(n *lexicon.Node) (entries []Rule) {
	if n.MinGraphemes != nil {
		entries = append(entries, Rule{"MinGraphemes", *n.MinGraphemes})
	}
	if n.MaxGraphemes != nil {
		entries = append(entries, Rule{"MaxGraphemes", *n.MaxGraphemes})
	}
	if constant, ok := n.Const.(string); ok {
		return append(entries, Rule{"Enum", []string{constant}}, Rule{"Const", true})
	}
	if len(n.StringEnum) > 0 {
		entries = append(entries, Rule{"Enum", n.StringEnum})
	}
	return entries
}

// addRules adds an unexported variable with the constraints of a spot to rules.
func (b *builder) addRules(s spot, rules *[]*Rules, typ string, entries []Rule) *Rules {
	r := &Rules{Name: b.unexported(naming.Unexported(s.name) + "Rules"), Type: typ, Entries: entries}
	*rules = append(*rules, r)
	return r
}

// blobRules adds the variable with a blob's constraints. It is exported, since users need the constraints
// before they upload a blob.
func (b *builder) blobRules(s spot, rules *[]*Rules, entries []Rule) *Rules {
	name := b.derived(s, ":rules", s.name, "Rules")
	r := &Rules{Name: name, Doc: Doc{fmt.Sprintf("%s are the constraints of the blob %s.", name, s.key)}, Type: "BlobRules", Entries: entries}
	*rules = append(*rules, r)
	return r
}

// limit returns an integer's bound, or the constant called none if it has no bound.
func limit(n *int64, none string) Limit {
	if n == nil {
		return Limit{Name: none}
	}
	return Limit{Number: *n}
}

// lengths returns the bounds of a length, as the arguments that the decoder takes.
func lengths(low, high *int64) []Limit {
	if low == nil {
		low = new(int64)
	}
	return []Limit{limit(low, ""), limit(high, "NoLimit")}
}

// refValue decides on the type of a reference.
func (b *builder) refValue(s spot, rules *[]*Rules) *Value {
	document, def, found := b.set.Resolve(b.document, s.node.Ref)
	if !found {
		b.report(b.document.File, s.node.Pointer, fmt.Sprintf("unresolved reference: %s is not among the lexicons; add its document", s.node.Ref))
		return &Value{Type: lexType("Map"), Decode: "Map", Encode: "Map"}
	}
	switch def.Node.Type {
	case "object", "record":
		return &Value{Kind: Object, Type: b.refTo(document, def)}
	case "string", "integer", "boolean":
		return &Value{Kind: Coded, Type: b.refTo(document, def)}
	case "array":
		return &Value{Kind: Coded, Type: b.refTo(document, def), List: true}
	case "bytes", "cid-link", "blob":
		s.node = def.Node
		return b.buildValue(s, rules)
	}
	b.report(b.document.File, s.node.Pointer, fmt.Sprintf("%s is of type %q, which cannot be referred to; refer to an object, an array, a string or another kind of data",
		s.node.Ref, def.Node.Type))
	return &Value{Type: lexType("Map"), Decode: "Map", Encode: "Map"}
}

// refTo returns the Go type of a definition and notes that its package is imported.
func (b *builder) refTo(document *lexicon.Document, def *lexicon.Def) Ref {
	pkg := b.packages[document.Namespace()]
	if pkg != b.pkg {
		if b.imports[b.pkg] == nil {
			b.imports[b.pkg] = make(map[*Package]bool)
		}
		b.imports[b.pkg][pkg] = true
	}
	return Ref{pkg, "", b.defName(document, def)}
}
