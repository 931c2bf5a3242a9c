package lex

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/issue"
)

// NoLimit is the maximum to pass for a length that the lexicon does not limit.
const NoLimit = int(^uint(0) >> 1)

// Min and Max are the limits to pass for an integer that the lexicon does not limit.
const (
	Min int64 = -1 << 63
	Max int64 = 1<<63 - 1
)

// Bool reads a boolean.
func (d *Decoder) Bool() bool {
	if d.json {
		return d.boolJSON()
	}
	if d.i < len(d.b) && d.b[d.i]|1 == cborTrue {
		d.i++
		return d.b[d.i-1] == cborTrue
	}
	d.mismatch("boolean")
	return false
}

// BoolConst reads a boolean that the lexicon fixes to want, and reports any other.
func (d *Decoder) BoolConst(want bool) bool {
	at := d.i
	v := d.Bool()
	if !d.wrong && v != want {
		d.reportConst(at, strconv.FormatBool(v), strconv.FormatBool(want))
	}
	return v
}

// Int reads an integer, and reports it if it is not in the range min to max, which are [Min] and [Max] where the
// lexicon sets no limit.
func (d *Decoder) Int(min, max int64) int64 {
	if d.json {
		return d.intJSON(min, max)
	}
	if i, b := d.i, d.b; i+3 < len(b) {
		var v int64
		switch c := b[i]; {
		case c < 24:
			v = int64(c)
			d.i = i + 1
		case c == 24 && b[i+1] >= 24:
			v = int64(b[i+1])
			d.i = i + 2
		case c == 25 && b[i+1] > 0:
			v = int64(b[i+1])<<8 | int64(b[i+2])
			d.i = i + 3
		default:
			return d.intCBOR(min, max)
		}
		if v < min || v > max {
			d.checkRange(i, v, min, max)
		}
		return v
	}
	return d.intCBOR(min, max)
}

func (d *Decoder) checkRange(at int, v, min, max int64) {
	if v < min {
		d.reportLimit(at, issue.RuleMinimum, min, v)
	} else if v > max {
		d.reportLimit(at, issue.RuleMaximum, max, v)
	}
}

// IntRules are the constraints of an integer that [Decoder.Int] does not cover.
type IntRules struct {
	// Minimum and Maximum limit the integer. They are [Min] and [Max] where there is no limit.
	Minimum, Maximum int64
	// Enum lists the values that are allowed; nil allows all.
	Enum []int64
	// Const says that the lexicon declares a constant; Enum then holds just that.
	Const bool
}

// IntWith reads an integer, and reports it if it breaks r.
func (d *Decoder) IntWith(r *IntRules) int64 {
	at := d.i
	v := d.Int(r.Minimum, r.Maximum)
	if d.wrong || r.Enum == nil || slices.Contains(r.Enum, v) {
		return v
	}
	if r.Const {
		d.reportConst(at, strconv.FormatInt(v, 10), strconv.FormatInt(r.Enum[0], 10))
	} else {
		found := d.report(at, issue.RuleEnum)
		found.Found, found.Want = strconv.FormatInt(v, 10), strings.Trim(fmt.Sprint(r.Enum), "[]")
	}
	return v
}

func (d *Decoder) reportConst(at int, found, want string) {
	i := d.report(at, issue.RuleConst)
	i.Found, i.Want = found, want
}

// String reads a string, and reports it if its length is not minLength to maxLength bytes of UTF-8. These are 0 and
// [NoLimit] where the lexicon sets no limit.
func (d *Decoder) String(minLength, maxLength int) string {
	i := d.i
	if b := d.b; !d.json && i+34 <= len(b) {
		if n := int(b[i]) - 0x60; uint(n) < 24 {
			text := (*[24]byte)(b[i+1:])
			words := binary.LittleEndian.Uint64(text[:]) & wordMask[n&31]
			if n > 8 {
				words |= binary.LittleEndian.Uint64(text[8:]) & wordMask[(n-8)&31]
				if n > 16 {
					words |= binary.LittleEndian.Uint64(text[16:]) & wordMask[(n-16)&31]
				}
			}
			if words&highBits == 0 {
				d.i = i + 1 + n
				if n > maxLength || n < minLength {
					d.checkLength(i, n, minLength, maxLength)
				}
				if d.kept.share {
					return d.s[i+1 : i+1+n]
				}
				return d.keepShort(text, n)
			}
		}
	}
	s, ok := d.text()
	if ok && (len(s) > maxLength || len(s) < minLength) {
		d.checkLength(i, len(s), minLength, maxLength)
	}
	return d.keep(s)
}

func (d *Decoder) checkLength(at, n, min, max int) {
	if n < min {
		d.reportLimit(at, issue.RuleMinLength, int64(min), int64(n))
	} else if n > max {
		d.reportLimit(at, issue.RuleMaxLength, int64(max), int64(n))
	}
}

// RecordType reads the $type of a record, and reports it if it is not nsid, the record's collection.
func (d *Decoder) RecordType(nsid string) {
	at := d.i
	if s, ok := d.text(); ok && s != nsid {
		d.lost = true // the encoder writes nsid
		d.reportConst(at, excerpt(s), excerpt(nsid))
	}
}

// Null reads the next value if it is null, and returns whether it was.
func (d *Decoder) Null() bool {
	if d.json {
		if d.skipSpace() == 'n' && strings.HasPrefix(d.s[d.i:], "null") {
			d.i += len("null")
			return true
		}
		return false
	}
	if d.i < len(d.b) && d.b[d.i] == cborNull {
		d.i++
		return true
	}
	return false
}

// Bytes reads a byte string, and reports it if its length is not min to max bytes. The result is nil only if the next
// value is not a byte string.
func (d *Decoder) Bytes(min, max int) Bytes {
	at := d.i
	raw, ok := d.rawBytes()
	if !ok {
		return nil
	}
	d.checkLength(at, len(raw), min, max)
	if d.kept.share && !d.json {
		return d.b[d.i-len(raw) : d.i : d.i]
	}
	return append(make(Bytes, 0, len(raw)), raw...)
}

func (d *Decoder) rawBytes() (string, bool) {
	if d.json {
		return d.wrappedJSON("$bytes", "bytes", decodeBase64)
	}
	if d.i >= len(d.b) || d.b[d.i]>>5 != majorBytes {
		d.mismatch("bytes")
		return "", false
	}
	n, ok := d.length(1)
	if !ok {
		return "", false
	}
	d.i += n
	return d.s[d.i-n : d.i], true
}

// wrappedJSON reads an object whose only key is key and whose value is text that bytes decodes.
func (d *Decoder) wrappedJSON(key, want string, bytes func(string) (string, bool)) (string, bool) {
	d.skipSpace()
	at, issues := d.i, len(d.issues)
	var c Cursor
	if d.objectJSON(&c); c.state&cursorDone != 0 {
		if len(d.issues) > issues && !d.dead {
			d.issues[len(d.issues)-1].Want = want
		}
		return "", false
	}
	raw, ok, entries := "", false, 0
	for ; d.separator(&c); entries++ {
		name, _ := d.textJSON()
		d.colon()
		if name == key && d.skipSpace() == '"' {
			var text string
			if text, ok = d.textJSON(); ok {
				raw, ok = bytes(text)
			}
		} else {
			ok = false
			d.skipJSON()
		}
	}
	d.closeJSON(&c)
	if d.dead {
		return "", false
	}
	if !ok || entries != 1 {
		d.wrong = true
		d.report(at, issue.RuleType).Want = want
		return "", false
	}
	return raw, true
}
