package repo

import (
	"context"
	"iter"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Envelopes yields all records in the order of their paths, not decoded, each with a copy of its data. It
// checks what [Repo.Records] checks, and the same errors end the loop. [rec.DecodeAll] takes such a sequence.
func (r *Repo) Envelopes(ctx context.Context) iter.Seq2[rec.Envelope, error] {
	return func(yield func(rec.Envelope, error) bool) {
		for record, err := range r.Records(ctx) {
			if err != nil {
				yield(rec.Envelope{}, err)
				return
			}
			d := Decoded{Record: record, repo: r}
			if !yield(d.Envelope(), nil) {
				return
			}
		}
	}
}

// Entries yields the records of r that are in T's collection, decoded, in the order of their record keys:
//
//	for entry, err := range repo.Entries[expression.Expression](ctx, r, nil) {
//
// For a record with issues, it yields a [*rec.Failure] and a nil entry, and the loop continues with the next
// record. Any other error ends the loop. Entries checks the whole archive, as [Repo.Records] does, including the
// other collections. Several goroutines read and decode blocks, as in [Repo.Decode], with the same options;
// nil means the zero value. With Reuse, an entry is valid until the loop's next turn.
func Entries[T any, P lex.RecordPointer[T]](ctx context.Context, r *Repo, options *DecodeOptions) iter.Seq2[*rec.Entry[T], error] {
	if options == nil {
		options = new(DecodeOptions)
	}
	known := lex.RecordDef{NSID: P(new(T)).RecordType(), New: func() lex.Record { return P(new(T)) }}
	lookup := func(syntax.NSID) (lex.RecordDef, bool) { return known, true }
	return func(yield func(*rec.Entry[T], error) bool) {
		var reused rec.Entry[T]
		for d, err := range r.decode(ctx, decoding{lookup: lookup, only: known.NSID}, options) {
			var entry *rec.Entry[T]
			switch {
			case err != nil:
			case d.Outcome() == rec.Failed:
				err = &rec.Failure{Envelope: d.Envelope(), Issues: d.Issues}
			case options.Reuse:
				reused = rec.Entry[T]{URI: d.URI(), CID: d.CID, Trust: r.Trust(), Value: d.Value.(P)}
				entry = &reused
			default:
				entry = &rec.Entry[T]{URI: d.URI(), CID: d.CID, Trust: r.Trust(), Value: d.Value.(P)}
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}
