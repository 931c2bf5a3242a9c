// Package multibase encodes and decodes the text of content identifiers: the letter b, which stands for base32 in
// multibase (https://github.com/multiformats/multibase), followed by base32 in lower case without padding.
package multibase

import "encoding/base32"

var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

const prefix = 'b'

// Append appends the text of the bytes b to the slice to.
func Append(to, b []byte) []byte { return encoding.AppendEncode(append(to, prefix), b) }

// Decode appends the bytes whose text is s to the slice to. It reports false, and appends nothing, if s is not what
// [Append] writes: the bits of s after the last byte must be zero, and line ends, which base32 would skip, are refused.
func Decode(to []byte, s string) ([]byte, bool) {
	if len(s) < 2 || s[0] != prefix {
		return to, false
	}
	start := len(to)
	to, err := encoding.AppendDecode(to, []byte(s[1:]))
	if err != nil || encoding.EncodeToString(to[start:]) != s[1:] {
		return to[:start], false
	}
	return to, true
}
