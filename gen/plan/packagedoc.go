package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/prose"
)

// packageDoc returns the package comment: the package's purpose, its content, and an example of its use.
func (b *builder) packageDoc(pkg *Package) Doc {
	var records, calls, sets []string
	var object string
	var pages, call *Method
	params := make(map[string]*Params)
	for _, file := range pkg.Files {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *Struct:
				if d.Record != nil {
					records = append(records, d.Name)
				} else if object == "" {
					object = d.Name
				}
			case *PermissionSet:
				sets = append(sets, d.Name)
			case *Params:
				params[d.Name] = d
			case *Method:
				calls = append(calls, d.Client+"."+d.Name)
				if d.Pages != nil && pages == nil {
					pages = d
				}
				if call == nil && d.Input == nil && (d.Record != nil || d.Output != nil && d.Output.Value != nil) {
					call = d
				}
			}
		}
	}
	paragraphs := Doc{b.purpose(pkg)}
	for _, document := range b.set.Documents {
		if document.Description != "" && b.packages[document.Namespace()] == pkg && lastSegment(document.ID) == "defs" {
			paragraphs = append(paragraphs, prose.Sentence(prose.Plain(document.Description)))
		}
	}
	if len(records) > 0 {
		paragraphs = append(paragraphs,
			"Records: ["+strings.Join(records, "], [")+"]. They decode from DAG-CBOR and from JSON:",
			fmt.Sprintf("\tvar record %s.%s\n\tif err := lex.DecodeCBOR(data, &record); err != nil {\n\t\treturn err\n\t}", pkg.Name, records[0]))
	}
	if len(calls) > 0 {
		paragraphs = append(paragraphs, "Calls: ["+strings.Join(calls, "], [")+"].")
	}
	switch {
	case pages != nil:
		paragraphs = append(paragraphs, pagesExample(pkg, pages, params[pages.Params].Example))
	case call != nil:
		paragraphs = append(paragraphs, callExample(pkg, call, params[call.Params]))
	case len(records) == 0 && object != "":
		paragraphs = append(paragraphs, "Objects decode from DAG-CBOR and from JSON:",
			fmt.Sprintf("\tvar object %s.%s\n\tif err := lex.DecodeJSON(data, &object); err != nil {\n\t\treturn err\n\t}", pkg.Name, object))
	}
	if len(sets) > 0 {
		paragraphs = append(paragraphs, "Permission sets: ["+strings.Join(sets, "], [")+"].")
	}
	return paragraphs
}

// purpose says what the package's namespaces are for, in the words of Options.Purposes.
func (b *builder) purpose(pkg *Package) string {
	text := fmt.Sprintf("Package %s holds the lexicons of %s", pkg.Name, strings.Join(pkg.Namespaces, ", "))
	for i, namespace := range pkg.Namespaces {
		purpose := prose.Plain(b.options.Purposes[namespace])
		switch {
		case purpose == "":
		case len(pkg.Namespaces) == 1:
			text += ": " + purpose
		case i == 0:
			text += ". " + namespace + ": " + purpose
		default:
			text = prose.Sentence(text) + " " + namespace + ": " + purpose
		}
	}
	return prose.Sentence(text)
}

// callExample returns an example that calls a method without an input. params are its parameters, or nil.
func callExample(pkg *Package, m *Method, params *Params) string {
	argument := ""
	if params != nil {
		argument = fmt.Sprintf(", &%s.%s{%s}", pkg.Name, m.Params, params.Example)
	}
	return fmt.Sprintf("\tclient := %s.%s(caller)\n\tout, err := client.%s(ctx%s)\n\tif err != nil {\n\t\treturn err\n\t}\n\tfmt.Println(out)",
		pkg.Name, pkg.Client.New, m.Name, argument)
}

// pagesExample returns an example that iterates over the results of a query. params are the fields of a literal of its
// parameters, or empty.
func pagesExample(pkg *Package, m *Method, params string) string {
	item := "item"
	if m.Record != nil {
		item = "record.URI, record.Value"
	}
	variable, _, _ := strings.Cut(item, ".")
	lines := []string{fmt.Sprintf("client := %s.%s(caller)", pkg.Name, pkg.Client.New)}
	argument := "nil"
	if params != "" {
		argument = "params"
		lines = append(lines, fmt.Sprintf("params := &%s.%s{%s}", pkg.Name, m.Params, params))
	}
	lines = append(lines,
		fmt.Sprintf("for %s, err := range client.%s(ctx, %s) {", variable, m.Pages.Name, argument),
		"\tif err != nil {", "\t\treturn err", "\t}", "\tfmt.Println("+item+")", "}")
	return "\t" + strings.Join(lines, "\n\t")
}

// exampleFields returns the fields of a literal that sets all required parameters.
func (b *builder) exampleFields(p spot, params *Params) string {
	var fields []string
	for _, field := range params.Fields {
		if field.Required {
			fields = append(fields, field.Name+": "+b.exampleValue(field.Key, property(p.node, field.Key), field.Value))
		}
	}
	return strings.Join(fields, ", ")
}

// exampleValue returns a literal for a plausible value of a parameter.
func (b *builder) exampleValue(key string, n *lexicon.Node, v *Value) string {
	if n.Type == "ref" {
		if _, def, found := b.set.Resolve(b.document, n.Ref); found {
			n = def.Node
		}
	}
	switch {
	case n.Const != nil:
		return prose.Literal(n.Const)
	case n.Type == "boolean":
		return "true"
	case n.Type == "integer" && len(n.IntEnum) > 0:
		return strconv.FormatInt(n.IntEnum[0], 10)
	case n.Type == "integer" && n.Minimum != nil:
		return strconv.FormatInt(*n.Minimum, 10)
	case n.Type == "integer":
		return "1"
	case n.Type == "array" && v.Items != nil:
		name := v.Items.Type.Name
		if pkg := v.Items.Type.Package; pkg != nil {
			name = pkg.Name + "." + name
		} else if v.Items.Type.Runtime != "" {
			name = v.Items.Type.Runtime + "." + name
		}
		return "[]" + name + "{" + b.exampleValue(key, n.Items, v.Items) + "}"
	case n.Type != "string":
		return "nil"
	}
	return strconv.Quote(b.exampleString(key, n))
}

// exampleStrings are plausible values of strings, by format.
var exampleStrings = map[string]string{
	"at-identifier": "alice.example.org",
	"cid":           "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a",
	"datetime":      "2026-01-31T12:00:00Z",
	"did":           "did:web:alice.example.org",
	"handle":        "alice.example.org",
	"language":      "en",
	"record-key":    "3kvmuvbiyrk2t",
	"tid":           "3kvmuvbiyrk2t",
	"uri":           "https://example.org/",
}

// exampleString returns a plausible value of a string.
func (b *builder) exampleString(key string, n *lexicon.Node) string {
	value := exampleStrings[n.Format]
	switch values := slices.Concat(n.StringEnum, n.KnownValues); {
	case value != "":
	case n.Format == "at-uri":
		value = "at://alice.example.org/" + b.exampleCollection(key) + "/3kvmuvbiyrk2t"
	case n.Format == "nsid" || key == "collection":
		value = b.exampleCollection(key)
	case len(values) > 0:
		value = prose.Plain(values[0])
	default:
		value = "example"
	}
	return value
}

// exampleCollection returns the collection that a parameter such as "corpusRef" is named after. If there is none, it
// returns the first whose name begins like the parameter's, the first in the package, or a made-up one.
func (b *builder) exampleCollection(key string) string {
	key = strings.TrimSuffix(strings.TrimSuffix(key, "Ref"), "Uri")
	like, own := "", ""
	for _, document := range b.set.Documents {
		def := document.Def("main")
		switch {
		case def == nil || def.Node.Type != "record":
		case lastSegment(document.ID) == key:
			return document.ID
		case like == "" && strings.HasPrefix(lastSegment(document.ID), key):
			like = document.ID
		case own == "" && b.packages[document.Namespace()] == b.pkg:
			own = document.ID
		}
	}
	return cmp.Or(like, own, "com.example.record")
}
