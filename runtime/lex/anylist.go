package lex

// AnyList reads a JSON object that has one array, in a field of any name, such as the response of a query for a list.
// It calls array to read the array, and cursor to read the field "cursor", if there is one. Other fields are skipped
// unchecked. AnyList reports an object with a second array, and one without an array unless one of its fields is null.
func (d *Decoder) AnyList(cursor, array func()) {
	d.r.AnyList(cursor, array)
}

// DecodeFunc makes a [Decodable] of a function that reads one value from d.
type DecodeFunc func(d *Decoder)

// DecodeLex calls f.
func (f DecodeFunc) DecodeLex(d *Decoder) { f(d) }
