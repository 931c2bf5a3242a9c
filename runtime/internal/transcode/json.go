package transcode

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/internal/dagcbor"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
)

// AppendJSON appends the JSON form of cbor, a value in DAG-CBOR. It writes null for everything that it cannot read, so
// that the result is JSON whatever the input.
//
// A byte of DAG-CBOR may become fourteen bytes of JSON. AppendJSON counts the bytes of a large value first, because
// growing the buffer by copying would take more than twice as much memory.
func AppendJSON(to []byte, cbor string) []byte {
	r := writer{Checked: dagcbor.Checked{Str: cbor}}
	if len(cbor) > countFrom {
		counting := writer{Checked: r.Checked, counting: true}
		rest := counting.value(make([]byte, 0, 2*countFrom), 0)
		to = slices.Grow(to, counting.counted+len(rest))
	}
	return r.value(to, 0)
}

// writer reads DAG-CBOR and writes it as JSON, or only counts the bytes of the JSON.
type writer struct {
	dagcbor.Checked
	counting bool // it only counts what it would append
	counted  int  // how many bytes it has counted, apart from those in its buffer
}

// countFrom is the length in bytes of the longest DAG-CBOR whose JSON is not counted first.
const countFrom = 32 << 10

// count adds the bytes of to to r.counted and empties to, if r only counts and to has become long.
func (r *writer) count(to []byte) []byte {
	if r.counting && len(to) > countFrom {
		r.counted += len(to)
		return to[:0]
	}
	return to
}

// text appends s as a JSON string, or counts its bytes piece by piece.
func (r *writer) text(to []byte, s string) []byte {
	for r.counting && len(s) > countFrom/8 {
		n := countFrom / 8
		for n > countFrom/8-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		to = r.count(jsontext.AppendText(to, s[:n]))
		r.counted -= len(`""`)
		s = s[n:]
	}
	return jsontext.AppendText(to, s)
}

// bytes appends b as JSON, or counts its bytes.
func (r *writer) bytes(to []byte, b string) []byte {
	if r.counting {
		r.counted += base64.RawStdEncoding.EncodedLen(len(b))
		b = ""
	}
	return jsontext.AppendBytes(to, b)
}

// value reads the next value and appends it as JSON. depth is how deep it is nested.
func (r *writer) value(to []byte, depth int) []byte {
	if r.At >= len(r.Str) || depth > input.MaxDepth {
		r.At = len(r.Str)
		return append(to, "null"...)
	}
	to = r.count(to)
	at := r.At
	switch r.Str[at] >> 5 {
	case dagcbor.ByteString:
		return r.bytes(to, r.Payload())
	case dagcbor.TextString:
		return r.text(to, r.Payload())
	}
	major, n := r.Header()
	switch major {
	case dagcbor.Uint:
		return strconv.AppendUint(to, n, 10)
	case dagcbor.Negint:
		return appendNegative(to, n)
	case dagcbor.Array:
		to = append(to, '[')
		for i := uint64(0); i < n && r.At < len(r.Str); i++ {
			if i > 0 {
				to = append(to, ',')
			}
			to = r.value(to, depth+1)
		}
		return append(to, ']')
	case dagcbor.Map:
		to = append(to, '{')
		for i := uint64(0); i < n && r.At < len(r.Str); i++ {
			if i > 0 {
				to = append(to, ',')
			}
			if r.Str[r.At]>>5 != dagcbor.TextString {
				r.At = len(r.Str)
				to = append(to, `""`...)
			} else {
				to = r.text(to, r.Payload())
			}
			to = r.value(append(to, ':'), depth+1)
		}
		return append(to, '}')
	case dagcbor.Tag:
		if r.At < len(r.Str) && r.Str[r.At]>>5 == dagcbor.ByteString {
			if raw := r.Payload(); len(raw) > 0 {
				return jsontext.AppendLink(to, raw[1:])
			}
			return append(to, "null"...)
		}
		return r.value(to, depth+1)
	}
	return appendSimple(to, r.Str[at:r.At])
}

// appendNegative appends -1-n, which may not fit in 64 bits.
func appendNegative(to []byte, n uint64) []byte {
	switch {
	case n <= math.MaxInt64:
		return strconv.AppendInt(to, -1-int64(n), 10)
	case n == math.MaxUint64:
		return append(to, "-18446744073709551616"...)
	}
	return strconv.AppendUint(append(to, '-'), n+1, 10)
}

// appendSimple appends a boolean, a null or a floating-point number.
func appendSimple(to []byte, raw string) []byte {
	switch {
	case raw == "\xf4":
		return append(to, "false"...)
	case raw == "\xf5":
		return append(to, "true"...)
	}
	var f float64
	switch {
	case len(raw) == 9 && raw[0] == 0xfb:
		f = math.Float64frombits(binary.BigEndian.Uint64([]byte(raw[1:])))
	case len(raw) == 5 && raw[0] == 0xfa:
		f = float64(math.Float32frombits(binary.BigEndian.Uint32([]byte(raw[1:]))))
	default:
		return append(to, "null"...)
	}
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(to, "null"...)
	}
	return strconv.AppendFloat(to, f, 'g', -1, 64)
}
