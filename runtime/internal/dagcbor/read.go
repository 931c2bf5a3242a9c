// Package dagcbor reads and writes the heads, strings, integers and links of DAG-CBOR
// (https://ipld.io/specs/codecs/dag-cbor/spec/), and skips whole values. It checks that what it reads is canonical and part of
// the atproto data model; it knows nothing of lexicons.
//
// The functions with an [input.Input] read input that may be broken; [Checked] reads what was checked before.
package dagcbor

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/issue"
)

// The major types of CBOR (RFC 8949, section 3.1) that DAG-CBOR uses.
const (
	Uint       = 0
	Negint     = 1
	ByteString = 2
	TextString = 3
	Array      = 4
	Map        = 5
	Tag        = 6
	Simple     = 7
	None       = 8 // there is no head, or a malformed one
)

// The heads of the simple values and of a tag, and the number of the tag of links.
const (
	False   = 0xf4
	True    = 0xf5
	Null    = 0xf6
	Tagged  = 0xd8 // the head of a tag whose number is in the next byte
	LinkTag = 42
)

// HighBits is a mask of the high bit of each byte of a word, which is set in bytes that are not ASCII.
const HighBits = 0x8080808080808080

// Header reads the head of a value: its major type and argument. It reports a head that is not in its shortest form. If
// the input ends or the head is malformed, reading fails and Header returns [None].
func Header(in *input.Input) (major byte, argument uint64) {
	at := in.At
	if at >= len(in.Data) {
		in.Fail("unexpected end")
		return None, 0
	}
	major, info := in.Data[at]>>5, in.Data[at]&31
	if info < 24 {
		in.At = at + 1
		return major, uint64(info)
	}
	if info > 27 {
		in.Fail("indefinite length or reserved head")
		return None, 0
	}
	n := 1 << (info - 24)
	if len(in.Data)-at-1 < n {
		in.Fail("unexpected end")
		return None, 0
	}
	for _, c := range in.Data[at+1 : at+1+n] {
		argument = argument<<8 | uint64(c)
	}
	in.At = at + 1 + n
	if major != Simple && (n == 1 && argument < 24 || n > 1 && argument>>(4*n) == 0) {
		in.Report(at, issue.RuleSyntax).Want = "number or length not in its shortest form"
	}
	return major, argument
}

// Length reads the head of a value whose argument counts things of at least size bytes each. It fails if so many do
// not fit into the rest of the input. The caller has checked the major type.
func Length(in *input.Input, size int) (int, bool) {
	at := in.At
	_, n := Header(in)
	if in.Dead {
		return 0, false
	}
	if n > uint64(len(in.Data)-in.At)/uint64(size) {
		in.At = at
		in.Fail("length exceeds the input")
		return 0, false
	}
	return int(n), true
}

// CheckOrder reports the map key at offset at, unless it comes after prev, the key before it, in canonical order.
func CheckOrder(in *input.Input, at int, prev, key string) {
	if in.Quiet || Less(prev, key) {
		return
	}
	if key == prev {
		in.Report(at, issue.RuleSyntax).Want = "duplicate key " + input.Excerpt(key)
	} else {
		in.Report(at, issue.RuleSyntax).Want = "key " + input.Excerpt(key) + " out of order"
	}
}

// Key reads a map key. If the next value is not a text string, reading fails and Key returns false.
func Key(in *input.Input) (string, bool) {
	if in.Dead {
		return "", false
	}
	if in.At >= len(in.Data) {
		in.Fail("unexpected end")
		return "", false
	}
	if in.Data[in.At]>>5 != TextString {
		in.Fail("map key is not a string")
		return "", false
	}
	return Text(in)
}

// Text reads a text string, which is part of the input, and reports it if it is not UTF-8. It returns false if the
// input ends within it. The caller has checked the major type.
func Text(in *input.Input) (string, bool) {
	at, b := in.At, in.Data
	if i := at + 2; i+24 <= len(b) && b[at] == 0x78 && b[at+1] >= 24 { // 24 to 255 bytes: URIs and datetimes
		if n := int(b[at+1]); n <= len(b)-i {
			text := b[i : i+n]
			words := binary.LittleEndian.Uint64(text[n-8:])
			for k := 0; k+8 <= len(text); k += 8 {
				words |= binary.LittleEndian.Uint64(text[k:])
			}
			s := in.Str[i : i+n]
			if words&HighBits == 0 || utf8.ValidString(s) {
				in.At = i + n
				return s, true
			}
		}
	}
	n, ok := Length(in, 1)
	if !ok {
		return "", false
	}
	s := in.Str[in.At : in.At+n]
	in.At += n
	if !utf8.ValidString(s) {
		in.Report(at, issue.RuleSyntax).Want = "text that is not UTF-8"
	}
	return s, true
}

// CheckBits reports the integer v at offset at if it has more than 53 bits and the purpose of reading is
// [input.Sending].
func CheckBits(in *input.Input, at int, v int64) {
	const most = 1<<53 - 1
	if in.Purpose == input.Sending && !in.ReportedAt(at) {
		in.CheckRange(at, v, -most, most)
	}
}

// Link reads the byte string that follows a link's tag, and returns the link. at is the offset of the tag, at which
// Link reports a link that is malformed; it then returns false.
func Link(in *input.Input, at int) (cid.Link, bool) {
	if in.At >= len(in.Data) || in.Data[in.At]>>5 != ByteString {
		in.Fail("link that is not a byte string")
		return cid.Link{}, false
	}
	n, ok := Length(in, 1)
	if !ok {
		return cid.Link{}, false
	}
	raw := in.Str[in.At : in.At+n]
	in.At += n
	if n > 0 && raw[0] == 0 {
		if link, ok := cid.LinkFromBinary(raw[1:]); ok {
			return link, true
		}
	}
	in.Lost = true
	found := in.Report(at, issue.RuleFormat)
	found.Want, found.Found = "cid-link", input.Excerpt(raw)
	return cid.Link{}, false
}

// PeekType returns the $type of the map that starts here, or "" if it has none. It moves forward in the input and may
// report issues: the caller must undo both.
func PeekType(in *input.Input) string {
	if in.At >= len(in.Data) || in.Data[in.At]>>5 != Map {
		return ""
	}
	n, ok := Length(in, 2)
	for ; ok && n > 0; n-- {
		key, isKey := Key(in)
		if !isKey || len(key) > len("$type") {
			return ""
		}
		if key == "$type" {
			if in.At < len(in.Data) && in.Data[in.At]>>5 == TextString {
				typ, _ := Text(in)
				return typ
			}
			return ""
		}
		if Skip(in); in.Dead {
			return ""
		}
	}
	return ""
}

// Int reads an integer. If it is not a 64-bit integer, Int reports it and returns false. The caller has checked the
// major type.
func Int(in *input.Input) (int64, bool) {
	at := in.At
	major, u := Header(in)
	if in.Dead {
		return 0, false
	}
	if u > math.MaxInt64 {
		in.Report(at, issue.RuleType).Want = "integer of 64 bits"
		return 0, false
	}
	if major == Negint {
		return -1 - int64(u), true
	}
	return int64(u), true
}
