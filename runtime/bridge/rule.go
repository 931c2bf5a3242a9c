package bridge

import (
	"fmt"
	"strconv"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// Rename gives a field another name, unless the record has a field of that name.
func Rename(to string) Rule {
	return func(record *lex.Map, value lex.Value) (string, error) {
		if _, found := record.Get(to); found {
			return "", fmt.Errorf("the record has %s, too", to)
		}
		record.Set(to, value)
		return pointer(to), nil
	}
}

// Prepend makes a value the first item of an array, which may exist. If the array has the value already, it is not repeated.
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

// Wrap makes a value the field of an object, which takes the place of the value or, if to is another field, of nothing.
func Wrap(to, field string) Rule {
	return func(record *lex.Map, value lex.Value) (string, error) {
		if _, found := record.Get(to); found {
			return "", fmt.Errorf("the record has %s, too", to)
		}
		object, err := lex.ValueOf(map[string]any{field: value})
		if err != nil {
			return "", err
		}
		record.Set(to, object)
		return pointer(to) + pointer(field), nil
	}
}

// List makes a value the only item of an array, which takes the place of the value or, if to is another field, of nothing.
func List(to string) Rule {
	return func(object *lex.Map, value lex.Value) (string, error) {
		if _, found := object.Get(to); found {
			return "", fmt.Errorf("the record has %s, too", to)
		}
		list, err := lex.ValueOf([]any{value})
		if err != nil {
			return "", err
		}
		object.Set(to, list)
		return pointer(to) + "/0", nil
	}
}

// Text makes the decimal digits of an integer a string, which takes the place of the integer or, if to is another field, of nothing.
func Text(to string) Rule {
	return func(object *lex.Map, value lex.Value) (string, error) {
		if _, found := object.Get(to); found {
			return "", fmt.Errorf("the record has %s, too", to)
		}
		n, ok := value.Int()
		if !ok {
			return "", fmt.Errorf("it is not an integer")
		}
		object.Set(to, text(strconv.FormatInt(n, 10)))
		return pointer(to), nil
	}
}

// Retype gives an object another $type; it is the rule for the field of that name.
func Retype(to string) Rule {
	return func(object *lex.Map, _ lex.Value) (string, error) {
		object.Set("$type", text(to))
		return typePointer, nil
	}
}
