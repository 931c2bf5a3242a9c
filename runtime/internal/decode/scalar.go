package decode

import (
	"encoding/binary"

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
	if i, b := r.At, r.Data; i+3 < len(b) {
		var v int64
		switch c := b[i]; {
		case c < 24:
			v = int64(c)
			r.At = i + 1
		case c == 24 && b[i+1] >= 24:
			v = int64(b[i+1])
			r.At = i + 2
		case c == 25 && b[i+1] > 0:
			v = int64(b[i+1])<<8 | int64(b[i+2])
			r.At = i + 3
		default:
			return r.intCBOR(min, max)
		}
		if v < min || v > max {
			r.CheckRange(i, v, min, max)
		}
		return v
	}
	return r.intCBOR(min, max)
}

// String reads a string, and reports it if its length is not minLength to maxLength bytes of UTF-8.
func (r *Reader) String(minLength, maxLength int) string {
	i := r.At
	if b := r.Data; i+34 > len(b) {
	} else if r.JSON {
		text := (*[24]byte)(b[i+1:])
		if n := jsontext.Plain(text); n >= 0 && b[i] == '"' {
			r.At = i + 1 + n + 1
			if n > maxLength || n < minLength {
				r.CheckLength(i, n, minLength, maxLength)
			}
			if r.Kept.Share {
				return r.Str[i+1 : i+1+n]
			}
			return r.Kept.CopyShort(text, n)
		}
	} else {
		if n := int(b[i]) - 0x60; uint(n) < 24 {
			text := (*[24]byte)(b[i+1:])
			words := binary.LittleEndian.Uint64(text[:]) & wordMask[n&31]
			if n > 8 {
				words |= binary.LittleEndian.Uint64(text[8:]) & wordMask[(n-8)&31]
				if n > 16 {
					words |= binary.LittleEndian.Uint64(text[16:]) & wordMask[(n-16)&31]
				}
			}
			if words&dagcbor.HighBits == 0 {
				r.At = i + 1 + n
				if n > maxLength || n < minLength {
					r.CheckLength(i, n, minLength, maxLength)
				}
				if r.Kept.Share {
					return r.Str[i+1 : i+1+n]
				}
				return r.Kept.CopyShort(text, n)
			}
		}
	}
	s, ok := r.Text()
	if ok && (len(s) > maxLength || len(s) < minLength) {
		r.CheckLength(i, len(s), minLength, maxLength)
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

// Link reads a link.
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

// wrappedJSON reads an object whose only key is key and whose value is text that bytes decodes.
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

// Keep returns s, which is part of the input, as a string that outlives it.
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
	r.CheckRange(at, v, min, max)
	return v
}
