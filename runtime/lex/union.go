package lex

import (
	"strings"

	"github.com/layers-pub/layers-go/runtime/internal/decode"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
)

// TypedMap is an object with a $type for which there is no generated type: a member of a union that the union's lexicon
// does not list. It keeps every field, and encodes to the same bytes.
type TypedMap struct{ Map }

// Type returns the object's $type, or "" if it has none.
func (m TypedMap) Type() string {
	v, _ := m.Get("$type")
	s, _ := v.Text()
	return s
}

// Variant returns the $type of the next value, a union's member, so that the caller can choose how to decode it. If the
// value has no $type, Variant reports and skips it, and returns "".
func (d *Decoder) Variant() string {
	if typ := d.r.PeekType(); typ != "" {
		d.r.Member = true
		return typ
	}
	if d.r.Dead {
		return ""
	}
	if !d.r.ReportUnion(noVariant) {
		return ""
	}
	d.r.Skip()
	return ""
}

// DecodeMember reads a union member of type T. The caller has learned its $type from [Decoder.Variant].
func DecodeMember[T any, P decodablePointer[T]](d *Decoder) *T {
	v := NewObject[T](d)
	P(v).DecodeLex(d)
	return v
}

const noVariant = "union member must be an object with a $type"

// TypedMap reads a union member that the lexicon does not list.
func (d *Decoder) TypedMap() TypedMap {
	d.r.Member = false
	if !d.r.Dead && d.r.PeekType() == "" {
		if d.r.ReportUnion(noVariant) {
			d.r.Skip()
		}
		return TypedMap{}
	}
	if d.r.JSON {
		jsontext.Space(&d.r.Input)
	}
	at := d.r.At
	m := TypedMap{d.Map()}
	if typ, _ := m.Get("$type"); strings.HasSuffix(typ.raw, decode.MainSuffix) {
		d.r.ReportMain(at, typ.raw)
	}
	return m
}

// ClosedUnion skips the next value, a union's member, and reports that its $type is not one of refs, the types that the
// lexicon allows.
func (d *Decoder) ClosedUnion(refs ...string) {
	typ := d.r.PeekType()
	d.r.Member = false
	if d.r.ReportUnion(excerpt(typ) + " is not one of " + strings.Join(refs, ", ")) {
		d.r.Skip()
	}
}
