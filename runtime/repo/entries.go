package repo

import (
	"context"
	"iter"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Envelopes yields all records in the order of their paths, not decoded, each with data of its own. It
// checks what [Repo.Records] checks, and errors end the loop as there. It is what [lex.DecodeAll] takes.
func (r *Repo) Envelopes(ctx context.Context) iter.Seq2[lex.Envelope, error] {
	return func(yield func(lex.Envelope, error) bool) {
		for record, err := range r.Records(ctx) {
			if err != nil {
				yield(lex.Envelope{}, err)
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
// A record that does not decode is yielded as a [*lex.Failure] with a nil entry, and the loop goes on
// behind it. Any other error ends the loop. All of the archive is checked, as [Repo.Records] does, also what
// is not of the collection. Blocks are read and decoded by several goroutines at once, as in [Repo.Decode], whose options
// these are; nil stands for the zero value. With Reuse, an entry is valid until the loop's next turn.
func Entries[T any, P lex.RecordPointer[T]](ctx context.Context, r *Repo, options *DecodeOptions) iter.Seq2[*lex.Entry[T], error] {
	if options == nil {
		options = new(DecodeOptions)
	}
	known := lex.RecordType{NSID: P(new(T)).RecordType(), New: func() lex.Record { return P(new(T)) }}
	lookup := func(syntax.NSID) (lex.RecordType, bool) { return known, true }
	return func(yield func(*lex.Entry[T], error) bool) {
		var reused lex.Entry[T]
		for d, err := range r.decode(ctx, decoding{lookup: lookup, only: known.NSID}, options) {
			var entry *lex.Entry[T]
			switch {
			case err != nil:
			case d.Issues != nil:
				err = &lex.Failure{Envelope: d.Envelope(), Issues: d.Issues}
			case options.Reuse:
				reused = lex.Entry[T]{URI: d.URI(), CID: d.CID, Trust: r.Trust(), Value: d.Value.(P)}
				entry = &reused
			default:
				entry = &lex.Entry[T]{URI: d.URI(), CID: d.CID, Trust: r.Trust(), Value: d.Value.(P)}
			}
			if !yield(entry, err) {
				return
			}
		}
	}
}
