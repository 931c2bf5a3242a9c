package lex

import (
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/internal/transcode"
)

// JSONToCBOR returns the canonical DAG-CBOR of a value in the JSON form of the data model. The error
// is an [*issue.Error] that lists what is wrong with b.
func JSONToCBOR(b []byte) ([]byte, error) {
	var v Canonical
	if err := DecodeJSON(b, &v); err != nil {
		return nil, err
	}
	return v, nil
}

// Canonical is any value, as canonical DAG-CBOR. Decoding JSON into a *Canonical is [JSONToCBOR] with the options of
// [Decode] and its context. It overwrites the previous value, and reuses its memory.
type Canonical []byte

// DecodeLex reads any value.
func (v *Canonical) DecodeLex(d *Decoder) { *v = append((*v)[:0], d.r.Raw()...) }

// CBORToJSON returns the JSON form of a value in DAG-CBOR. The error is an [*issue.Error] that lists what is
// wrong with b. CBORToJSON returns JSON even then, with U+FFFD for text that is not UTF-8 and null for
// anything that cannot be read, so that a broken record can be shown.
func CBORToJSON(b []byte) ([]byte, error) {
	var v anyValue
	err := DecodeCBOR(b, &v)
	return transcode.AppendJSON(nil, unsafe.String(unsafe.SliceData(b), len(b))), err
}

type anyValue struct{ raw string }

func (v *anyValue) DecodeLex(d *Decoder) { v.raw = d.r.Raw() }
