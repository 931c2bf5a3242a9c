package lex

import "github.com/layers-pub/layers-go/runtime/internal/jsontext"

// Bytes is a byte string: lexicon type bytes. In JSON it is {"$bytes": …} in base64 without padding.
// An absent optional field is nil; an empty byte string is empty and not nil.
type Bytes []byte

// MarshalJSON returns {"$bytes": …}, or null when b is nil.
func (b Bytes) MarshalJSON() ([]byte, error) {
	if b == nil {
		return []byte("null"), nil
	}
	return jsontext.AppendBytes(nil, string(b)), nil
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
