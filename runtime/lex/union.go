package lex

import (
	"strings"

	"github.com/layers-pub/layers-go/runtime/issue"
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
	if typ := d.peekType(); typ != "" {
		d.member = true
		return typ
	}
	if d.dead {
		return ""
	}
	if !d.reportUnion(noVariant) {
		return ""
	}
	d.skip()
	return ""
}

// DecodeMember reads a member of a union, whose $type [Decoder.Variant] returned.
func DecodeMember[T any, P decodablePointer[T]](d *Decoder) *T {
	v := NewObject[T](d)
	P(v).DecodeLex(d)
	return v
}

// peekType returns the $type of the next object without moving past it. Issues
// that it meets are found again when the object is decoded.
func (d *Decoder) peekType() (typ string) {
	at, depth, issues := d.i, d.depth, len(d.issues)
	wasDead, truncated, lost, quiet, check := d.dead, d.truncated, d.lost, d.quiet, d.check
	d.quiet = true
	if d.json {
		typ = d.peekTypeJSON()
	} else {
		typ = d.peekTypeCBOR()
	}
	d.i, d.depth, d.dead, d.truncated, d.quiet, d.issues = at, depth, wasDead, truncated, quiet, d.issues[:issues]
	d.check, d.lost = min(d.check, check), lost
	return typ
}

// reportUnion reports that the next value is not a member of the union. It returns whether there is a value for the
// caller to skip.
func (d *Decoder) reportUnion(why string) bool {
	if d.json {
		d.skipSpace()
	}
	if d.i >= len(d.b) {
		d.fail("unexpected end")
		return false
	}
	d.report(d.i, issue.RuleUnion).Want = why
	d.wrong, d.lost = true, true
	return true
}

const noVariant = "union member must be an object with a $type"

const mainSuffix = "#main"

// reportMain reports a union's member whose $type names the main definition of a lexicon by "#main", which the
// lexicon language does not allow. The spelling is kept.
func (d *Decoder) reportMain(at int, typ Value) {
	text, _ := typ.Text()
	found := d.report(at, issue.RuleUnion)
	found.Found = excerpt(text)
	found.Want = "$type " + found.Found + " must not end in " + mainSuffix
}

// TypedMap reads a union member that the lexicon does not list.
func (d *Decoder) TypedMap() TypedMap {
	d.member = false
	if !d.dead && d.peekType() == "" {
		if d.reportUnion(noVariant) {
			d.skip()
		}
		return TypedMap{}
	}
	if d.json {
		d.skipSpace()
	}
	at := d.i
	m := TypedMap{d.Map()}
	if typ, _ := m.Get("$type"); strings.HasSuffix(typ.raw, mainSuffix) {
		d.reportMain(at, typ)
	}
	return m
}

// ClosedUnion skips the next value, a union's member, and reports that its $type is not one of refs, the types that the
// lexicon allows.
func (d *Decoder) ClosedUnion(refs ...string) {
	typ := d.peekType()
	d.member = false
	if d.reportUnion(excerpt(typ) + " is not one of " + strings.Join(refs, ", ")) {
		d.skip()
	}
}
