package store

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
)

// lenient encodes a JSON value as the reference PDS does: an object whose $link is not a CID is an object like any
// other.
type lenient struct{ value any }

var errNumber = errors.New("a number that is not an integer of 64 bits")

// encodeLenient converts JSON to DAG-CBOR. It returns an error only for what the reference PDS refuses, too.
func encodeLenient(text []byte) ([]byte, error) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	var err error
	walkValues(value, func(v any) {
		if n, ok := v.(json.Number); ok {
			if _, bad := n.Int64(); bad != nil {
				err = errNumber
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return lex.EncodeCBOR(lenient{value})
}

// walkValues calls f for a JSON value and each value in it, at any depth.
func walkValues(value any, f func(any)) {
	f(value)
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			walkValues(item, f)
		}
	case map[string]any:
		for _, field := range value {
			walkValues(field, f)
		}
	}
}

// EncodeLex writes the value.
func (l lenient) EncodeLex(e *lex.Encoder) {
	switch value := l.value.(type) {
	case nil:
		e.Null()
	case bool:
		e.Bool(value)
	case string:
		e.String(value)
	case json.Number:
		n, _ := value.Int64()
		e.Int(n)
	case []any:
		lex.EncodeArray(e, value, func(e *lex.Encoder, item any) { lenient{item}.EncodeLex(e) })
	case map[string]any:
		if link, ok := value["$link"].(string); ok && len(value) == 1 {
			if c, err := cid.ParseLink(link); err == nil {
				e.CIDLink(c)
				return
			}
		}
		if text, ok := value["$bytes"].(string); ok && len(value) == 1 {
			if b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "=")); err == nil {
				e.Bytes(b)
				return
			}
		}
		o := e.Object(new(lex.Map))
		keys := slices.SortedFunc(maps.Keys(value), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
		for _, key := range keys {
			lenient{value[key]}.EncodeLex(o.Key(key))
		}
		o.End()
	}
}
