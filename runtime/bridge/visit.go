package bridge

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// depth returns the number of steps from the record to the objects or arrays that have the field's values, plus 1 for
// items of arrays.
func (f *Field) depth() int {
	if f.Name == Items {
		return len(f.Path) + 1
	}
	return len(f.Path)
}

// own returns 1 if the field is itself a step of a repeated part of its path, and 0 otherwise. Fields of the same depth
// must be visited before such a field is moved, because their paths may pass through it.
func (f *Field) own() int {
	for _, step := range f.Path {
		for _, path := range Repeated(step) {
			if slices.Contains(path, f.Name) {
				return 1
			}
		}
	}
	return 0
}

// Repeated returns the paths of a step that [Repeat] returned, or nil for any other step.
func Repeated(step string) (paths [][]string) {
	text, ok := strings.CutPrefix(step, repeatMark)
	if !ok || json.Unmarshal([]byte(text), &paths) != nil {
		return nil
	}
	return slices.DeleteFunc(paths, func(path []string) bool { return len(path) == 0 })
}

// visit calls the function visit for each value of the field in the record root, with the value's JSON pointer and the
// object that has the field. Where visit returns true, the returned object replaces that object in the returned record.
func (f *Field) visit(root lex.Value, visit func(at string, object lex.Map, value lex.Value) (lex.Map, bool)) lex.Value {
	old := func(v lex.Value) bool { return f.Kind == 0 || v.Kind() == f.Kind }
	path, leaf := f.Path, func(at string, v lex.Value) (lex.Value, bool) {
		object, ok := v.Map()
		if !ok {
			return v, false
		}
		value, found := object.Get(f.Name)
		if !found || !old(value) {
			return v, false
		}
		changed, ok := visit(at+pointer(f.Name), object, value)
		return replaced(v, changed, ok)
	}
	if f.Name == Items {
		path, leaf = append(path[:len(path):len(path)], Items), func(at string, v lex.Value) (lex.Value, bool) {
			if !old(v) {
				return v, false
			}
			changed, ok := visit(at, lex.Map{}, v)
			if item, found := changed.Get(Items); ok && found {
				return item, true
			}
			return v, false
		}
	}
	changed, _ := walk(root, path, "", leaf)
	return changed
}

// walk calls leaf for each value at a path below v, whose own JSON pointer is at. It returns v with these values replaced
// by the results of leaf, and reports whether any of them changed.
func walk(v lex.Value, path []string, at string, leaf func(at string, v lex.Value) (lex.Value, bool)) (lex.Value, bool) {
	if len(path) == 0 {
		return leaf(at, v)
	}
	whole := path
	step, path := path[0], path[1:]
	if strings.HasPrefix(step, repeatMark) { // what is inside comes first
		changed := false
		for _, inner := range Repeated(step) {
			next, ok := walk(v, append(inner, whole...), at, leaf)
			v, changed = next, changed || ok
		}
		next, ok := walk(v, path, at, leaf)
		return next, changed || ok
	}
	if step == Items {
		var items []any
		changed := false
		for item := range v.Items() {
			next, ok := walk(item, path, at+"/"+strconv.Itoa(len(items)), leaf)
			items = append(items, next)
			changed = changed || ok
		}
		return replaced(v, items, changed)
	}
	object, ok := v.Map()
	if !ok {
		return v, false
	}
	if types, member := strings.CutPrefix(step, "="); member {
		of, _ := object.Get("$type")
		if name, _ := of.Text(); !slices.Contains(strings.Split(types, "|"), strings.TrimSuffix(name, "#main")) {
			return v, false
		}
		return walk(v, path, at, leaf)
	}
	value, found := object.Get(step)
	if !found {
		return v, false
	}
	next, changed := walk(value, path, at+pointer(step), leaf)
	if changed {
		object.Set(step, next)
	}
	return replaced(v, object, changed)
}

// replaced returns x as a value, and true, if changed is set and x can be a value. Otherwise it returns v and false.
func replaced(v lex.Value, x any, changed bool) (lex.Value, bool) {
	if !changed {
		return v, false
	}
	next, err := lex.ValueOf(x)
	if err != nil {
		return v, false
	}
	return next, true
}
