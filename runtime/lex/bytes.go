package lex

import (
	"encoding/base64"
	"strings"
)

// Bytes is a byte string: lexicon type bytes. In JSON it is {"$bytes": …} in base64 without padding.
// An optional one that is absent is nil; one without bytes is empty and not nil.
type Bytes []byte

// MarshalJSON returns {"$bytes": …}, or null when b is nil.
func (b Bytes) MarshalJSON() ([]byte, error) {
	if b == nil {
		return []byte("null"), nil
	}
	return appendBytesJSON(nil, string(b)), nil
}

// UnmarshalJSON sets b to the bytes that data holds.
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

// decodeBase64 reads base64 with or without padding (RFC 4648, section 4). The bits behind the last
// byte may be anything, as implementations in use write and read them.
func decodeBase64(s string) (string, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return "", false
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(s, "="))
	return string(raw), err == nil
}
