package lex

import (
	"encoding/base64"
	"strings"
)

// Bytes is a byte string: lexicon type bytes. In JSON it is {"$bytes": …} in base64 without padding.
// An absent optional field is nil; an empty byte string is empty and not nil.
type Bytes []byte

// MarshalJSON returns {"$bytes": …}, or null when b is nil.
func (b Bytes) MarshalJSON() ([]byte, error) {
	if b == nil {
		return []byte("null"), nil
	}
	return appendBytesJSON(nil, string(b)), nil
}

// UnmarshalJSON sets b to the bytes that data encodes.
func (b *Bytes) UnmarshalJSON(data []byte) error {
	var v bytesValue
	err := DecodeJSON(data, &v)
	*b = v.bytes
	return err
}

type bytesValue struct{ bytes Bytes }

func (v *bytesValue) DecodeLex(d *Decoder) { v.bytes = d.Bytes(0, NoLimit) }

func appendBytesJSON(to []byte, b string) []byte {
	to = append(to, `{"$bytes":"`...)
	to = base64.RawStdEncoding.AppendEncode(to, []byte(b))
	return append(to, `"}`...)
}

// decodeBase64 decodes base64 in the standard alphabet (RFC 4648, section 4), with full padding or none.
// It ignores the bits after the last byte, as the reference implementation does.
func decodeBase64(s string) (string, bool) {
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
