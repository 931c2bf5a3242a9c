package dagcbor

import (
	"math"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// Checked reads DAG-CBOR that was checked when it was decoded. It can also read broken DAG-CBOR, up to the first head
// that is malformed or cut off. There, as at the end of Str, Header returns [None], and Payload and Next return "".
type Checked struct {
	Str string // the DAG-CBOR
	At  int    // the offset of the next byte to read
}

// Header reads the head of a value and returns its major type and argument.
func (r *Checked) Header() (major byte, argument uint64) {
	if r.At >= len(r.Str) {
		return None, 0
	}
	c := r.Str[r.At]
	r.At++
	info := c & 31
	if info < 24 {
		return c >> 5, uint64(info)
	}
	n := 1 << (info & 3)
	if info > 27 || len(r.Str)-r.At < n {
		r.At = len(r.Str)
		return None, 0
	}
	for range n {
		argument = argument<<8 | uint64(r.Str[r.At])
		r.At++
	}
	return c >> 5, argument
}

// Payload reads a string or byte string and returns its bytes, or those that there are if the input ends before.
func (r *Checked) Payload() string {
	_, n := r.Header()
	n = min(n, uint64(len(r.Str)-r.At))
	r.At += int(n)
	return r.Str[r.At-int(n) : r.At]
}

// Next reads one value and returns its bytes.
func (r *Checked) Next() string {
	at := r.At
	for left := uint64(1); left > 0 && r.At < len(r.Str); left-- {
		major, n := r.Header()
		switch major {
		case ByteString, TextString:
			r.At += int(min(n, uint64(len(r.Str)-r.At)))
		case Array:
			left += min(n, uint64(len(r.Str)))
		case Map:
			left += 2 * min(n, uint64(len(r.Str)))
		case Tag:
			left++
		}
	}
	return r.Str[at:r.At]
}

// TextOf returns the text string that raw encodes. It returns false if raw encodes another type.
func TextOf(raw string) (string, bool) {
	if raw == "" || raw[0]>>5 != TextString {
		return "", false
	}
	r := Checked{Str: raw}
	return r.Payload(), true
}

// BytesOf returns the byte string that raw encodes. It returns false if raw encodes another type.
func BytesOf(raw string) (string, bool) {
	if raw == "" || raw[0]>>5 != ByteString {
		return "", false
	}
	r := Checked{Str: raw}
	return r.Payload(), true
}

// IntOf returns the integer that raw encodes. It returns false if raw encodes another type, or an integer that does not
// fit in 64 bits.
func IntOf(raw string) (int64, bool) {
	if raw == "" || raw[0]>>5 > Negint {
		return 0, false
	}
	r := Checked{Str: raw}
	major, u := r.Header()
	if u > math.MaxInt64 {
		return 0, false
	}
	if major == Negint {
		return -1 - int64(u), true
	}
	return int64(u), true
}

// IsLink reports whether raw is the encoding of a link.
func IsLink(raw string) bool { return raw != "" && raw[0]>>5 == Tag }

// LinkOf returns the link that raw encodes. It returns false if raw encodes another type.
func LinkOf(raw string) (cid.Link, bool) {
	if !IsLink(raw) {
		return cid.Link{}, false
	}
	r := Checked{Str: raw}
	r.Header()
	return cid.LinkFromBinary(r.Payload()[1:])
}
