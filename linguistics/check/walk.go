package check

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// path is a JSON pointer (RFC 6901) as a list of its parts, the last one first. Its text is made only if a warning
// needs it. A nil path is that of the whole record.
type path struct {
	up   *path
	key  string
	item int // if key is empty
}

func (p *path) field(key string) *path { return &path{up: p, key: key} }
func (p *path) index(i int) *path      { return &path{up: p, item: i} }

func (p *path) String() string {
	var parts []string
	for ; p != nil; p = p.up {
		key := p.key
		if key == "" {
			key = strconv.Itoa(p.item)
		} else if strings.ContainsAny(key, "~/") {
			key = escape.Replace(key)
		}
		parts = append(parts, key)
	}
	var b strings.Builder
	for _, part := range slices.Backward(parts) {
		b.WriteByte('/')
		b.WriteString(part)
	}
	return b.String()
}

// escape escapes a key in a JSON pointer.
var escape = strings.NewReplacer("~", "~0", "/", "~1")

// visitor has the functions that [walk] calls for the parts of a record. Each may be nil.
type visitor struct {
	// object is called with a pointer to each struct, before its fields are visited.
	object func(v any, p *path)
	// text is called with each string. required says that the lexicon requires the string and that an empty one means
	// nothing.
	text func(v reflect.Value, required bool, p *path)
	// uri is called with each at-uri.
	uri func(uri syntax.ATURI, p *path)
	// uuid is called with the UUID of each object, and the path of the object.
	uuid func(id string, p *path)
	// unknown is called with the path of each field that the lexicon does not define.
	unknown func(p *path)
}

// walk visits all parts of a record, in the order of the Go fields. It learns from the generated structs which strings
// are required (those that are not a lex.Opt), and from the JSON form of the record the names of the fields.
func walk(record lex.Record, visitors ...*visitor) {
	text, err := lex.AppendJSON(nil, record)
	if err != nil {
		return // it is incomplete: its issues say so
	}
	var form any
	if json.Unmarshal(text, &form) != nil {
		return
	}
	w := walker{visitors: visitors, types: map[reflect.Type]*structType{}}
	w.value(reflect.ValueOf(record), form, false, nil)
}

// walker visits one record.
type walker struct {
	visitors []*visitor
	types    map[reflect.Type]*structType
}

// structType is what a walk has learned about a type of structs.
type structType struct {
	// get is the index of the method Get, if the type is a lex.Opt, or -1.
	get int
	// names are the fields' names in the lexicon, or "" for a field that has not been visited yet.
	names []string
}

// typeOf returns what is known about a type of structs.
func (w *walker) typeOf(t reflect.Type) *structType {
	known := w.types[t]
	if known == nil {
		known = &structType{get: -1, names: make([]string, t.NumField())}
		if get, ok := t.MethodByName("Get"); ok && get.Type.NumIn() == 1 && get.Type.NumOut() == 2 && get.Type.Out(1).Kind() == reflect.Bool {
			known.get = get.Index
		}
		w.types[t] = known
	}
	return known
}

var (
	mapType  = reflect.TypeFor[lex.Map]()
	uriType  = reflect.TypeFor[syntax.ATURI]()
	uuidType = reflect.TypeFor[layers.UUID]()
)

// value visits the value at p, whose JSON form is form. required is that of [visitor], if it is a string.
func (w *walker) value(v reflect.Value, form any, required bool, p *path) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			w.value(v.Elem(), form, required, p)
		}
	case reflect.Slice:
		items, _ := form.([]any)
		for i := range min(v.Len(), len(items)) {
			w.value(v.Index(i), items[i], false, p.index(i))
		}
	case reflect.String:
		w.text(v, required, p)
	case reflect.Struct:
		if get := w.typeOf(v.Type()).get; get >= 0 {
			if out := v.Method(get).Call(nil); out[1].Bool() && out[0].Kind() == reflect.String {
				w.text(out[0], false, p)
			}
			return
		}
		if object, ok := form.(map[string]any); ok {
			w.object(v, object, p)
		}
	}
}

// text calls the visitors for a string.
func (w *walker) text(v reflect.Value, required bool, p *path) {
	for _, visit := range w.visitors {
		if visit.text != nil {
			visit.text(v, required, p)
		}
		if visit.uri != nil && v.Type() == uriType {
			visit.uri(syntax.ATURI(v.String()), p)
		}
	}
}

// object calls the visitors for a struct, and visits its fields.
func (w *walker) object(v reflect.Value, object map[string]any, p *path) {
	for _, visit := range w.visitors {
		if visit.object != nil && v.CanAddr() {
			visit.object(v.Addr().Interface(), p)
		}
	}
	extra := lex.Map{}
	if field := v.FieldByName("Extra"); field.IsValid() && field.Type() == mapType {
		extra = field.Interface().(lex.Map)
	}
	for key := range extra.All() {
		for _, visit := range w.visitors {
			if visit.unknown != nil && key != "$type" {
				visit.unknown(p.field(key))
			}
		}
	}
	t, names := v.Type(), w.typeOf(v.Type()).names
	for i := range v.NumField() {
		field := t.Field(i)
		if !field.IsExported() || field.Type == mapType {
			continue
		}
		if k := field.Type.Kind(); (k == reflect.Pointer || k == reflect.Slice || k == reflect.Interface) && v.Field(i).IsNil() {
			continue
		}
		name := names[i]
		form, found := object[name]
		if !found {
			if name, form = named(object, &extra, field.Name); name == "" {
				continue
			}
			names[i] = name
		}
		below := p.field(name)
		if field.Name == "UUID" && field.Type == uuidType {
			for _, visit := range w.visitors {
				if visit.uuid != nil {
					visit.uuid(v.Field(i).Interface().(layers.UUID).Value, below)
				}
			}
		}
		w.value(v.Field(i), form, field.Type.Kind() == reflect.String && !mayBeEmpty(v.Type(), field.Name), below)
	}
}

// mayBeEmpty reports whether an empty string in a field has a meaning: the value of a feature may be empty.
func mayBeEmpty(t reflect.Type, field string) bool {
	return t == reflect.TypeFor[layers.Feature]() && field == "Value"
}

// named returns the name and the value of the field of a JSON object whose name is goName in any case, or "" if there
// is none. It skips the fields in extra: an unknown field may have the same name in another case.
func named(object map[string]any, extra *lex.Map, goName string) (string, any) {
	for name, value := range object {
		if strings.EqualFold(name, goName) {
			if _, unknown := extra.Get(name); !unknown {
				return name, value
			}
		}
	}
	return "", nil
}
