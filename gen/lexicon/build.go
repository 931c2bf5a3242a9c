package lexicon

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// builder turns a parsed document into the model. It leaves out members of the
// wrong form, which the schema check has already reported, so that the checks
// that follow can look at as much of the document as possible.
type builder struct {
	file     string
	id       string
	warnings Problems
}

// keys are the members that a node of each type may have besides "type" and
// "description".
var keys = map[string][]string{
	"boolean":        {"default", "const"},
	"integer":        {"minimum", "maximum", "enum", "default", "const"},
	"string":         {"format", "minLength", "maxLength", "minGraphemes", "maxGraphemes", "knownValues", "enum", "default", "const"},
	"bytes":          {"minLength", "maxLength"},
	"cid-link":       {},
	"blob":           {"accept", "maxSize"},
	"array":          {"items", "minLength", "maxLength"},
	"object":         {"properties", "required", "nullable"},
	"params":         {"properties", "required"},
	"token":          {},
	"ref":            {"ref"},
	"union":          {"refs", "closed"},
	"unknown":        {},
	"record":         {"key", "record"},
	"query":          {"parameters", "output", "errors"},
	"procedure":      {"parameters", "input", "output", "errors"},
	"subscription":   {"parameters", "message", "errors"},
	"permission-set": {"title", "title:lang", "detail", "detail:lang", "permissions"},
	"body":           {"encoding", "schema"},
	"message":        {"schema"},
}

// document returns the model of a document, or nil if the document has no id.
func (b *builder) document(value any) *Document {
	o, _ := value.(object)
	b.id = text(o, "id")
	if b.id == "" {
		return nil
	}
	// A document fetched from a repository is a record and has a "$type".
	b.unknownKeys("", o, "lexicon", "id", "revision", "description", "defs", "$type")
	d := &Document{ID: b.id, File: b.file, Description: text(o, "description")}
	defs, _ := o.get("defs").(object)
	for _, m := range defs {
		pointer := jsontext.Pointer("/defs").AppendToken(m.name)
		node := b.node(m.value, pointer)
		if node == nil {
			// The name is defined even so.
			node = &Node{Pointer: string(pointer)}
		}
		d.Defs = append(d.Defs, &Def{Name: m.name, Node: node})
	}
	d.warnings = b.warnings
	return d
}

// node returns the model of a node, or nil if the value is not an object.
func (b *builder) node(value any, pointer jsontext.Pointer) *Node {
	o, ok := value.(object)
	if !ok {
		return nil
	}
	return b.typed(o, text(o, "type"), pointer)
}

// typed returns the model of a node of the given type.
func (b *builder) typed(o object, typ string, pointer jsontext.Pointer) *Node {
	n := &Node{Type: typ, Pointer: string(pointer), Description: text(o, "description")}
	if known, ok := keys[typ]; ok {
		b.unknownKeys(pointer, o, append([]string{"type", "description"}, known...)...)
	}
	if values, isList := o.get("enum").([]any); isList && len(values) == 0 {
		b.warnings = append(b.warnings, problem(b.file, pointer.AppendToken("enum"), "enum lists no value, so it has no effect; list one, or leave it out"))
	}
	switch typ {
	case "boolean":
		n.Default, n.Const = scalar[bool](o, "default"), scalar[bool](o, "const")
	case "integer":
		n.Minimum, n.Maximum = integer(o, "minimum"), integer(o, "maximum")
		n.IntEnum = list[int64](o, "enum")
		n.Default, n.Const = scalar[int64](o, "default"), scalar[int64](o, "const")
	case "string":
		n.Format = text(o, "format")
		n.MinLength, n.MaxLength = integer(o, "minLength"), integer(o, "maxLength")
		n.MinGraphemes, n.MaxGraphemes = integer(o, "minGraphemes"), integer(o, "maxGraphemes")
		n.KnownValues, n.StringEnum = list[string](o, "knownValues"), list[string](o, "enum")
		n.Default, n.Const = scalar[string](o, "default"), scalar[string](o, "const")
	case "bytes":
		n.MinLength, n.MaxLength = integer(o, "minLength"), integer(o, "maxLength")
	case "blob":
		n.Accept, n.MaxSize = list[string](o, "accept"), integer(o, "maxSize")
	case "array":
		n.Items = b.node(o.get("items"), pointer.AppendToken("items"))
		n.MinLength, n.MaxLength = integer(o, "minLength"), integer(o, "maxLength")
	case "object", "params":
		properties, _ := o.get("properties").(object)
		for _, m := range properties {
			if node := b.node(m.value, pointer.AppendToken("properties").AppendToken(m.name)); node != nil {
				n.Properties = append(n.Properties, Property{Name: m.name, Node: node})
			}
		}
		n.Required = list[string](o, "required")
		if typ == "object" {
			n.Nullable = list[string](o, "nullable")
		}
	case "ref":
		n.Ref = b.reference(text(o, "ref"), pointer.AppendToken("ref"))
	case "union":
		n.Refs = list[string](o, "refs")
		for i, ref := range n.Refs {
			n.Refs[i] = b.reference(ref, pointer.AppendToken("refs").AppendToken(strconv.Itoa(i)))
		}
		n.Closed, _ = o.get("closed").(bool)
	case "record":
		n.Key = text(o, "key")
		n.Record = b.node(o.get("record"), pointer.AppendToken("record"))
	case "query", "procedure", "subscription":
		n.Params = b.node(o.get("parameters"), pointer.AppendToken("parameters"))
		switch typ {
		case "procedure":
			n.Input = b.part(o, "input", "body", pointer)
			n.Output = b.part(o, "output", "body", pointer)
		case "query":
			n.Output = b.part(o, "output", "body", pointer)
		case "subscription":
			n.Message = b.part(o, "message", "message", pointer)
		}
		n.Errors = b.errors(o, pointer.AppendToken("errors"))
	case "body", "message":
		n.Encoding = text(o, "encoding")
		n.Schema = b.node(o.get("schema"), pointer.AppendToken("schema"))
	case "permission-set":
		n.Title, n.Detail = text(o, "title"), text(o, "detail")
		permissions, _ := o.get("permissions").([]any)
		for _, value := range permissions {
			if o, ok := value.(object); ok {
				n.Permissions = append(n.Permissions, permission(o, b.id))
			}
		}
	}
	return n
}

// reference returns a reference without the scheme that it has in some documents.
func (b *builder) reference(ref string, pointer jsontext.Pointer) string {
	rest, found := strings.CutPrefix(ref, lexScheme)
	if found {
		b.warnings = append(b.warnings, problem(b.file, pointer, "%q: some tools reject a reference with a scheme; write %q", ref, rest))
	}
	return rest
}

// part returns the model of a body or message, which have no "type" member.
func (b *builder) part(o object, name, typ string, pointer jsontext.Pointer) *Node {
	value, ok := o.get(name).(object)
	if !ok {
		return nil
	}
	return b.typed(value, typ, pointer.AppendToken(name))
}

func (b *builder) errors(o object, pointer jsontext.Pointer) []Error {
	values, _ := o.get("errors").([]any)
	var errors []Error
	for i, value := range values {
		if o, ok := value.(object); ok {
			b.unknownKeys(pointer.AppendToken(strconv.Itoa(i)), o, "name", "description")
			errors = append(errors, Error{Name: text(o, "name"), Description: text(o, "description")})
		}
	}
	return errors
}

// unknownKeys warns of members that the language does not define. They may
// belong to a later version of it, or be misspelt.
func (b *builder) unknownKeys(pointer jsontext.Pointer, o object, known ...string) {
	for _, m := range o {
		if !slices.Contains(known, m.name) {
			b.warnings = append(b.warnings, problem(b.file, pointer.AppendToken(m.name),
				"the key %q is not defined here, so it has no effect; correct it if it is misspelt", m.name))
		}
	}
}

// text returns a string member, or "" if there is none.
func text(o object, name string) string {
	s, _ := o.get(name).(string)
	return s
}

// integer returns an integer member, or nil if there is none.
func integer(o object, name string) *int64 {
	n, ok := o.get(name).(int64)
	if !ok {
		return nil
	}
	return &n
}

// scalar returns a member of type T, or nil if there is none.
func scalar[T bool | int64 | string](o object, name string) any {
	v, ok := o.get(name).(T)
	if !ok {
		return nil
	}
	return v
}

// list returns the elements of type T of an array member.
func list[T int64 | string](o object, name string) []T {
	values, _ := o.get(name).([]any)
	var result []T
	for _, value := range values {
		if v, ok := value.(T); ok {
			result = append(result, v)
		}
	}
	return result
}
