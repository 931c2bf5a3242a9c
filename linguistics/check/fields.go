package check

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// fields checks the rules that hold for the fields of all types. The generated structs say which strings are required:
// those that are not a lex.Opt; the JSON form has the names of the fields.
func (r *report) fields(record lex.Record) {
	text, err := lex.AppendJSON(nil, record)
	if err != nil {
		return // it is incomplete: its issues say so
	}
	var form any
	if json.Unmarshal(text, &form) != nil {
		return
	}
	r.value(reflect.ValueOf(record), form, "")
}

// known is implemented by the types of strings with known values.
type known interface{ IsKnown() bool }

var mapType = reflect.TypeFor[lex.Map]()

// value checks a value, whose JSON form is form.
func (r *report) value(v reflect.Value, form any, path string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			r.value(v.Elem(), form, path)
		}
	case reflect.Slice:
		items, _ := form.([]any)
		for i := range min(v.Len(), len(items)) {
			r.value(v.Index(i), items[i], path+"/"+strconv.Itoa(i))
		}
	case reflect.String:
		r.misspelt(v, path)
	case reflect.Struct:
		if get := v.MethodByName("Get"); get.IsValid() && get.Type().NumIn() == 0 && get.Type().NumOut() == 2 { // lex.Opt
			if out := get.Call(nil); out[1].Kind() == reflect.Bool && out[1].Bool() && out[0].Kind() == reflect.String {
				r.misspelt(out[0], path)
			}
			return
		}
		object, ok := form.(map[string]any)
		if !ok {
			return
		}
		r.object(v, object, path)
	}
}

// object checks the fields of a struct.
func (r *report) object(v reflect.Value, object map[string]any, path string) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		if field.Type == mapType && field.Name == "Extra" {
			for key := range v.Field(i).Interface().(lex.Map).All() {
				if key != "$type" {
					r.add(path+"/"+escape(key), RuleUnknownField, "the lexicon has no field of this name")
				}
			}
			continue
		}
		name, form := named(object, field.Name)
		if name == "" {
			continue
		}
		below := path + "/" + escape(name)
		if field.Type.Kind() == reflect.String && v.Field(i).Len() == 0 && !mayBeEmpty(v.Type(), field.Name) {
			r.add(below, RuleEmpty, "a required text is empty")
			continue
		}
		r.value(v.Field(i), form, below)
	}
}

// mayBeEmpty reports whether an empty text means something: a feature may be there without a value.
func mayBeEmpty(t reflect.Type, field string) bool {
	return t == reflect.TypeFor[layers.Feature]() && field == "Value"
}

// named returns the field of a JSON object that has a name in Go, which differs in the case of its letters alone.
func named(object map[string]any, goName string) (string, any) {
	for name, value := range object {
		if strings.EqualFold(name, goName) {
			return name, value
		}
	}
	return "", nil
}

// misspelt reports a value that is not known, but close to one that is. Types do not list their values, so those at a
// distance of one letter are tried.
func (r *report) misspelt(v reflect.Value, path string) {
	value, ok := v.Interface().(known)
	if !ok || value.IsKnown() || v.Len() == 0 || v.Len() > 64 {
		return
	}
	try := func(s string) bool {
		if s == v.String() {
			return false
		}
		return reflect.ValueOf(s).Convert(v.Type()).Interface().(known).IsKnown()
	}
	if meant, found := near(v.String(), try); found {
		r.add(path, RuleMisspelt, "%s is not a known value; %s is", quote.Text(v.String(), 64), quote.Text(meant, 64))
	}
}

// near returns a text that known accepts: s in other case or with other characters between its words, or with one letter
// more, less, other, or in the place of its neighbour.
func near(s string, known func(string) bool) (string, bool) {
	plain := strings.ToLower(strings.TrimSpace(s))
	var kebab strings.Builder
	for i, c := range s {
		if i > 0 && 'A' <= c && c <= 'Z' {
			kebab.WriteByte('-')
		}
		kebab.WriteRune(c)
	}
	for _, form := range []string{plain, strings.NewReplacer("_", "-", " ", "-").Replace(plain), strings.ToLower(kebab.String()), strings.ReplaceAll(plain, "-", ""), strings.ToUpper(s)} {
		if known(form) {
			return form, true
		}
	}
	const letters = "abcdefghijklmnopqrstuvwxyz-0123456789"
	if len(plain) < 4 {
		return "", false // most short texts are close to each other
	}
	for i := range len(plain) + 1 {
		before, after := plain[:i], plain[i:]
		if after != "" && known(before+after[1:]) {
			return before + after[1:], true
		}
		if len(after) > 1 {
			if swapped := before + after[1:2] + after[:1] + after[2:]; known(swapped) {
				return swapped, true
			}
		}
		for _, c := range letters {
			if with := before + string(c) + after; known(with) {
				return with, true
			}
			if after != "" {
				if with := before + string(c) + after[1:]; known(with) {
					return with, true
				}
			}
		}
	}
	return "", false
}

// escape returns a key as part of a JSON pointer.
func escape(key string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}
