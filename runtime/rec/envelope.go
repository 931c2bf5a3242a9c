package rec

import (
	"cmp"
	"context"
	"fmt"
	"iter"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Trust says how far a record was verified. Higher levels mean more trust.
type Trust uint8

// The levels of trust.
const (
	// Claimed means that the record came from a server other than the repository's, such as an appview.
	Claimed Trust = iota
	// Served means that the record came from the repository's server, or from a source that follows its stream.
	Served
	// Hashed means that the bytes of the record match its CID. Nothing proves that the repository has the record.
	Hashed
	// Signed means that the record is in a tree whose root the repository's owner signed, or for a deletion, that this
	// tree does not have the path. Nothing proves that there is no later commit, or that nothing was missed before. For
	// a change from a stream it means more: undoing the commit's operations leads from the signed tree to the previous
	// tree that the source states, so the source neither left out nor made up an operation, unless it lies about the
	// previous tree.
	Signed
	// Chained means Signed, and that the commit follows the state that the reader knew: its previous tree and revision
	// are those of the known state. Since the reader knew a verified state, no change of the repository was missed.
	Chained
)

// String returns the level's name in lower case.
func (t Trust) String() string {
	names := [...]string{"claimed", "served", "hashed", "signed", "chained"}
	if int(t) < len(names) {
		return names[t]
	}
	return fmt.Sprintf("Trust(%d)", uint8(t))
}

// Envelope is a record as it was received, not decoded yet.
type Envelope struct {
	URI syntax.ATURI
	// CID is the CID of the record in DAG-CBOR.
	CID cid.CID
	// Data is the record in the encoding that Encoding names.
	Data     []byte
	Encoding lex.Encoding
	// Trust says how far Data was verified.
	Trust Trust
}

// Decode decodes the record into v, as [lex.DecodeCBOR] or [lex.DecodeJSON] does.
func (e *Envelope) Decode(v lex.Decodable) error {
	if e.Encoding == lex.JSON {
		return lex.DecodeJSON(e.Data, v)
	}
	return lex.DecodeCBOR(e.Data, v)
}

// String returns the URI and the record as JSON, or in hexadecimal if it is not valid DAG-CBOR.
func (e Envelope) String() string {
	return string(e.URI) + " " + lex.Raw{Data: e.Data, Encoding: e.Encoding}.String()
}

// Entry is a record that was decoded without issues, with its URI, CID and level of trust.
type Entry[T any] struct {
	URI   syntax.ATURI
	CID   cid.CID
	Trust Trust
	Value *T
}

// Failure is a record that has issues. The envelope keeps its bytes, so that it can be shown, saved,
// and decoded again with a newer lexicon.
//
// As an error in a sequence of records, a *Failure is about one record, and the sequence continues after it.
// Any other error ends the sequence.
type Failure struct {
	Envelope
	// Issues lists everything that is wrong with the record.
	Issues []issue.Issue
}

// Error returns the record's URI, its first three issues and how many more there are.
func (f *Failure) Error() string {
	return cmp.Or(string(f.URI), "item without a URI") + ": " + issue.Summary(f.Issues)
}

// Counts are the numbers of records with each outcome. Expected is the sum of the other counts.
type Counts struct {
	Expected, Decoded, Failed, Skipped int
}

// Add adds the counts of other to c.
func (c *Counts) Add(other Counts) {
	c.Expected += other.Expected
	c.Decoded += other.Decoded
	c.Failed += other.Failed
	c.Skipped += other.Skipped
}

// Outcome says whether one record was decoded.
type Outcome uint8

// The outcomes of decoding a record.
const (
	Decoded Outcome = iota // without issues
	Failed                 // with issues
	Skipped                // not decoded: its collection is unknown, or is not the wanted one
)

// OutcomeOf returns the outcome of a record: it failed if it has issues. Without issues, it was decoded or, if decoded
// is false, skipped.
func OutcomeOf(decoded bool, issues []issue.Issue) Outcome {
	switch {
	case issues != nil:
		return Failed
	case decoded:
		return Decoded
	}
	return Skipped
}

// Count counts one record.
func (c *Counts) Count(o Outcome) {
	c.Expected++
	switch o {
	case Decoded:
		c.Decoded++
	case Failed:
		c.Failed++
	case Skipped:
		c.Skipped++
	}
}

// Ends reports whether err, which came with an item of a sequence of records, ends the sequence. Every error does, except
// a [*Failure], which is about one record.
func Ends(err error) bool {
	_, failed := err.(*Failure)
	return err != nil && !failed
}

// Batch is the result of [DecodeAll] for a sequence of records.
type Batch[T any] struct {
	// Entries are the records that were decoded without issues, in the order of the sequence.
	Entries []Entry[T]
	// Failures are the records with issues.
	Failures []Failure
	// Skipped are the records of other collections.
	Skipped []Envelope
	// Counts are the numbers of entries, failures and skipped records.
	Counts Counts
}

// DecodeAll decodes every record of envelopes that is in T's collection. It loses none: each record becomes an
// entry, a failure or is skipped, and a [*Failure] in the sequence becomes a failure. DecodeAll returns any other error
// of the sequence, and that of ctx, with a batch of the records before it.
func DecodeAll[T any, P lex.RecordPointer[T]](ctx context.Context, envelopes iter.Seq2[Envelope, error]) (*Batch[T], error) {
	batch := new(Batch[T])
	collection := P(new(T)).RecordType()
	for envelope, err := range envelopes {
		if Ends(err) {
			return batch, err
		}
		if ended := ctx.Err(); ended != nil {
			return batch, ended
		}
		if failure, ok := err.(*Failure); ok {
			batch.Failures = append(batch.Failures, *failure)
			batch.Counts.Count(Failed)
			continue
		}
		if envelope.URI.Collection() != collection {
			batch.Skipped = append(batch.Skipped, envelope)
			batch.Counts.Count(Skipped)
			continue
		}
		value := new(T)
		err = lex.Decode(ctx, envelope.Data, P(value), lex.DecodeOptions{Encoding: envelope.Encoding})
		if _, wrong := err.(*issue.Error); err != nil && !wrong {
			return batch, err
		}
		if err != nil {
			batch.Failures = append(batch.Failures, Failure{envelope, issue.Of(err)})
			batch.Counts.Count(Failed)
			continue
		}
		batch.Entries = append(batch.Entries, Entry[T]{envelope.URI, envelope.CID, envelope.Trust, value})
		batch.Counts.Count(Decoded)
	}
	return batch, nil
}
