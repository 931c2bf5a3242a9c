package lex

import (
	"unsafe"

	"github.com/layers-pub/layers-go/runtime/internal/decode"
)

// Fields is the table of an object type's fields, in canonical order: shorter names first, then by
// bytes. Generated code makes one per type and passes it to [Decoder.Object]; [Decoder.Next] returns positions in it.
// It is immutable.
type Fields struct{ table decode.Table }

// NewFields makes a table from field names, which must be in canonical order. A name that ends in "!" is that of a
// required field; all others are optional. A name may also end in "?", which marks an optional field explicitly, so
// that names that themselves end in a mark can be written. The mark is not part of the name.
func NewFields(names ...string) *Fields { return &Fields{decode.NewTable(names...)} }

// Cursor is the place in one object that is being decoded. The zero Cursor is ready for [Decoder.Object].
type Cursor struct{ cursor decode.Cursor }

// Object starts reading the next object, whose fields are listed in f. Unknown fields are stored in extra; if extra is
// nil, they are skipped unchecked.
// If the next value is not an object, Object reports that, and the first call of [Decoder.Next] ends the object.
func (d *Decoder) Object(c *Cursor, f *Fields, extra *Map) {
	d.r.Object(&c.cursor, &f.table, (**decode.Extra)(unsafe.Pointer(extra))) // a Map has no other field
}

// Next moves to the object's next field that is in its table and returns the field's number. The caller
// must decode the field's value before it calls Next again. At the end of the object, Next reports the required fields
// that are missing and returns a negative number.
func (d *Decoder) Next(c *Cursor) int { return d.r.Next(&c.cursor) }
