package lex

import (
	"fmt"
	"iter"
	"math"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// Kind is the kind of a [Value].
type Kind uint8

// The kinds of values in the atproto data model. KindInvalid is that of the zero Value.
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
	case majorUint, majorNegint:
		return KindInt
	case majorBytes:
		return KindBytes
	case majorText:
		return KindText
	case majorArray:
		return KindArray
	case majorMap:
		return KindMap
	case majorTag:
		return KindLink
	}
	switch v.raw[0] {
	case cborFalse, cborTrue:
		return KindBool
	case cborNull:
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
	if v.Kind() != KindInt {
		return 0, false
	}
	r := rawReader{s: v.raw}
	major, u := r.header()
	if u > math.MaxInt64 {
		return 0, false
	}
	if major == majorNegint {
		return -1 - int64(u), true
	}
	return int64(u), true
}

// Text returns the string and whether v is one.
func (v Value) Text() (string, bool) {
	if v.Kind() != KindText {
		return "", false
	}
	r := rawReader{s: v.raw}
	return r.payload(), true
}

// Bytes returns the byte string and whether v is one.
func (v Value) Bytes() (Bytes, bool) {
	if v.Kind() != KindBytes {
		return nil, false
	}
	r := rawReader{s: v.raw}
	return Bytes(r.payload()), true
}

// Link returns the link and whether v is one.
func (v Value) Link() (cid.Link, bool) {
	if v.Kind() != KindLink {
		return cid.Link{}, false
	}
	r := rawReader{s: v.raw}
	r.header()
	return cid.LinkFromBinary(r.payload()[1:])
}

// Map returns the object and whether v is one.
func (v Value) Map() (Map, bool) {
	if v.Kind() != KindMap {
		return Map{}, false
	}
	r := rawReader{s: v.raw}
	_, n := r.header()
	m := Map{new(mapData)}
	if n > 0 {
		m.m.entries = make([]mapEntry, 0, n)
	}
	for range n {
		key := r.payload()
		m.m.entries = append(m.m.entries, mapEntry{key, r.next()})
	}
	return m, true
}

// Items iterates over the items of an array. If v is not an array, there are none.
func (v Value) Items() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		if v.Kind() != KindArray {
			return
		}
		r := rawReader{s: v.raw}
		_, n := r.header()
		for range n {
			if !yield(Value{r.next()}) {
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
	r := rawReader{s: v.raw}
	return r.appendJSON(nil), nil
}

// rawReader reads DAG-CBOR that was checked when it was decoded. It also reads broken DAG-CBOR, as far as that is
// well-formed; past the end it returns only nulls.
type rawReader struct {
	s        string
	i        int
	counting bool // appendJSON only counts what it would append
	counted  int
}

func (r *rawReader) header() (major byte, argument uint64) {
	if r.i >= len(r.s) {
		return majorNone, 0
	}
	c := r.s[r.i]
	r.i++
	info := c & 31
	if info < 24 {
		return c >> 5, uint64(info)
	}
	n := 1 << (info & 3)
	if info > 27 || len(r.s)-r.i < n {
		r.i = len(r.s)
		return majorNone, 0
	}
	for range n {
		argument = argument<<8 | uint64(r.s[r.i])
		r.i++
	}
	return c >> 5, argument
}

// payload reads the bytes of a string or byte string.
func (r *rawReader) payload() string {
	_, n := r.header()
	n = min(n, uint64(len(r.s)-r.i))
	r.i += int(n)
	return r.s[r.i-int(n) : r.i]
}

// next reads one value and returns its bytes.
func (r *rawReader) next() string {
	at := r.i
	for left := uint64(1); left > 0 && r.i < len(r.s); left-- {
		major, n := r.header()
		switch major {
		case majorBytes, majorText:
			r.i += int(min(n, uint64(len(r.s)-r.i)))
		case majorArray:
			left += min(n, uint64(len(r.s)))
		case majorMap:
			left += 2 * min(n, uint64(len(r.s)))
		case majorTag:
			left++
		}
	}
	return r.s[at:r.i]
}
