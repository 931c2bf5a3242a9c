package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/naming"
	"github.com/layers-pub/layers-go/gen/prose"
)

// buildEnum adds the type of a string with known values or an enum that is defined in place.
func (b *builder) buildEnum(s spot) {
	b.declareType(s)
	enum := b.enum(s)
	b.add(&enum)
}

// enum returns the Go type of a string with known values or an enum, with the constants of its values.
func (b *builder) enum(s spot) Enum {
	enum := Enum{Name: s.name}
	values, closed := s.node.StringEnum, true
	if len(values) == 0 {
		values, closed = s.node.KnownValues, false
	}
	if closed {
		enum.Doc = Doc{fmt.Sprintf("%s is a string with one of the values below; others are invalid.", s.name)}
		enum.ValuesDoc = Doc{"The values of [" + s.name + "]."}
	} else {
		enum.Doc = Doc{fmt.Sprintf("%s is a string with known values. Other values are valid.", s.name)}
		enum.ValuesDoc = Doc{"The known values of [" + s.name + "]."}
	}
	var constants []constant
	for i, value := range values {
		if !slices.Contains(values[:i], value) {
			constants = append(constants, constant{s.key + "=" + value, b.valueWords(value)})
			enum.Values = append(enum.Values, Const{Value: value})
		}
	}
	for i, name := range b.constants(s, "", constants) {
		enum.Values[i].Name = name
		b.claim(b.pkg.ImportPath, name, constants[i].key, naming.Value, s.node)
	}
	return enum
}

// valueWords returns the words for the Go name of a known value: the value itself, or, if it is a token, the
// token's name, preceded by the token's namespace unless that is the document's.
func (b *builder) valueWords(value string) []string {
	id, name, isRef := strings.Cut(value, "#")
	if isRef && id == "" {
		return []string{name}
	}
	main := b.set.Lookup(id)
	isToken := main != nil && main.Def("main") != nil && main.Def("main").Node.Type == "token"
	if !isToken && !(isRef && strings.Count(id, ".") >= 2) {
		return []string{value}
	}
	if !isRef || name == "main" {
		name = lastSegment(id)
	}
	if namespaceOf(id) == b.document.Namespace() {
		return []string{name}
	}
	return []string{lastSegment(namespaceOf(id)), name}
}

// buildScalar adds the type of a definition that is a string, an integer or a boolean.
func (b *builder) buildScalar(s spot, id string) {
	b.declareType(s)
	n := s.node
	scalar := &Scalar{Enum: Enum{Name: s.name}}
	if len(n.KnownValues) > 0 || len(n.StringEnum) > 0 {
		scalar.Enum = b.enum(s)
	}
	scalar.Doc = b.scalarDoc(s, id)
	if n.Type == "string" {
		scalar.Value = b.plainString(s, &scalar.Rules)
	} else {
		scalar.Value = b.buildValue(s, &scalar.Rules)
	}
	scalar.Underlying = scalar.Value.Type
	if len(scalar.Values) > 0 {
		scalar.Underlying = Ref{Name: "string"}
	}
	scalar.Value.Type = Ref{b.pkg, "", s.name}
	scalar.Value.Convert = true
	scalar.Value.Basic = map[string]string{"string": "string", "integer": "int64", "boolean": "bool"}[n.Type]
	b.add(scalar)
}

func (b *builder) scalarDoc(s spot, id string) Doc {
	text := fmt.Sprintf("%s is the %s %s.", s.name, id, s.node.Type)
	description := s.node.Description
	if limits := prose.Limits(s.node); limits != "" {
		description = strings.TrimSpace(prose.Sentence(prose.Plain(description)) + " " + prose.UpperFirst(limits))
	}
	return doc(text, description)
}

// buildList adds the type of a definition that is an array.
func (b *builder) buildList(s spot, id string) {
	b.declareType(s)
	list := &List{Name: s.name, Doc: b.listDoc(s, id)}
	b.add(list)
	list.Value = b.buildValue(s, &list.Rules)
}

func (b *builder) listDoc(s spot, id string) Doc {
	description := s.node.Description
	if limits := prose.Limits(s.node); limits != "" {
		description = strings.TrimSpace(prose.Sentence(prose.Plain(description)) + " " + prose.UpperFirst(limits))
	}
	return doc(fmt.Sprintf("%s is the %s array.", s.name, id), description)
}
