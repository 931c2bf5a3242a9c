package bridge

import (
	"fmt"
	"strconv"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// Rename returns a rule that renames a field to the name to. The rule fails if the record has a field of that name already.
func Rename(to string) Rule {
	return func(record *lex.Map, value lex.Value) (string, error) {
		if _, found := record.Get(to); found {
			return "", fmt.Errorf("the record already has the field %s", to)
		}
		record.Set(to, value)
		return pointer(to), nil
	}
}

// Prepend returns a rule that makes a value the first item of the array in the field to. If the field does not exist, the
// rule adds it. If the array contains the value already, the rule leaves the array unchanged.
func Prepend(to string) Rule {
	return func(record *lex.Map, value lex.Value) (string, error) {
		items := []any{value}
		if list, found := record.Get(to); found {
			if list.Kind() != lex.KindArray {
				return "", fmt.Errorf("%s is not an array", to)
			}
			i := 0
			for item := range list.Items() {
				if string(item.CBOR()) == string(value.CBOR()) {
					return pointer(to) + "/" + strconv.Itoa(i), nil
				}
				items = append(items, item)
				i++
			}
		}
		list, err := lex.ValueOf(items)
		if err != nil {
			return "", err
		}
		record.Set(to, list)
		return pointer(to) + "/0", nil
	}
}

// Wrap returns a rule that puts a value into a field of a new object, which becomes the value of the field to. The rule
// fails if the record has that field already.
func Wrap(to, field string) Rule {
	return func(record *lex.Map, value lex.Value) (string, error) {
		if _, found := record.Get(to); found {
			return "", fmt.Errorf("the record already has the field %s", to)
		}
		object, err := lex.ValueOf(map[string]any{field: value})
		if err != nil {
			return "", err
		}
		record.Set(to, object)
		return pointer(to) + pointer(field), nil
	}
}

// List returns a rule that makes a value the only item of a new array, which becomes the value of the field to. The
// rule fails if the record has that field already.
func List(to string) Rule {
	return func(object *lex.Map, value lex.Value) (string, error) {
		if _, found := object.Get(to); found {
			return "", fmt.Errorf("the record already has the field %s", to)
		}
		list, err := lex.ValueOf([]any{value})
		if err != nil {
			return "", err
		}
		object.Set(to, list)
		return pointer(to) + "/0", nil
	}
}

// Text returns a rule that converts an integer to a string of its decimal digits, which becomes the value of the field
// to. The rule fails if the record has that field already.
func Text(to string) Rule {
	return func(object *lex.Map, value lex.Value) (string, error) {
		if _, found := object.Get(to); found {
			return "", fmt.Errorf("the record already has the field %s", to)
		}
		n, ok := value.Int()
		if !ok {
			return "", fmt.Errorf("the value is not an integer")
		}
		object.Set(to, text(strconv.FormatInt(n, 10)))
		return pointer(to), nil
	}
}

// Retype returns a rule that changes the $type of an object to the given one. It is a rule for the field $type.
func Retype(to string) Rule {
	return func(object *lex.Map, _ lex.Value) (string, error) {
		object.Set("$type", text(to))
		return typePointer, nil
	}
}
