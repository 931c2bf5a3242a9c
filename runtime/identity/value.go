package identity

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// value is a JSON value, nil if there is none. Its methods treat a value of an unexpected kind as missing: the DID
// standard allows objects and arrays in places where the AT Protocol uses strings.
type value []byte

// lenient allows duplicate names in values that are skipped.
var lenient = jsontext.Options(jsontext.AllowDuplicateNames(true))

// members returns the values of the fields with the given names, in the order of names; the value of a missing field is
// nil. Other fields may have any JSON value. It returns an error if data is not a single JSON object, or has two fields
// with one of the names.
func members(data []byte, names ...string) ([]value, error) {
	values := make([]value, len(names))
	d := jsontext.NewDecoder(bytes.NewReader(data), lenient, jsontext.AllowInvalidUTF8(true))
	begin, err := d.ReadToken()
	switch {
	case err == io.EOF:
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	case begin.Kind() != '{':
		return nil, errors.New("not a JSON object")
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		i := slices.Index(names, name.String()) // the name is gone after the next read
		v, err := d.ReadValue()
		switch {
		case err != nil:
			return nil, err
		case i < 0:
		case values[i] != nil:
			return nil, fmt.Errorf("duplicate field %s", names[i])
		default:
			values[i] = value(slices.Clone(v))
		}
	}
	if _, err := d.ReadToken(); err != nil { // the end of the object
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errors.New("unexpected data after the JSON object")
	}
	return values, nil
}

// elements returns the elements of an array, nil if v is not an array.
func (v value) elements() []value {
	d := jsontext.NewDecoder(bytes.NewReader(v), lenient, jsontext.AllowInvalidUTF8(true))
	if begin, err := d.ReadToken(); err != nil || begin.Kind() != '[' {
		return nil
	}
	var all []value
	for d.PeekKind() != ']' {
		element, err := d.ReadValue()
		if err != nil {
			return nil
		}
		all = append(all, value(slices.Clone(element)))
	}
	return all
}

// text returns the text of a JSON string, "" if v is not a string.
func (v value) text() string {
	if len(v) == 0 || v[0] != '"' {
		return ""
	}
	text, err := jsontext.AppendUnquote(nil, []byte(v))
	if err != nil {
		return "" // not UTF-8
	}
	return string(text)
}
