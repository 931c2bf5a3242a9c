package jsontext

import (
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"strings"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/internal/multibase"
)

// AppendText appends s as a JSON string. It replaces bytes that are not UTF-8 with U+FFFD.
func AppendText(to []byte, s string) []byte {
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

// AppendLink appends a link to the CID whose binary form is raw. The bytes need not be a valid CID.
func AppendLink(to []byte, raw string) []byte {
	to = append(to, `{"$link":"`...)
	to = multibase.Append(to, []byte(raw))
	return append(to, `"}`...)
}

// AppendBytes appends a byte string.
func AppendBytes(to []byte, b string) []byte {
	to = append(to, `{"$bytes":"`...)
	to = base64.RawStdEncoding.AppendEncode(to, []byte(b))
	return append(to, `"}`...)
}

// Base64 decodes base64 in the standard alphabet (RFC 4648, section 4), with full padding or none.
// It ignores the bits after the last byte, as the reference implementation does.
func Base64(s string) (string, bool) {
	if strings.ContainsAny(s, "\r\n") { // which the decoder skips
		return "", false
	}
	encoding := base64.RawStdEncoding
	if strings.HasSuffix(s, "=") {
		encoding = base64.StdEncoding
	}
	raw, err := encoding.DecodeString(s)
	return string(raw), err == nil
}
