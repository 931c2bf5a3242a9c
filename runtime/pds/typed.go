package pds

import (
	"context"
	"fmt"
	"iter"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Get reads one record of type T, as [Client.GetRecord] does. uri must be in T's collection. If the record does not
// follow T's lexicon, the error is a [*rec.Failure] with all issues.
//
//	entry, err := pds.Get[expression.Expression](ctx, client, uri)
func Get[T any, P lex.RecordPointer[T]](ctx context.Context, c *Client, uri syntax.ATURI) (*rec.Entry[T], error) {
	if err := checkCollection[T, P](uri); err != nil {
		return nil, err
	}
	e, err := c.GetRecord(ctx, uri, nil)
	if err != nil {
		return nil, err
	}
	return decode[T, P](e)
}

// List iterates over the records of T's collection, as [Client.ListRecords] does. For a record that does not follow
// T's lexicon, List yields a [*rec.Failure] with all issues, and the loop continues.
//
//	for entry, err := range pds.List[expression.Expression](ctx, client, "alice.example.com", nil) {
//		...
//	}
func List[T any, P lex.RecordPointer[T]](ctx context.Context, c *Client, actor syntax.AtIdentifier, options *ListOptions) iter.Seq2[*rec.Entry[T], error] {
	return recordPages(ctx, c, actor, P(new(T)).RecordType(), options, func(source rec.Source) *rec.Page[rec.Entry[T]] {
		return rec.NewRecordPage[T, P]("records", source)
	})
}

// Prove reads one record of type T with its proof, as [Client.GetRecordProof] does. uri must be in T's collection. If
// the record does not follow T's lexicon, the error is a [*rec.Failure] with all issues.
func Prove[T any, P lex.RecordPointer[T]](ctx context.Context, c *Client, uri syntax.ATURI) (*rec.Entry[T], error) {
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

// decode decodes the record in e, which has been verified. Its error is a [*rec.Failure].
func decode[T any, P lex.RecordPointer[T]](e rec.Envelope) (*rec.Entry[T], error) {
	value := new(T)
	if err := e.Decode(P(value)); err != nil {
		return nil, &rec.Failure{Envelope: e, Issues: issue.Of(err)}
	}
	return &rec.Entry[T]{URI: e.URI, CID: e.CID, Trust: e.Trust, Value: value}, nil
}
