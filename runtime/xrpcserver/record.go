package xrpcserver

import (
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
)

// encodable is a pointer to a type that can be encoded.
type encodable[T any] interface {
	*T
	lex.Encodable
}

// Record returns an entry as the object {uri, cid, value} that queries for a record answer with.
func Record[T any, P encodable[T]](entry *rec.Entry[T]) lex.Encodable { return record[T, P]{entry} }

type record[T any, P encodable[T]] struct{ entry *rec.Entry[T] }

// EncodeLex writes the object. An entry without a CID has none.
func (r record[T, P]) EncodeLex(e *lex.Encoder) {
	o := e.Object(new(lex.Map))
	if r.entry.CID.Defined() {
		o.Key("cid").String(r.entry.CID.String())
	}
	o.Key("uri").String(string(r.entry.URI))
	P(r.entry.Value).EncodeLex(o.Key("value"))
	o.End()
}

// Records returns entries as a page of records: an object with the cursor, unless that is empty, and the array called key.
func Records[T any, P encodable[T]](entries []rec.Entry[T], cursor, key string) lex.Encodable {
	return records[T, P]{entries, cursor, key}
}

type records[T any, P encodable[T]] struct {
	entries     []rec.Entry[T]
	cursor, key string
}

// EncodeLex writes the object.
func (r records[T, P]) EncodeLex(e *lex.Encoder) {
	o := e.Object(new(lex.Map))
	list := func() {
		lex.EncodeArray(o.Key(r.key), r.entries, func(e *lex.Encoder, entry rec.Entry[T]) { record[T, P]{&entry}.EncodeLex(e) })
	}
	before := len(r.key) < len("cursor") || len(r.key) == len("cursor") && r.key < "cursor"
	if before {
		list()
	}
	if r.cursor != "" {
		o.Key("cursor").String(r.cursor)
	}
	if !before {
		list()
	}
	o.End()
}
