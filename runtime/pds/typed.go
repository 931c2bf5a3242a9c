package pds

import (
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
		var d decoder[T, P]
		for v, err := range c.views(ctx, repo, P(new(T)).RecordType(), options) {
			var entry *lex.Entry[T]
			if err == nil {
				entry, err = d.view(v)
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

// decoder decodes and verifies records that came in JSON, one after the other.
type decoder[T any, P lex.RecordPointer[T]] struct{ block, cid []byte }

// view takes a short cut: a record that decodes without issues encodes to its own bytes, so that there is no
// need to make them from the JSON, which would be read twice. If anything is wrong it goes the long way, to
// find out what.
func (d *decoder[T, P]) view(v *lex.View) (*lex.Entry[T], error) {
	value := new(T)
	if lex.DecodeJSON(v.Value.Data, P(value)) == nil {
		var err error
		d.block, err = lex.AppendCBOR(d.block[:0], P(value))
		computed := lex.CIDOf(lex.CodecDagCBOR, d.block)
		d.cid, _ = computed.AppendText(d.cid[:0])
		if err == nil && string(d.cid) == v.CID {
			return &lex.Entry[T]{URI: syntax.ATURI(v.URI), CID: computed, Trust: lex.Hashed, Value: value}, nil
		}
	}
	e, err := envelope(v)
	if err != nil {
		return nil, err
	}
	return decode[T, P](e)
}
