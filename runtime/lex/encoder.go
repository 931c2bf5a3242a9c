package lex

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/decode"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
	"github.com/layers-pub/layers-go/runtime/internal/pointer"
	"github.com/layers-pub/layers-go/runtime/internal/transcode"
)

// Encodable is implemented by generated types. EncodeLex writes the value to e.
type Encodable interface{ EncodeLex(e *Encoder) }

// EncodeCBOR returns v as canonical DAG-CBOR. For a record that was decoded from DAG-CBOR, it returns the same bytes, or
// [ErrIncomplete] if the record lost data when it was decoded. It fails if v nests deeper than [MaxDepth]. It does not
// validate v; see [Validate] for that. It is safe for concurrent use.
func EncodeCBOR(v Encodable) ([]byte, error) { return AppendCBOR(nil, v) }

// AppendCBOR appends v as canonical DAG-CBOR to b, as [EncodeCBOR] returns it. On an error, it returns b unchanged.
func AppendCBOR(b []byte, v Encodable) ([]byte, error) { return appendEncoded(b, v, Encoder{}) }

// EncodeJSON returns v in the JSON form of the data model, with the fields in canonical order. It fails when
// [EncodeCBOR] does.
func EncodeJSON(v Encodable) ([]byte, error) { return AppendJSON(nil, v) }

// AppendJSON appends v in JSON to b, as [EncodeJSON] returns it. On an error, it returns b unchanged.
func AppendJSON(b []byte, v Encodable) ([]byte, error) {
	return appendEncoded(b, v, Encoder{json: true})
}

// EncodeIncomplete is [EncodeCBOR] without [ErrIncomplete]: it encodes what the fields of v hold, even if v lost data
// when it was decoded.
func EncodeIncomplete(v Encodable) ([]byte, error) {
	return appendEncoded(nil, v, Encoder{incomplete: true})
}

func appendEncoded(b []byte, v Encodable, with Encoder) ([]byte, error) {
	e := encoders.Get().(*Encoder)
	*e = with
	e.b = b
	err := e.run(func() { v.EncodeLex(e) })
	out := e.b
	*e = Encoder{}
	encoders.Put(e)
	if errors.Is(err, errUnset) {
		err = fmt.Errorf("lex: %s: %w", whereUnset(v), err)
	}
	if err != nil {
		return b, err
	}
	return out, nil
}

// whereUnset returns the JSON pointer of the first value in v that is not set. It encodes v as JSON again, which stops
// at that value, and returns the pointer of the place where the output ends.
func whereUnset(v Encodable) string {
	e := &Encoder{json: true, incomplete: true}
	_ = e.run(func() { v.EncodeLex(e) }) // it fails as before
	paths, err := pointer.Find(context.Background(), e.b, true, []int{len(e.b)})
	if err != nil || paths[0] == "" {
		return "(root)"
	}
	return paths[0]
}

// Encoder writes one value of the atproto data model, as DAG-CBOR or JSON, for the encode methods of
// generated types. Users call [EncodeCBOR] or [EncodeJSON] instead. An Encoder must not be used by several goroutines
// at once.
type Encoder struct {
	b          []byte
	json       bool
	incomplete bool   // records that lost data when they were decoded may be written
	depth      int    // of the innermost open object
	member     string // the $type of the union member that is written next, or ""
}

// encodeFailure is the panic that carries an error from deep within a value up to run, which recovers no other.
type encodeFailure struct{ err error }

func (e *Encoder) run(encode func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case encodeFailure:
			err = r.err
		default:
			panic(r)
		}
	}()
	encode()
	return nil
}

var errTooDeep = errors.New("lex: the value nests too deep, or contains itself")

// Object starts an object; the caller ends it with [ObjectEncoder.End]. The fields in extra are merged with those that
// the caller writes.
func (e *Encoder) Object(extra *Map) ObjectEncoder {
	o := ObjectEncoder{e: e, start: len(e.b)}
	if extra.m != nil || e.member != "" {
		o.rest = e.restOf(extra)
	}
	if e.depth++; e.depth > MaxDepth {
		panic(encodeFailure{errTooDeep})
	}
	if e.json {
		e.b = append(e.b, '{')
	} else {
		e.b = append(e.b, dagcbor.Map<<5)
	}
	return o
}

// restOf returns the entries that are merged with the named fields: extra fields, and a union member's $type.
func (e *Encoder) restOf(extra *Map) *restEntries {
	if extra.m != nil && extra.m.Incomplete && !e.incomplete {
		panic(encodeFailure{ErrIncomplete})
	}
	rest := &restEntries{extra.entries()}
	if e.member != "" {
		if i, found := extra.find("$type"); !found {
			typ := decode.Entry{Key: "$type", Raw: string(dagcbor.AppendText(nil, e.member))}
			rest.entries = slices.Insert(slices.Clone(rest.entries), i, typ)
		}
		e.member = ""
	}
	if len(rest.entries) == 0 {
		return nil
	}
	return rest
}

// ObjectEncoder is an object that is being written.
type ObjectEncoder struct {
	e     *Encoder
	start int          // offset of the object's first byte
	n     int          // number of entries
	rest  *restEntries // those of the other fields that are not written yet; nil if there are none
}

type restEntries struct{ entries []decode.Entry }

// Key writes the name of the next field and returns the encoder for its value. The caller must write names in
// canonical order; they must consist of characters that JSON does not escape.
func (o *ObjectEncoder) Key(name string) *Encoder {
	if o.rest != nil {
		o.writeRest(name, false)
	}
	o.n++
	e := o.e
	if !e.json {
		if len(name) < 24 {
			e.b = append(append(e.b, dagcbor.TextString<<5|byte(len(name))), name...)
		} else {
			e.b = dagcbor.AppendText(e.b, name)
		}
		return e
	}
	e.comma('{')
	e.b = append(append(append(e.b, '"'), name...), '"', ':')
	return e
}

// writeRest writes those of the remaining extra fields that come before the field called name, or all of them if all is
// true.
func (o *ObjectEncoder) writeRest(name string, all bool) {
	e := o.e
	for len(o.rest.entries) > 0 {
		entry := o.rest.entries[0]
		if !all && !dagcbor.Less(entry.Key, name) {
			return
		}
		o.rest.entries = o.rest.entries[1:]
		o.n++
		if entry.Raw == "" {
			failZero(entry.Key)
		}
		if e.json {
			e.comma('{')
			e.b = append(jsontext.AppendText(e.b, entry.Key), ':')
			e.b = transcode.AppendJSON(e.b, entry.Raw)
		} else {
			e.b = append(dagcbor.AppendText(e.b, entry.Key), entry.Raw...)
		}
	}
	o.rest = nil
}

// failZero fails because the field called key was set to the zero Value, see [Map.Set].
func failZero(key string) {
	panic(encodeFailure{fmt.Errorf("lex: field %s: the zero Value cannot be encoded", quote.Text(key, 128))})
}

// End closes the object.
func (o *ObjectEncoder) End() {
	if o.rest != nil {
		o.writeRest("", true)
	}
	e := o.e
	e.depth--
	switch {
	case e.json:
		e.b = append(e.b, '}')
	case o.n < 24:
		e.b[o.start] |= byte(o.n)
	default:
		var head [9]byte
		h := dagcbor.AppendHeader(head[:0], dagcbor.Map, uint64(o.n))
		e.b = slices.Replace(e.b, o.start, o.start+1, h...)
	}
}

// comma writes a comma, unless the last byte written is open, the opening bracket: the next value is then the first.
func (e *Encoder) comma(open byte) {
	if e.b[len(e.b)-1] != open {
		e.b = append(e.b, ',')
	}
}

// Bool writes a boolean.
func (e *Encoder) Bool(v bool) {
	switch {
	case e.json && v:
		e.b = append(e.b, "true"...)
	case e.json:
		e.b = append(e.b, "false"...)
	case v:
		e.b = append(e.b, dagcbor.True)
	default:
		e.b = append(e.b, dagcbor.False)
	}
}

// Int writes an integer.
func (e *Encoder) Int(v int64) {
	switch {
	case e.json:
		e.b = strconv.AppendInt(e.b, v, 10)
	case uint64(v) < 24:
		e.b = append(e.b, byte(v))
	default:
		e.b = dagcbor.AppendInt(e.b, v)
	}
}

// String writes a string.
func (e *Encoder) String(s string) {
	switch {
	case e.json:
		e.b = jsontext.AppendText(e.b, s)
	case len(s) < 24:
		e.b = append(append(e.b, dagcbor.TextString<<5|byte(len(s))), s...)
	default:
		e.b = dagcbor.AppendText(e.b, s)
	}
}

// Null writes null.
func (e *Encoder) Null() {
	if e.json {
		e.b = append(e.b, "null"...)
	} else {
		e.b = append(e.b, dagcbor.Null)
	}
}

// Bytes writes a byte string.
func (e *Encoder) Bytes(b Bytes) {
	if e.json {
		e.b = jsontext.AppendBytes(e.b, string(b))
	} else {
		e.b = append(dagcbor.AppendHeader(e.b, dagcbor.ByteString, uint64(len(b))), b...)
	}
}

// CIDLink writes a link. It writes the zero link as null, which is not a valid link.
func (e *Encoder) CIDLink(l cid.Link) {
	switch {
	case !l.Defined():
		e.Null()
	case e.json:
		e.b = jsontext.AppendLink(e.b, l.Binary())
	default:
		e.b = dagcbor.AppendLink(e.b, l.Binary())
	}
}

// Map writes m as an object; if m is absent, it writes {}.
func (e *Encoder) Map(m Map) {
	e.member = ""
	o := e.Object(&m)
	o.End()
}

// Variant writes v, a member of a union, with typ as its $type; typ is "" if v holds its $type itself. A nil v is
// written as null, which is not a valid member.
func (e *Encoder) Variant(typ string, v Encodable) {
	if v == nil {
		e.Null()
		return
	}
	e.member = typ
	v.EncodeLex(e)
	e.member = ""
}

// startArray starts an array of n items. In JSON, the caller must call comma before each item.
func (e *Encoder) startArray(n int) {
	if e.json {
		e.b = append(e.b, '[')
	} else {
		e.b = dagcbor.AppendHeader(e.b, dagcbor.Array, uint64(n))
	}
}

func (e *Encoder) endArray() {
	if e.json {
		e.b = append(e.b, ']')
	}
}

type encodablePointer[T any] interface {
	*T
	Encodable
}

// EncodeObjects writes an array of objects.
func EncodeObjects[T any, P encodablePointer[T]](e *Encoder, s []T) {
	e.startArray(len(s))
	for i := range s {
		if e.json {
			e.comma('[')
		}
		P(&s[i]).EncodeLex(e)
	}
	e.endArray()
}

// EncodeStrings writes an array of strings.
func EncodeStrings[T ~string](e *Encoder, s []T) {
	e.startArray(len(s))
	for _, v := range s {
		if e.json {
			e.comma('[')
		}
		e.String(string(v))
	}
	e.endArray()
}

// EncodeArray writes an array, calling item to write each of its items.
func EncodeArray[T any](e *Encoder, s []T, item func(*Encoder, T)) {
	e.startArray(len(s))
	for _, v := range s {
		if e.json {
			e.comma('[')
		}
		item(e, v)
	}
	e.endArray()
}

// EncodeNullable writes null, or calls value to write the value in n. If n is absent, the caller must not write the
// field at all.
func EncodeNullable[T any](e *Encoder, n Nullable[T], value func(*Encoder, T)) {
	if v, ok := n.Get(); ok {
		value(e, v)
	} else {
		e.Null()
	}
}

// any writes a Go value of a type that ValueOf accepts.
func (e *Encoder) any(x any, depth int) {
	if depth > MaxDepth {
		panic(encodeFailure{errTooDeep})
	}
	switch x := x.(type) {
	case nil:
		e.Null()
	case bool:
		e.Bool(x)
	case int:
		e.Int(int64(x))
	case int64:
		e.Int(x)
	case string:
		e.String(x)
	case Bytes:
		e.Bytes(x)
	case []byte:
		e.Bytes(x)
	case cid.Link:
		e.CIDLink(x)
	case Map:
		e.Map(x)
	case Value:
		if x.raw == "" {
			panic(encodeFailure{errors.New("lex: the zero Value cannot be encoded")})
		}
		e.b = append(e.b, x.raw...)
	case []any:
		e.startArray(len(x))
		for _, item := range x {
			e.any(item, depth+1)
		}
	case map[string]any:
		keys := slices.SortedFunc(maps.Keys(x), func(a, b string) int {
			if dagcbor.Less(a, b) {
				return -1
			}
			return 1
		})
		e.b = dagcbor.AppendHeader(e.b, dagcbor.Map, uint64(len(x)))
		for _, key := range keys {
			e.String(key)
			e.any(x[key], depth+1)
		}
	case Encodable:
		x.EncodeLex(e)
	default:
		panic(encodeFailure{fmt.Errorf("lex: %T is not a type of the data model", x)})
	}
}
