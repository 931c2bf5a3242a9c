package lex

import "strings"

// TypedMap is an object that says its own type: a member of a union that the union's lexicon does not
// list, or of a union that lists none. It keeps every field, and encodes to the same bytes.
type TypedMap struct{ Map }

// Type returns the object's $type, "" when it has none.
func (m TypedMap) Type() string {
	v, _ := m.Get("$type")
	s, _ := v.Text()
	return s
}

// Variant returns the $type of the union member that comes next, for the caller to decode it by. A
// value that has none is reported and skipped, and Variant returns "".
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

// peekType returns the $type of the object that comes next and leaves the input where it is. Issues
// that it meets on its way are found again when the object is decoded.
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

// reportUnion reports that what comes next is not a member of the union, for the caller to skip it.
func (d *Decoder) reportUnion(why string) bool {
	if d.json {
		d.skipSpace()
	}
	if d.i >= len(d.b) {
		d.fail("unexpected end")
		return false
	}
	d.report(d.i, RuleUnion).Want = why
	d.wrong, d.lost = true, true
	return true
}

const noVariant = "union member must be an object with a $type"

const mainSuffix = "#main"

// reportMain reports a union's member whose $type names the main definition of a lexicon by "#main", which the
// lexicon language does not allow. The spelling is kept.
func (d *Decoder) reportMain(at int, typ Value) {
	text, _ := typ.Text()
	issue := d.report(at, RuleUnion)
	issue.Found = excerpt(text)
	issue.Want = "$type " + issue.Found + " must not end in " + mainSuffix
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

// ClosedUnion reports that the union member that comes next is none of refs, which are all that its
// lexicon allows, and skips it.
func (d *Decoder) ClosedUnion(refs ...string) {
	typ := d.peekType()
	d.member = false
	if d.reportUnion(excerpt(typ) + " is not one of " + strings.Join(refs, ", ")) {
		d.skip()
	}
}
