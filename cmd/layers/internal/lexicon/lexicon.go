// Package lexicon describes the definitions in the lexicon documents of Layers for users: their fields, the types and
// limits of these, and which are required.
package lexicon

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/lexicons"
)

// Def is a definition of a lexicon.
type Def struct {
	// Name is its NSID, followed by # and the definition's own name unless that is main.
	Name        string `json:"name"`
	Type        string `json:"type"`
	Key         string `json:"key,omitempty"` // of a record: the kind of its record key
	Description string `json:"description,omitempty"`
	// Fields are the fields of a record or an object. A query, a procedure, a token and a permission set have none, and
	// any other definition, such as a string, has one field, whose name is "".
	Fields []Field `json:"fields"`
	// Parameters, Input and Output describe a query or a procedure.
	Parameters []Field  `json:"parameters,omitempty"`
	Input      []Field  `json:"input,omitempty"`
	Output     []Field  `json:"output,omitempty"`
	Errors     []string `json:"errors,omitempty"`
}

// Field is a field of a definition.
type Field struct {
	// Name is the path of the field: a.b is the field b of the object a, and a[].b is a field of each item of the array
	// a.
	Name        string `json:"name"`
	Type        string `json:"type"`
	Required    bool   `json:"required"`
	Nullable    bool   `json:"nullable,omitempty"`
	Description string `json:"description,omitempty"`
	// Limits are the constraints in the words of the lexicon, such as maxLength, in alphabetical order, and then those
	// of the items of an array, which begin with "items.".
	Limits Object `json:"limits"`
}

// Object is a JSON object that keeps the order of its fields.
type Object []Member

// Member is a field of an Object.
type Member struct {
	Name  string
	Value json.RawMessage
}

// UnmarshalJSON implements [json.Unmarshaler].
func (o *Object) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return fmt.Errorf("not an object: %w", err)
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		member := Member{Name: name.(string)}
		if err := decoder.Decode(&member.Value); err != nil {
			return err
		}
		*o = append(*o, member)
	}
	return nil
}

// MarshalJSON implements [json.Marshaler].
func (o Object) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i, member := range o {
		if i > 0 {
			b = append(b, ',')
		}
		name, err := json.Marshal(member.Name)
		if err != nil {
			return nil, err
		}
		b = append(append(append(b, name...), ':'), member.Value...)
	}
	return append(b, '}'), nil
}

// Names returns the names of all definitions of Layers, without the leading pub.layers., in alphabetical order.
func Names() []string {
	var all []string
	fs.WalkDir(lexicons.FS, "pub", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		id := strings.ReplaceAll(strings.TrimSuffix(file, ".json"), "/", ".")
		for _, def := range document(id) {
			all = append(all, strings.TrimPrefix(id+suffix(def.Name), names.Own))
		}
		return nil
	}) // the files are part of the program: reading them cannot fail
	slices.Sort(all)
	return all
}

// suffix returns what follows the NSID in the name of a definition: # and the definition's own name, or nothing for
// main.
func suffix(def string) string {
	if def == "main" {
		return ""
	}
	return "#" + def
}

// document returns the definitions in the lexicon document with the NSID id, or nil if there is no such document.
func document(id string) Object {
	text, err := lexicons.FS.ReadFile(path.Join(strings.Split(id, ".")...) + ".json")
	if err != nil {
		return nil
	}
	var parsed struct {
		Defs Object `json:"defs"`
	}
	if err := json.Unmarshal(text, &parsed); err != nil {
		panic(err) // the file is part of the program
	}
	return parsed.Defs
}

// Find returns the definitions that name refers to. That is one definition, as for expression.expression or
// annotation.defs#annotation, or all definitions of a document without a main definition, as for annotation.defs. The
// prefix pub.layers. may be left out.
func Find(name string) ([]Def, error) {
	id, def, one := strings.Cut(name, "#")
	if !strings.HasPrefix(id, names.Own) {
		id = names.Own + id
	}
	var found []Def
	defs := document(id)
	for _, member := range defs {
		whole := !slices.ContainsFunc(defs, func(m Member) bool { return m.Name == "main" })
		if one && member.Name == def || !one && (member.Name == "main" || whole) {
			found = append(found, read(id, member))
		}
	}
	if found == nil {
		why := "\"layers collections\" lists the records, and \"layers collections --help\" explains the names of other definitions"
		if meant := names.Nearest(strings.TrimPrefix(name, names.Own), Names(), nil); meant != "" {
			why = "did you mean " + meant + "?"
		}
		return nil, exit.Misuse("no lexicon of Layers defines %q: %s", name, why)
	}
	return found, nil
}

// node is a schema in a lexicon document. It has the fields of all types of schemas.
type node struct {
	Type        string   `json:"type"`
	Description string   `json:"description"`
	Key         string   `json:"key"`
	Record      *node    `json:"record"`
	Format      string   `json:"format"`
	Ref         string   `json:"ref"`
	Refs        []string `json:"refs"`
	Closed      bool     `json:"closed"`
	Items       *node    `json:"items"`
	Required    []string `json:"required"`
	Nullable    []string `json:"nullable"`
	Properties  Object   `json:"properties"`
	Parameters  *node    `json:"parameters"`
	Input       *body    `json:"input"`
	Output      *body    `json:"output"`
	Errors      []struct {
		Name string `json:"name"`
	} `json:"errors"`
	limits Object
}

// body is the input or the output of a method.
type body struct {
	Encoding string `json:"encoding"`
	Schema   *node  `json:"schema"`
}

// limits are the names of the constraints that a field may have.
var limits = []string{
	"accept", "closed", "const", "default", "enum", "knownValues", "maxGraphemes", "maxLength", "maxSize", "maximum",
	"minGraphemes", "minLength", "minimum",
}

func (n *node) UnmarshalJSON(text []byte) error {
	type plain node // without this method
	if err := json.Unmarshal(text, (*plain)(n)); err != nil {
		return err
	}
	var all Object
	if err := all.UnmarshalJSON(text); err != nil {
		return err
	}
	for _, member := range all {
		if slices.Contains(limits, member.Name) {
			n.limits = append(n.limits, member)
		}
	}
	slices.SortFunc(n.limits, func(a, b Member) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

// read returns the definition that member is in the document with the NSID id.
func read(id string, member Member) Def {
	var n node
	if err := json.Unmarshal(member.Value, &n); err != nil {
		panic(err) // the file is part of the program
	}
	d := Def{Name: id + suffix(member.Name), Type: n.Type, Key: n.Key, Description: n.Description, Fields: []Field{}}
	switch n.Type {
	case "record":
		d.Fields = fields(id, "", n.Record, d.Fields)
	case "object":
		d.Fields = fields(id, "", &n, d.Fields)
	case "query", "procedure":
		if n.Parameters != nil {
			d.Parameters = fields(id, "", n.Parameters, nil)
		}
		d.Input, d.Output = n.Input.fields(id), n.Output.fields(id)
		for _, e := range n.Errors {
			d.Errors = append(d.Errors, e.Name)
		}
	case "token", "permission-set":
	default:
		d.Fields = append(d.Fields, field(id, "", &n))
	}
	return d
}

// fields returns the fields of the body of a method in the document id. If it is not an object, it is one field without
// a name.
func (b *body) fields(id string) []Field {
	switch {
	case b == nil:
		return nil
	case b.Schema == nil:
		return []Field{{Type: b.Encoding, Required: true, Limits: Object{}}}
	case b.Schema.Type != "object":
		return []Field{field(id, "", b.Schema)}
	}
	return fields(id, "", b.Schema, nil)
}

// fields appends to list the fields of the object n, a part of the document id, and those of objects nested in it.
// prefix is the path of the object with a dot after it, or "".
func fields(id, prefix string, n *node, list []Field) []Field {
	for _, member := range n.Properties {
		var value node
		if err := json.Unmarshal(member.Value, &value); err != nil {
			panic(err) // the file is part of the program
		}
		f := field(id, prefix+member.Name, &value)
		f.Required, f.Nullable = slices.Contains(n.Required, member.Name), slices.Contains(n.Nullable, member.Name)
		list = append(list, f)
		at := f.Name
		for inner := &value; inner != nil; inner = inner.Items {
			if inner.Type == "object" {
				list = fields(id, at+".", inner, list)
			}
			at += "[]"
		}
	}
	return list
}

// field returns the description of a field of the type n in the document id.
func field(id, name string, n *node) Field {
	f := Field{Name: name, Type: typeOf(id, n), Description: n.Description, Limits: Object{}}
	f.Limits = append(f.Limits, n.limits...)
	for inner := n.Items; inner != nil; inner = inner.Items {
		for _, limit := range inner.limits {
			f.Limits = append(f.Limits, Member{"items." + limit.Name, limit.Value})
		}
	}
	return f
}

// typeOf returns the type of a value in words, such as "array of string". References are names of definitions, without
// pub.layers.
func typeOf(id string, n *node) string {
	switch n.Type {
	case "ref":
		return target(id, n.Ref)
	case "union":
		members := make([]string, len(n.Refs))
		for i, ref := range n.Refs {
			members[i] = target(id, ref)
		}
		return strings.Join(members, " | ")
	case "array":
		return "array of " + typeOf(id, n.Items)
	case "string":
		if n.Format != "" {
			return n.Format
		}
	}
	return n.Type
}

// target returns the name of the definition to which ref, a reference in the document id, refers.
func target(id, ref string) string {
	if strings.HasPrefix(ref, "#") {
		ref = id + ref
	}
	return strings.TrimPrefix(ref, names.Own)
}
