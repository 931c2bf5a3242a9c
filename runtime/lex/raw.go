package lex

import "bytes"

// Raw is any value, kept as the bytes that it came in: for an answer whose parts are to be decoded, and to
// fail, one by one. Reading it checks no more than what it takes to find the value's end.
type Raw struct {
	// Data is the value: one JSON value without the space around it, or one in DAG-CBOR. It is nil when
	// there is none.
	Data []byte
	// Encoding is the encoding of Data.
	Encoding Encoding
}

// DecodeLex reads any value.
func (r *Raw) DecodeLex(d *Decoder) { *r = d.Raw() }

// Raw reads any value and keeps its bytes, copied from the input unless that is shared.
func (d *Decoder) Raw() Raw {
	r := Raw{Encoding: CBOR}
	if d.json {
		r.Encoding = JSON
		d.skipSpace()
	}
	start, issues := d.i, len(d.issues)
	d.skip()
	if d.dead {
		return Raw{Encoding: r.Encoding}
	}
	d.issues = d.issues[:issues] // what is wrong within the value is for whoever decodes it
	r.Data = d.b[start:d.i:d.i]
	if !d.kept.share {
		r.Data = bytes.Clone(r.Data)
	}
	return r
}

// Try reads the value that comes next into v, and returns its bytes, which are part of the input. If there is anything
// wrong with it, that is not reported: ok is false, and the bytes can be decoded on their own.
func (d *Decoder) Try(v Decodable) (raw Raw, ok bool) {
	if d.json {
		raw.Encoding = JSON
		d.skipSpace()
	}
	start, issues, depth := d.i, len(d.issues), d.depth
	v.DecodeLex(d)
	ok = len(d.issues) == issues
	if d.dead { // it may have been the limit of issues, or of memory: find the value's end
		d.issues = d.issues[:issues]
		d.i, d.depth, d.dead, d.truncated, ok = start, depth, false, false, false
		if d.skip(); d.dead {
			return raw, false
		}
	}
	d.issues = d.issues[:issues]
	raw.Data = d.b[start:d.i:d.i]
	return raw, ok
}
