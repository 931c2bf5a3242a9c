package pds

import (
	"bytes"
	"context"
	"fmt"
	"iter"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Get reads one record of type T, as [Client.GetRecord] does. uri must be in T's collection. A record that
// is not what T's lexicon asks for is a [*lex.Failure] with all issues.
//
//	entry, err := pds.Get[expression.Expression](ctx, client, uri)
func Get[T any, P lex.RecordPointer[T]](ctx context.Context, c *Client, uri syntax.ATURI) (*lex.Entry[T], error) {
	if err := checkCollection[T, P](uri); err != nil {
		return nil, err
	}
	e, err := c.GetRecord(ctx, uri, nil)
	if err != nil {
		return nil, err
	}
	return decode[T, P](e)
}

// List goes through the records of T's collection, as [Client.ListRecords] does. A record that is not what
// T's lexicon asks for is a [*lex.Failure] with all issues, behind which the loop goes on.
//
//	for entry, err := range pds.List[expression.Expression](ctx, client, "alice.example.com", nil) {
func List[T any, P lex.RecordPointer[T]](ctx context.Context, c *Client, repo syntax.AtIdentifier, options *ListOptions) iter.Seq2[*lex.Entry[T], error] {
	return func(yield func(*lex.Entry[T], error) bool) {
		var block, cid []byte
		read := func(d *lex.Decoder) []typedView[T, P] {
			return lex.DecodeArray(d, 0, lex.NoLimit, func(d *lex.Decoder) (v typedView[T, P]) {
				block, cid = v.read(d, block, cid)
				return v
			})
		}
		for v, err := range views(ctx, c, repo, P(new(T)).RecordType(), options, read, func(v *typedView[T, P]) string { return v.URI }) {
			var entry *lex.Entry[T]
			if err == nil {
				entry, err = v.entry()
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}

// Prove reads one record of type T with its proof, as [Client.GetRecordProof] does. uri must be in T's
// collection. A record that is not what T's lexicon asks for is a [*lex.Failure] with all issues.
func Prove[T any, P lex.RecordPointer[T]](ctx context.Context, c *Client, uri syntax.ATURI) (*lex.Entry[T], error) {
	if err := checkCollection[T, P](uri); err != nil {
		return nil, err
	}
	proof, err := c.GetRecordProof(ctx, uri)
	if err != nil {
		return nil, err
	}
	return decode[T, P](proof.Envelope())
}

func checkCollection[T any, P lex.RecordPointer[T]](uri syntax.ATURI) error {
	if want := P(new(T)).RecordType(); uri.Collection() != want {
		return fmt.Errorf("pds: %s is not in the collection %s", uri, want)
	}
	return nil
}

// decode decodes a record that was verified.
func decode[T any, P lex.RecordPointer[T]](e lex.Envelope) (*lex.Entry[T], error) {
	value := new(T)
	if err := e.Decode(P(value)); err != nil {
		return nil, &lex.Failure{Envelope: e, Issues: lex.IssuesOf(err)}
	}
	return &lex.Entry[T]{URI: e.URI, CID: e.CID, Trust: e.Trust, Value: value}, nil
}

// typedView is a record in a list. When it is what T's lexicon asks for, and its bytes are those of its CID, it has been
// decoded; otherwise its View has the value as it came, to find out what is wrong.
type typedView[T any, P lex.RecordPointer[T]] struct {
	lex.View
	cid   lex.CID
	value *T
}

var viewFields = lex.NewFields("cid", "uri", "value")

// read reads the record from d in one go: one that decodes without issues encodes to its own bytes, whose hash is to be
// that of the CID. It returns the buffers that it was given.
func (v *typedView[T, P]) read(d *lex.Decoder, block, cid []byte) ([]byte, []byte) {
	if d.Null() {
		return block, cid
	}
	var c lex.Cursor
	d.Object(&c, viewFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			v.CID = text(d)
		case 1:
			v.URI = text(d)
		case 2:
			value := new(T)
			raw, ok := d.Try(P(value))
			if ok {
				var err error
				block, err = lex.AppendCBOR(block[:0], P(value))
				v.cid = lex.CIDOf(lex.CodecDagCBOR, block)
				if cid, _ = v.cid.AppendText(cid[:0]); err == nil && string(cid) == v.CID {
					v.value = value
					continue
				}
			}
			v.Value = lex.Raw{Data: bytes.Clone(raw.Data), Encoding: raw.Encoding}
		default:
			return block, cid
		}
	}
}

// entry returns the record, or what is wrong with it.
func (v *typedView[T, P]) entry() (*lex.Entry[T], error) {
	if v.value != nil {
		return &lex.Entry[T]{URI: syntax.ATURI(v.URI), CID: v.cid, Trust: lex.Hashed, Value: v.value}, nil
	}
	e, err := envelope(&v.View)
	if err != nil {
		return nil, err
	}
	return decode[T, P](e)
}
