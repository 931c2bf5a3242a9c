package lex

import (
	"bytes"
	"errors"
	"fmt"
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/internal/jsontext"
)

// Raw is any value, kept as the bytes that encode it. It lets a program decode the parts of a response one by one, so
// that one malformed part does not affect the others. Reading a Raw checks only what is needed to find the value's end.
type Raw struct {
	// Data is the encoded value, without white space around it. It is nil if there is no value.
	Data []byte
	// Encoding is the encoding of Data.
	Encoding Encoding
}

// IsSet reports whether r has a value.
func (r Raw) IsSet() bool { return r.Data != nil }

// DecodeLex reads any value.
func (r *Raw) DecodeLex(d *Decoder) { *r = d.Raw() }

// EncodeLex writes the value. Encoding fails if there is none.
func (r *Raw) EncodeLex(e *Encoder) { e.Raw(*r) }

// errUnset says that a required [Raw] is not set. It cannot be written as null, because null is a valid value of a Raw.
var errUnset = errors.New("required value is not set")

// Raw writes a value that is encoded already, transcoding it if it is in the other encoding. If that fails, encoding
// fails with the [*issue.Error] of [JSONToCBOR] or [CBORToJSON]. If there is no value, encoding fails with an error that has its
// JSON pointer.
func (e *Encoder) Raw(r Raw) {
	var err error
	switch data := r.Data; {
	case data == nil:
		err = errUnset
	case e.json == (r.Encoding == JSON):
		e.b = append(e.b, data...)
	case e.json:
		data, err = CBORToJSON(data)
		e.b = append(e.b, data...)
	default:
		data, err = JSONToCBOR(data)
		e.b = append(e.b, data...)
	}
	if err != nil {
		panic(encodeFailure{err})
	}
}

// Raw reads any value and returns its bytes. If decoding shares the input's memory, they are part of the input.
// Otherwise they are copied, into the arena if there is one.
func (d *Decoder) Raw() Raw {
	raw := Raw{Encoding: d.encoding()}
	if d.r.JSON {
		jsontext.Space(&d.r.Input)
	}
	start := d.r.At
	if d.r.Pass(); d.r.Dead {
		return raw
	}
	raw.Data = d.r.Data[start:d.r.At:d.r.At]
	if !d.r.Kept.Share {
		d.r.Spend(input.Allocated(0)) // what rounding adds, which may be more than the value
		if arena := d.r.Objects.Arena; arena != nil && !arena.Keep && len(raw.Data) > 0 {
			text := d.r.Kept.Copy(unsafe.String(&raw.Data[0], len(raw.Data)), d.r.Data)
			raw.Data = unsafe.Slice(unsafe.StringData(text), len(text))
		} else {
			raw.Data = bytes.Clone(raw.Data)
		}
	}
	return raw
}

func (d *Decoder) encoding() Encoding {
	if d.r.JSON {
		return JSON
	}
	return CBOR
}

// Try reads the next value into v and returns its bytes, which are part of the input. If the value has issues, Try does
// not report them but returns false; the caller can decode the bytes on their own. The memory that v took is then not
// counted against the limit, and the caller must drop v.
func (d *Decoder) Try(v Decodable) (raw Raw, ok bool) {
	raw.Encoding = d.encoding()
	start, end, ok := d.r.Try(func() { v.DecodeLex(d) })
	if end > start {
		raw.Data = d.r.Data[start:end:end]
	}
	return raw, ok
}

// String returns the value as JSON, or in hexadecimal if it is not valid DAG-CBOR. It returns "" if there is no value.
func (r Raw) String() string {
	if r.Data == nil || r.Encoding == JSON {
		return string(r.Data)
	}
	text, err := CBORToJSON(r.Data)
	if err != nil {
		return fmt.Sprintf("%x", r.Data)
	}
	return string(text)
}
