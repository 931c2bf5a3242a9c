package lex

import (
	"encoding/base64"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/internal/multibase"
)

func appendIntJSON(to []byte, v int64) []byte { return strconv.AppendInt(to, v, 10) }

func appendLinkJSON(to []byte, raw string) []byte {
	to = append(to, `{"$link":"`...)
	to = multibase.Append(to, []byte(raw))
	return append(to, `"}`...)
}

// appendTextJSON appends s as a JSON string. It replaces bytes that are not UTF-8 with U+FFFD.
func appendTextJSON(to []byte, s string) []byte {
	to = append(to, '"')
	i, plain := 0, 0
	for i < len(s) {
		if i+8 <= len(s) {
			x := binary.LittleEndian.Uint64([]byte(s[i : i+8]))
			m := special(x) | x&highBits
			if m == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(m) / 8
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				to = append(append(to, s[plain:i]...), "\uFFFD"...)
				plain = i + 1
			}
			i += n
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		to = append(to, s[plain:i]...)
		i++
		plain = i
		to = appendEscape(to, c)
	}
	return append(append(to, s[plain:]...), '"')
}

func appendEscape(to []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(to, '\\', c)
	case '\b':
		return append(to, '\\', 'b')
	case '\f':
		return append(to, '\\', 'f')
	case '\n':
		return append(to, '\\', 'n')
	case '\r':
		return append(to, '\\', 'r')
	case '\t':
		return append(to, '\\', 't')
	}
	return append(to, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}

// appendJSON appends the JSON form of the next DAG-CBOR value. Anything that cannot be read becomes
// null, so that the result is JSON whatever the input.
//
// A byte of DAG-CBOR may become fourteen bytes of JSON. appendJSON counts the bytes of a large value first, because
// growing by copying would take more than twice as much memory.
func (r *rawReader) appendJSON(to []byte) []byte {
	if len(r.s)-r.i > countFrom {
		counting := rawReader{s: r.s, i: r.i, counting: true}
		rest := counting.appendValueJSON(make([]byte, 0, 2*countFrom), 0)
		to = slices.Grow(to, counting.counted+len(rest))
	}
	return r.appendValueJSON(to, 0)
}

// countFrom is the length in bytes of DAG-CBOR above which the bytes of its JSON are counted first.
const countFrom = 32 << 10

// count adds the bytes of to to r.counted and empties to, if r only counts and to has become long.
func (r *rawReader) count(to []byte) []byte {
	if r.counting && len(to) > countFrom {
		r.counted += len(to)
		return to[:0]
	}
	return to
}

// appendTextJSON appends s as a JSON string, or counts its bytes piece by piece.
func (r *rawReader) appendTextJSON(to []byte, s string) []byte {
	for r.counting && len(s) > countFrom/8 {
		n := countFrom / 8
		for n > countFrom/8-utf8.UTFMax && !utf8.RuneStart(s[n]) {
			n--
		}
		to = r.count(appendTextJSON(to, s[:n]))
		r.counted -= len(`""`)
		s = s[n:]
	}
	return appendTextJSON(to, s)
}

// appendBytesJSON appends b as JSON, or counts its bytes.
func (r *rawReader) appendBytesJSON(to []byte, b string) []byte {
	if r.counting {
		r.counted += base64.RawStdEncoding.EncodedLen(len(b))
		b = ""
	}
	return appendBytesJSON(to, b)
}

func (r *rawReader) appendValueJSON(to []byte, depth int) []byte {
	if r.i >= len(r.s) || depth > MaxDepth {
		r.i = len(r.s)
		return append(to, "null"...)
	}
	to = r.count(to)
	at := r.i
	switch r.s[at] >> 5 {
	case majorBytes:
		return r.appendBytesJSON(to, r.payload())
	case majorText:
		return r.appendTextJSON(to, r.payload())
	}
	major, n := r.header()
	switch major {
	case majorUint:
		return strconv.AppendUint(to, n, 10)
	case majorNegint:
		return appendNegativeJSON(to, n)
	case majorArray:
		to = append(to, '[')
		for i := uint64(0); i < n && r.i < len(r.s); i++ {
			if i > 0 {
				to = append(to, ',')
			}
			to = r.appendValueJSON(to, depth+1)
		}
		return append(to, ']')
	case majorMap:
		to = append(to, '{')
		for i := uint64(0); i < n && r.i < len(r.s); i++ {
			if i > 0 {
				to = append(to, ',')
			}
			if r.s[r.i]>>5 != majorText {
				r.i = len(r.s)
				to = append(to, `""`...)
			} else {
				to = r.appendTextJSON(to, r.payload())
			}
			to = r.appendValueJSON(append(to, ':'), depth+1)
		}
		return append(to, '}')
	case majorTag:
		if r.i < len(r.s) && r.s[r.i]>>5 == majorBytes {
			if raw := r.payload(); len(raw) > 0 {
				return appendLinkJSON(to, raw[1:])
			}
			return append(to, "null"...)
		}
		return r.appendValueJSON(to, depth+1)
	}
	return appendSimpleJSON(to, r.s[at:r.i])
}

// appendNegativeJSON appends -1-n, which may not fit in 64 bits.
func appendNegativeJSON(to []byte, n uint64) []byte {
	switch {
	case n <= math.MaxInt64:
		return strconv.AppendInt(to, -1-int64(n), 10)
	case n == math.MaxUint64:
		return append(to, "-18446744073709551616"...)
	}
	return strconv.AppendUint(append(to, '-'), n+1, 10)
}

// appendSimpleJSON appends a boolean, a null or a floating-point number.
func appendSimpleJSON(to []byte, raw string) []byte {
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
