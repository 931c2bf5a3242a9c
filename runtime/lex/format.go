package lex

import (
	"encoding/base64"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/internal/transcode"
)

// unset is what the methods String of [Opt], [Nullable], [Map] and [Value] return for an absent value.
const unset = "unset"

// String returns the value as package fmt prints it, or "unset" if there is none.
func (o Opt[T]) String() string {
	if !o.set {
		return unset
	}
	return fmt.Sprint(o.value)
}

// String returns the value as package fmt prints it, "null" for null, or "unset" for an absent field.
func (n Nullable[T]) String() string {
	switch n.state {
	case absent:
		return unset
	case null:
		return "null"
	}
	return fmt.Sprint(n.value)
}

// String returns the object in the JSON form of the data model, or "unset" if it is absent.
func (m Map) String() string {
	if !m.IsSet() {
		return unset
	}
	return Text(&m)
}

// String returns the value in the JSON form of the data model, or "unset" for the zero Value.
func (v Value) String() string {
	if v.raw == "" {
		return unset
	}
	return string(transcode.AppendJSON(nil, v.raw))
}

// String returns the blob in the JSON form of the data model.
func (b Blob) String() string { return Text(&b) }

// Format prints the bytes in base64 for the verb %v, and as package fmt prints a []byte for the others.
func (b Bytes) Format(f fmt.State, verb rune) {
	if verb == 'v' && !f.Flag('#') {
		fmt.Fprint(f, base64.RawStdEncoding.EncodeToString(b))
		return
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), []byte(b))
}

// Text returns v in the JSON form of the data model, for logs and other output to people. It works even if v lost data
// when it was decoded. If v cannot be encoded, Text returns the error's text in "!(…)".
func Text(v Encodable) string {
	b, err := appendEncoded(nil, v, Encoder{json: true, incomplete: true})
	if err != nil {
		return "!(" + err.Error() + ")"
	}
	return string(b)
}
