package lex

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Raw is any value, kept as the bytes that it came in: for an answer whose parts are to be decoded, and to
// fail, one by one. Reading it checks no more than what it takes to find the value's end.
type Raw struct {
	// Data is the value: one JSON value without the space around it, or one in DAG-CBOR. It is nil when
	// there is none.
	Data []byte
	// Encoding is the encoding of Data.
	Encoding Encoding
}

// IsSet reports whether there is a value.
func (r Raw) IsSet() bool { return r.Data != nil }

// DecodeLex reads any value.
func (r *Raw) DecodeLex(d *Decoder) { *r = d.Raw() }

// EncodeLex writes the value, null if there is none.
func (r *Raw) EncodeLex(e *Encoder) { e.Raw(*r) }

// Raw writes a value that is encoded already. What is in the other encoding is transcoded; if it cannot be, encoding
// fails with the [*Error] of [JSONToCBOR] or [CBORToJSON].
func (e *Encoder) Raw(r Raw) {
	var err error
	switch data := r.Data; {
	case data == nil:
		e.Null()
	case e.json == (r.Encoding == JSON):
		e.b = append(e.b, data...)
	case e.json:
		data, err = CBORToJSON(data)
		e.b = append(e.b, data...)
	default:
		data, err = JSONToCBOR(data)
		e.b = append(e.b, data...)
	}
	if err != nil {
		panic(encodeFailure{err})
	}
}

// Raw reads any value and keeps its bytes, copied from the input unless that is shared.
func (d *Decoder) Raw() Raw {
	r := Raw{Encoding: CBOR}
	if d.json {
		r.Encoding = JSON
		d.skipSpace()
	}
	start := d.i
	if d.pass(); d.dead {
		return Raw{Encoding: r.Encoding}
	}
	r.Data = d.b[start:d.i:d.i]
	if !d.kept.share {
		d.spend(allocated(0)) // what rounding adds, which may be more than the value
		r.Data = bytes.Clone(r.Data)
	}
	return r
}

// Try reads the value that comes next into v, and returns its bytes, which are part of the input. If there is anything
// wrong with it, that is not reported: ok is false, and the bytes can be decoded on their own. The memory that v took then
// does not count: the caller lets go of it.
func (d *Decoder) Try(v Decodable) (raw Raw, ok bool) {
	if d.json {
		raw.Encoding = JSON
		d.skipSpace()
	}
	start, issues, depth, budget, check := d.i, len(d.issues), d.depth, d.budget, d.check
	truncated, wasDead, lost := d.truncated, d.dead, d.lost
	v.DecodeLex(d)
	ok = len(d.issues) == issues && d.truncated == truncated
	if d.ended || wasDead {
		return raw, false
	}
	if !ok { // the limit of issues, of memory or of depth may have ended it: find the value's end
		d.issues = d.issues[:issues]
		d.i, d.depth, d.budget, d.check = start, depth, budget, min(d.check, check)
		d.dead, d.truncated, d.member = false, truncated, false
		d.resumeChecks()
		if d.pass(); d.dead {
			return raw, false
		}
	}
	d.lost = lost
	raw.Data = d.b[start:d.i:d.i]
	return raw, ok
}

// pass goes over any value. What is wrong within it is for whoever decodes it.
func (d *Decoder) pass() {
	quiet, lost := d.quiet, d.lost
	d.quiet = true
	if d.json {
		d.passJSON()
	} else {
		d.skip()
	}
	d.quiet, d.lost = quiet, lost || d.dead
}

// passJSON goes over one value. It looks at no more of an object or array than where strings and brackets end,
// and does not mind how deep it is.
func (d *Decoder) passJSON() {
	if c := d.skipSpace(); c != '{' && c != '[' {
		d.skipJSON()
		return
	}
	b, depth := d.b, 0
	for i := d.i; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				d.i = i + 1
				return
			}
		case '"':
			i = endOfString(b, i+1)
		default:
			continue
		}
		if i >= d.check {
			d.i = min(i, len(b))
			if d.poll(); d.dead {
				return
			}
		}
	}
	d.fail("unexpected end")
}

// endOfString returns where the JSON string ends that goes on at offset i: the offset of its closing quote, or one
// that is not in b.
func endOfString(b []byte, i int) int {
	for {
		for i+8 <= len(b) {
			m := special(binary.LittleEndian.Uint64(b[i:]))
			if m == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(m) / 8
			break
		}
		switch {
		case i >= len(b) || b[i] == '"':
			return i
		case b[i] == '\\':
			i++ // what is escaped may be a quote
		}
		i++
	}
}
