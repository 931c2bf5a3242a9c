package lex

import "strings"

// Answer returns a [Decodable] that decodes a server's JSON answer into v leniently, because servers differ in what
// they send. The arguments fields name the fields that the caller reads, of v and of the objects within it:
//
//   - A field that the caller does not read is skipped, whatever its value.
//   - A field whose name in fields ends in "?" is optional, even if the lexicon requires it.
//   - An optional field counts as absent when it is null or malformed: it has another type, it does not have its string
//     format (an empty string in place of a handle, say), or it is an object or a list with something malformed in it.
//   - Null stands for an empty list.
//
// Anything else is an issue, as usual: a field that the lexicon requires and the caller reads must be present. Fields
// that the lexicon does not name are discarded. A value of type [Map] or [Blob] is decoded strictly. In DAG-CBOR, v is
// decoded as if Answer had not been called.
func Answer(v Decodable, fields ...string) Decodable {
	if fields == nil {
		fields = []string{} // none are read
	}
	return &answer{v, fields}
}

type answer struct {
	value  Decodable
	fields []string
}

// DecodeLex reads the answer.
func (a *answer) DecodeLex(d *Decoder) {
	outer := d.reads
	if d.json {
		d.reads = a.fields
	}
	a.value.DecodeLex(d)
	d.reads, d.optional = outer, false
}

// nextRead moves to the object's next field that is in its table and that the caller reads.
func (d *Decoder) nextRead(c *Cursor) int {
	for {
		d.optional = false
		q := d.nextJSON(c)
		if q < 0 {
			return q
		}
		f := &c.fields.list[q]
		read, optional := d.read(f)
		switch {
		case !read:
			d.pass()
		case !optional || !d.Null():
			d.optional, d.wrong = optional, false
			return q
		}
	}
}

// read reports whether the caller reads a field, and whether it may be absent.
func (d *Decoder) read(f *field) (read, optional bool) {
	for _, name := range d.reads {
		name, mark := strings.CutSuffix(name, "?")
		if name == f.name {
			return true, mark || !f.required
		}
	}
	return false, true
}

// skips reports whether the caller does not read a field.
func (d *Decoder) skips(f *field) bool {
	if d.reads == nil {
		return false
	}
	read, _ := d.read(f)
	return !read
}

// requires reports whether a field must be present.
func (d *Decoder) requires(f *field) bool {
	if d.reads == nil {
		return f.required
	}
	_, optional := d.read(f)
	return !optional
}

// forgive discards the issues of a value that may be absent, and reports whether there were any. Its issues are
// d.issues[issues:].
func (d *Decoder) forgive(issues int) bool {
	if d.dead || len(d.issues) <= issues {
		return false
	}
	d.issues = d.issues[:issues]
	d.wrong = true
	return true
}
