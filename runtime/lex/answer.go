package lex

import "strings"

// Answer returns what decodes a server's answer in JSON into v, of which the caller reads fields: the names of fields of v
// and of the objects within it. Servers differ in what they answer with, so that decoding is lenient:
//
//   - A field that the caller does not read is skipped, whatever it holds.
//   - A field whose name here ends in "?" is optional, even if the lexicon requires it.
//   - An optional field counts as absent when it is null or malformed: of another type, not of its string format (as the
//     empty string is in place of a handle), or an object or a list with something malformed in it.
//   - Null stands for an empty list.
//
// Anything else is an issue as ever: a field that the lexicon requires and the caller reads has to be there. Fields
// that the lexicon does not name are not kept. A value of type [Map] or [Blob] is decoded strictly. In DAG-CBOR an
// Answer is v itself.
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

// nextRead goes to the object's next field that is in its table and that the caller reads.
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

// requires reports whether a field has to be there.
func (d *Decoder) requires(f *field) bool {
	if d.reads == nil {
		return f.required
	}
	_, optional := d.read(f)
	return !optional
}

// forgive takes the issues of a value back that may be absent, and reports whether it has any. They are those from the
// number issues on.
func (d *Decoder) forgive(issues int) bool {
	if d.dead || len(d.issues) <= issues {
		return false
	}
	d.issues = d.issues[:issues]
	d.wrong = true
	return true
}
