package plan

import (
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
	"github.com/layers-pub/layers-go/gen/recursion"
)

// unionValue returns the type of a union and declares it. A union without variants is a lex.TypedMap.
func (b *builder) unionValue(s spot) *Value {
	if len(s.node.Refs) == 0 {
		return &Value{Type: lexType("TypedMap"), Decode: "TypedMap", Encode: "Map", Part: "Map"}
	}
	b.declareType(s)
	union := b.union(s)
	union.Decode = b.unexported("decode" + s.name)
	if slices.ContainsFunc(union.Variants, func(v *Variant) bool { return v.Wrapper != "" }) {
		union.New = b.derived(s, ":new", "New", s.name)
	}
	b.add(union)
	return &Value{Kind: OneOf, Type: Ref{b.pkg, "", s.name}, Union: union}
}

// needEncoder gives the union of v, if v is one, a function that encodes a member.
func (b *builder) needEncoder(v *Value) {
	if v.Kind == OneOf && v.Union.Encode == "" {
		v.Union.Encode = b.unexported("encode" + v.Type.Name)
	}
}

// union returns the interface over the types that a union lists.
func (b *builder) union(s spot) *Union {
	union := &Union{Name: s.name, Marker: naming.Unexported(s.name)}
	if token.IsKeyword(union.Marker) {
		union.Marker += "Member"
	}
	kind := "a union"
	if s.node.Closed {
		kind = "a closed union"
	} else {
		union.Unknown = b.derived(s, ":unknown", "Unknown", s.name)
	}
	union.Doc = doc(fmt.Sprintf("%s is %s.", s.name, kind), s.node.Description)
	seen := make(map[string]bool)
	for _, ref := range s.node.Refs {
		if variant := b.variant(s, ref); variant != nil && !seen[variant.Name] {
			seen[variant.Name] = true
			union.Variants = append(union.Variants, variant)
		}
	}
	return union
}

// variant returns the member of a union that ref names. If it cannot be a member, variant reports why and returns nil.
func (b *builder) variant(s spot, ref string) *Variant {
	document, def, found := b.set.Resolve(b.document, ref)
	if !found {
		b.report(b.document.File, s.node.Pointer, fmt.Sprintf("unresolved reference: %s is not among the lexicons; add its document", ref))
		return nil
	}
	if recursion.ObjectOf(def.Node) == nil {
		b.report(b.document.File, s.node.Pointer, fmt.Sprintf("%s is of type %q, but a union can only have objects and records as members", ref, def.Node.Type))
		return nil
	}
	v := &Variant{Type: b.refTo(document, def), Record: def.Node.Type == "record", Name: document.ID + "#" + def.Name}
	v.Spellings = []string{v.Name}
	if def.Name == "main" {
		v.Name = document.ID
		v.Spellings = []string{v.Name, v.Name + "#main"}
	}
	if v.Type.Package != b.pkg {
		key := s.key + "=" + ref
		word := def.Name
		if word == "main" {
			word = lastSegment(document.ID)
		}
		shorter := naming.Extend(s.name, word)
		if len(shorter) > longName {
			shorter = fit(naming.Extend(s.name, word), append(slices.Clone(s.path), word), longName)
		}
		v.Wrapper = b.short(key, s.name, v.Type.Name, lastSegment(document.Namespace()), shorter)
		b.claim(b.pkg.ImportPath, v.Wrapper, key, naming.Derived, s.node)
	}
	return v
}

// buildMessage adds the messages of a subscription, and returns them. If the message is not a union, it reports that
// and returns nil.
func (b *builder) buildMessage(s spot) *Message {
	if s.node.Schema == nil || s.node.Schema.Type != "union" {
		b.report(b.document.File, s.node.Pointer, "the message of a subscription must be a union")
		return nil
	}
	inner := s
	inner.node = s.node.Schema
	b.declareType(inner)
	union := b.union(inner)
	if union.Unknown == "" { // clients must ignore messages of unknown types, whatever the lexicon says
		union.Unknown = b.derived(inner, ":unknown", "Unknown", s.name)
	}
	union.Decode = b.derived(inner, ":decode", "Decode", s.name)
	description := s.node.Schema.Description
	if description == "" {
		description = s.node.Description
	}
	union.Doc = doc(fmt.Sprintf("%s is a message of the subscription %s.", s.name, b.document.ID), description)
	for _, v := range union.Variants {
		v.Spellings = shortTypes(b.document, v)
		v.Name, v.Record = v.Spellings[0], false // the header has the type, whether the payload has it or not
	}
	message := &Message{Union: *union, Call: b.document.ID}
	if b.pkg.Server != nil {
		message.Encode = b.derived(inner, ":encode", "Encode", s.name)
	}
	b.add(message)
	return message
}

// shortTypes returns the names that a message may have in the header of a frame: the full name, and a short
// one such as "#commit" if the subscription's own document defines it.
func shortTypes(document *lexicon.Document, v *Variant) []string {
	if name, own := strings.CutPrefix(v.Name, document.ID+"#"); own {
		return []string{"#" + name, v.Name}
	}
	return v.Spellings
}
