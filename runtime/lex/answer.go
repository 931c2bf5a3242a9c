package lex

// Answer returns a [Decodable] that decodes a server's JSON answer into v leniently, because servers differ in what
// they send. fields are the names of the fields that the caller reads, of v and of the objects within it:
//
//   - A field that the caller does not read is skipped, whatever its value.
//   - A field whose name in fields ends in "?" is optional, even if the lexicon requires it.
//   - An optional field counts as absent when it is null or malformed: it has another type, it does not have its string
//     format (an empty string in place of a handle, say), or it is an object or a list with something malformed in it.
//   - Null stands for an empty list.
//
// Anything else is an issue, as usual: a field that the lexicon requires and the caller reads must be present. Fields
// that the lexicon does not name are discarded. A value of type [Map] or [Blob] is decoded strictly. In DAG-CBOR, v is
// decoded as if Answer had not been called.
func Answer(v Decodable, fields ...string) Decodable {
	if fields == nil {
		fields = []string{} // none are read
	}
	return &answer{v, fields}
}

type answer struct {
	value  Decodable
	fields []string
}

// DecodeLex reads the value leniently, as [Answer] describes.
func (a *answer) DecodeLex(d *Decoder) {
	outer := d.r.Reads
	if d.r.JSON {
		d.r.Reads = a.fields
	}
	a.value.DecodeLex(d)
	d.r.Reads, d.r.Optional = outer, false
}
