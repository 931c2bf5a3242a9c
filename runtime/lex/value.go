package lex

import (
	"fmt"
	"iter"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/decode"
	"github.com/layers-pub/layers-go/runtime/internal/transcode"
)

// Kind says which type of the atproto data model a [Value] has.
type Kind uint8

// The kinds of values in the atproto data model. KindInvalid is the kind of the zero [Value].
const (
	KindInvalid Kind = iota
	KindNull
	KindBool
	KindInt
	KindText
	KindBytes
	KindLink
	KindArray
	KindMap
)

// String returns the kind's name.
func (k Kind) String() string {
	names := [...]string{"invalid", "null", "boolean", "integer", "string", "bytes", "cid-link", "array", "object"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Value is one value of the atproto data model, kept as its canonical DAG-CBOR. The zero Value is not a valid value.
type Value struct{ raw string }

// ValueOf returns x as a Value. x is nil, a bool, an int or int64, a string, a Bytes or []byte, a
// cid.Link, a Map, a Value, a []any or map[string]any of these, or any [Encodable]. For any other type, ValueOf returns
// an error that names it.
func ValueOf(x any) (Value, error) {
	e := new(Encoder)
	if err := e.run(func() { e.any(x, 0) }); err != nil {
		return Value{}, err
	}
	return Value{string(e.b)}, nil
}

// Kind returns the kind of v.
func (v Value) Kind() Kind {
	if v.raw == "" {
		return KindInvalid
	}
	switch v.raw[0] >> 5 {
	case dagcbor.Uint, dagcbor.Negint:
		return KindInt
	case dagcbor.ByteString:
		return KindBytes
	case dagcbor.TextString:
		return KindText
	case dagcbor.Array:
		return KindArray
	case dagcbor.Map:
		return KindMap
	case dagcbor.Tag:
		return KindLink
	}
	switch v.raw[0] {
	case dagcbor.False, dagcbor.True:
		return KindBool
	case dagcbor.Null:
		return KindNull
	}
	return KindInvalid
}

// Bool returns the boolean and whether v is one.
func (v Value) Bool() (value, ok bool) {
	return v.raw == "\xf5", v.Kind() == KindBool
}

// Int returns the integer and whether v is a 64-bit integer.
func (v Value) Int() (int64, bool) {
	return dagcbor.IntOf(v.raw)
}

// Text returns the string and whether v is one.
func (v Value) Text() (string, bool) {
	return dagcbor.TextOf(v.raw)
}

// Bytes returns the byte string and whether v is one.
func (v Value) Bytes() (Bytes, bool) {
	b, ok := dagcbor.BytesOf(v.raw)
	if !ok {
		return nil, false
	}
	return Bytes(b), true
}

// Link returns the link and whether v is one.
func (v Value) Link() (cid.Link, bool) {
	return dagcbor.LinkOf(v.raw)
}

// Map returns the object and whether v is one.
func (v Value) Map() (Map, bool) {
	if v.Kind() != KindMap {
		return Map{}, false
	}
	r := dagcbor.Checked{Str: v.raw}
	_, n := r.Header()
	m := Map{new(decode.Extra)}
	if n > 0 {
		m.m.Entries = make([]decode.Entry, 0, n)
	}
	for range n {
		key := r.Payload()
		m.m.Entries = append(m.m.Entries, decode.Entry{Key: key, Raw: r.Next()})
	}
	return m, true
}

// Items iterates over the items of an array. If v is not an array, there are none.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != KindArray {
			return
		}
		r := dagcbor.Checked{Str: v.raw}
		_, n := r.Header()
		for range n {
			if !yield(Value{r.Next()}) {
				return
			}
		}
	}
}

// CBOR returns v as DAG-CBOR.
func (v Value) CBOR() []byte { return []byte(v.raw) }

// MarshalJSON returns v in the JSON form of the data model. It fails for the zero Value.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.raw == "" {
		return nil, fmt.Errorf("lex: the zero Value has no JSON form")
	}
	return transcode.AppendJSON(nil, v.raw), nil
}
