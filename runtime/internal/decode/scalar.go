package decode

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// Bool reads a boolean.
func (r *Reader) Bool() bool {
	if r.JSON {
		jsontext.Space(&r.Input)
		v, ok := jsontext.Bool(&r.Input)
		if !ok {
			r.Mismatch("boolean")
		}
		return v
	}
	if r.At < len(r.Data) && r.Data[r.At]|1 == dagcbor.True {
		r.At++
		return r.Data[r.At-1] == dagcbor.True
	}
	r.Mismatch("boolean")
	return false
}

// Int reads an integer, and reports it if it is not in the range min to max, which are those of
// an int64 where there is no limit.
func (r *Reader) Int(min, max int64) int64 {
	if r.JSON {
		return r.intJSON(min, max)
	}
	if r.Ahead() {
		at, text := r.At, r.Window()
		// How many bytes follow the head is in a table: the processor could not foresee a branch.
		if head := text[0]; head < 32 {
			h := &intHeads[head]
			v := int64(binary.BigEndian.Uint64(text[1:])>>(h.shift&63))&h.mask + h.value
			if v >= h.least {
				r.At = at + 1 + int(h.size)
				if v < min || v > max {
					r.CheckRange(at, v, min, max)
				}
				return v
			}
		}
	}
	return r.intCBOR(min, max)
}

// intHeads describes, by their first byte, the encodings of integers that are not negative and have up to 32 bits. For
// other first bytes, least is so large that no value passes, and intCBOR reads the integer.
var intHeads = func() (heads [32]struct {
	value, least int64 // the value if no bytes follow; the least value that may have this head
	mask         int64 // of the bytes that follow, after 64 bits were shifted right by shift
	size, shift  uint8 // how many bytes follow
}) {
	for i := range heads {
		heads[i].value, heads[i].least = int64(i), math.MaxInt64
		if i < 24 {
			heads[i].least = 0
		}
	}
	for i, size := range []uint8{1, 2, 4} {
		h := &heads[24+i]
		h.value, h.mask, h.size, h.shift = 0, 1<<(8*size)-1, size, 64-8*size
	}
	heads[24].least, heads[25].least, heads[26].least = 24, 1<<8, 1<<16
	return heads
}()

// String reads a string, and reports it if its length is not minLength to maxLength bytes of UTF-8.
func (r *Reader) String(minLength, maxLength int) string {
	at := r.At
	if r.Ahead() {
		window := r.Window()
		text := (*[24]byte)(window[1:])
		n, end := -1, 0 // of a short text, and of what follows it: the closing quote
		if r.JSON {
			if window[0] == '"' {
				n, end = jsontext.Plain(text), 1
			}
		} else if length := int(window[0]) - 0x60; uint(length) < 24 {
			if mask := &keep[length&31]; (binary.LittleEndian.Uint64(text[:])&mask[0]|
				binary.LittleEndian.Uint64(text[8:])&mask[1]|
				binary.LittleEndian.Uint64(text[16:])&mask[2])&dagcbor.HighBits == 0 || utf8.Valid(text[:length]) {
				n = length
			}
		} else if n := int(window[1]); window[0] == 0x78 && n >= 24 && n <= len(r.Data)-at-2 && !r.Kept.Share {
			if s, ok := r.Kept.CopyASCII(r.Data[at+2 : at+2+n]); ok {
				r.At = at + 2 + n
				if n > maxLength || n < minLength {
					r.CheckLength(at, n, minLength, maxLength)
				}
				return s
			}
		}
		if n >= 0 {
			r.At = at + 1 + n + end
			if n > maxLength || n < minLength {
				r.CheckLength(at, n, minLength, maxLength)
			}
			if r.Kept.Fits() {
				return r.Kept.CopyShort(text, n)
			}
			return r.Keep(r.Str[at+1 : at+1+n])
		}
	}
	s, ok := r.Text()
	if ok && (len(s) > maxLength || len(s) < minLength) {
		r.CheckLength(at, len(s), minLength, maxLength)
	}
	return r.Keep(s)
}

// CheckLength reports the length n of the value at offset at, if it is not in the range min to max.
func (r *Reader) CheckLength(at, n, min, max int) {
	if n < min {
		r.ReportLimit(at, issue.RuleMinLength, int64(min), int64(n))
	} else if n > max {
		r.ReportLimit(at, issue.RuleMaxLength, int64(max), int64(n))
	}
}

// Null reads the next value if it is null, and returns whether it was.
func (r *Reader) Null() bool {
	if r.JSON {
		return jsontext.Null(&r.Input)
	}
	if r.At < len(r.Data) && r.Data[r.At] == dagcbor.Null {
		r.At++
		return true
	}
	return false
}

// Bytes reads a byte string, which is part of the input in DAG-CBOR. It returns false if the next value is not one.
func (r *Reader) Bytes() (string, bool) {
	if r.JSON {
		return r.wrappedJSON("$bytes", "bytes", jsontext.Base64)
	}
	if r.At >= len(r.Data) || r.Data[r.At]>>5 != dagcbor.ByteString {
		r.Mismatch("bytes")
		return "", false
	}
	n, ok := dagcbor.Length(&r.Input, 1)
	if !ok {
		return "", false
	}
	r.At += n
	return r.Str[r.At-n : r.At], true
}

// Link reads a link. If the next value is not a valid link, Link reports that and returns the zero Link.
func (r *Reader) Link() cid.Link {
	if r.JSON {
		raw, _ := r.wrappedJSON("$link", "cid-link", func(text string) (string, bool) {
			link, err := cid.ParseLink(text)
			return link.Binary(), err == nil
		})
		link, _ := cid.LinkFromBinary(raw)
		return link
	}
	at := r.At
	if at+1 >= len(r.Data) || r.Data[at] != dagcbor.Tagged || r.Data[at+1] != dagcbor.LinkTag {
		r.Mismatch("cid-link")
		return cid.Link{}
	}
	r.At += 2
	link, ok := dagcbor.Link(&r.Input, at)
	if r.Wrong = !ok; !ok || r.Kept.Share {
		return link
	}
	link, _ = cid.LinkFromBinary(r.Kept.Copy(link.Binary(), r.Data))
	return link
}

// wrappedJSON reads an object whose only key is key and whose value is a string that the function bytes decodes. It
// reports anything else; want is the name of the type in the report.
func (r *Reader) wrappedJSON(key, want string, bytes func(string) (string, bool)) (string, bool) {
	jsontext.Space(&r.Input)
	at, issues := r.At, len(r.Issues)
	var c Cursor
	if r.objectJSON(&c); c.state&cursorDone != 0 {
		if len(r.Issues) > issues && !r.Dead {
			r.Issues[len(r.Issues)-1].Want = want
		}
		return "", false
	}
	raw, ok, entries := "", false, 0
	for ; r.separator(&c); entries++ {
		name, _ := jsontext.Text(&r.Input)
		jsontext.Colon(&r.Input)
		if name == key && jsontext.Space(&r.Input) == '"' {
			var text string
			if text, ok = jsontext.Text(&r.Input); ok {
				raw, ok = bytes(text)
			}
		} else {
			ok = false
			jsontext.Skip(&r.Input)
		}
	}
	r.close(&c)
	if r.Dead {
		return "", false
	}
	if !ok || entries != 1 {
		r.Wrong = true
		r.Report(at, issue.RuleType).Want = want
		return "", false
	}
	return raw, true
}

func (r *Reader) intCBOR(min, max int64) int64 {
	at := r.At
	if at >= len(r.Data) {
		r.Wrong = true
		r.Fail("unexpected end")
		return 0
	}
	if r.Data[at]>>5 > dagcbor.Negint {
		r.Mismatch("integer")
		return 0
	}
	v, ok := dagcbor.Int(&r.Input)
	if !ok {
		r.Wrong = true
		return 0
	}
	r.CheckRange(at, v, min, max)
	dagcbor.CheckBits(&r.Input, at, v)
	return v
}

// Text reads a string, which is part of the input if it has no escapes. It returns false if the next value is not a string,
// which it reports and skips.
func (r *Reader) Text() (string, bool) {
	if r.JSON {
		if jsontext.Space(&r.Input) != '"' {
			r.Mismatch("string")
			return "", false
		}
		s, ok := jsontext.Text(&r.Input)
		if !ok {
			r.Wrong = true
		}
		return s, ok
	}
	if r.At < len(r.Data) && r.Data[r.At]>>5 == dagcbor.TextString {
		s, ok := dagcbor.Text(&r.Input)
		if !ok {
			r.Wrong = true
		}
		return s, ok
	}
	if r.At >= len(r.Data) {
		r.Wrong = true
		r.Fail("unexpected end")
	} else {
		r.Mismatch("string")
	}
	return "", false
}

// Keep returns s, which is part of the input, as a string to store in the decoded value: a copy, or s itself if strings
// may share the input's memory.
func (r *Reader) Keep(s string) string { return r.Kept.Keep(s, r.Data) }

func (r *Reader) intJSON(min, max int64) int64 {
	c := jsontext.Space(&r.Input)
	at := r.At
	if c != '-' && c-'0' > 9 {
		r.Mismatch("integer")
		return 0
	}
	v, ok := jsontext.Number(&r.Input)
	if r.Dead {
		r.Wrong = true
		return 0
	}
	if !ok {
		r.Wrong = true
		r.Report(at, issue.RuleType).Want = "integer of 64 bits"
		return 0
	}
	if v < min || v > max {
		r.CheckRange(at, v, min, max)
	}
	return v
}
