package lex

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// Raw is any value, kept as the bytes that encode it. It lets a program decode the parts of an answer one by one, so
// that one malformed part does not fail the others. Reading a Raw checks only what is needed to find the value's end.
type Raw struct {
	// Data is the encoded value, without white space around it. It is nil if there is no value.
	Data []byte
	// Encoding is the encoding of Data.
	Encoding Encoding
}

// IsSet reports whether r has a value.
func (r Raw) IsSet() bool { return r.Data != nil }

// DecodeLex reads any value.
func (r *Raw) DecodeLex(d *Decoder) { *r = d.Raw() }

// EncodeLex writes the value, or null if there is none.
func (r *Raw) EncodeLex(e *Encoder) { e.Raw(*r) }

// Raw writes a value that is encoded already, transcoding it if it is in the other encoding. If that fails, encoding
// fails with the [*issue.Error] of [JSONToCBOR] or [CBORToJSON].
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

// Raw reads any value and returns its bytes. They are copied from the input, unless decoding shares it.
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

// Try reads the next value into v and returns its bytes, which are part of the input. If the value has issues, Try does
// not report them but returns false; the caller can decode the bytes on their own. The memory that v took then does not
// count, and the caller must drop v.
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
	if !ok { // the limit of issues, of memory or of depth may have stopped it: find the value's end
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

// pass skips any value without reporting issues in it, unless its end cannot be found.
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

// passJSON skips one value. In an object or array, it finds only the ends of strings and brackets, at any depth of
// nesting.
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

// endOfString returns the offset of the closing quote of the JSON string of which offset i is a part. If there is none,
// the result is not less than len(b).
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

// String returns the value as JSON, or in hexadecimal if it is not valid DAG-CBOR. It returns "" if there is no value.
func (r Raw) String() string {
	if r.Data == nil || r.Encoding == JSON {
		return string(r.Data)
	}
	text, err := CBORToJSON(r.Data)
	if err != nil {
		return fmt.Sprintf("%x", r.Data)
	}
	return string(text)
}
