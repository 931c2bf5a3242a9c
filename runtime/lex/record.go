package lex

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Record is implemented by the generated types of records.
type Record interface {
	Decodable
	Encodable
	// RecordType returns the NSID of the collection for such records, which is also their $type.
	RecordType() syntax.NSID
}

// RecordType describes one record type.
type RecordType struct {
	// NSID is the collection's name and the records' $type.
	NSID syntax.NSID
	// Key is the lexicon's rule for record keys: tid, nsid, any or literal:VALUE.
	Key string
	// New returns a new, empty record.
	New func() Record
}

// CheckKey returns an error if key is not a record key that the type's lexicon allows.
func (t RecordType) CheckKey(key syntax.RecordKey) error {
	ok := syntax.ValidRecordKey(string(key))
	literal, isLiteral := strings.CutPrefix(t.Key, "literal:")
	switch {
	case isLiteral:
		ok = ok && string(key) == literal
	case t.Key == "tid":
		ok = syntax.ValidTID(string(key))
	case t.Key == "nsid":
		ok = syntax.ValidNSID(string(key))
	}
	if !ok {
		return fmt.Errorf("lex: record key %s in %s is not %s", excerpt(string(key)), t.NSID, article(t.Key))
	}
	return nil
}

// Encoding is an encoding of values: DAG-CBOR or JSON.
type Encoding uint8

// The encodings of the data model.
const (
	CBOR Encoding = iota
	JSON
)

// Trust says how far a record was verified. Higher levels mean more trust.
type Trust uint8

// The levels of trust.
const (
	// Claimed means that the record came from a server other than the repository's, such as an appview.
	Claimed Trust = iota
	// Served means that the record came from the repository's server.
	Served
	// Hashed means that the bytes of the record match its CID.
	Hashed
	// Signed means that the record is in a tree whose root the repository's owner signed.
	Signed
	// Chained means Signed, and that the signed commit follows the last one seen.
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
	// CID is that of the record's DAG-CBOR.
	CID cid.CID
	// Data is the record in the encoding that Encoding names.
	Data     []byte
	Encoding Encoding
	// Trust says how far Data was verified.
	Trust Trust
}

// Decode decodes the record into v, as [DecodeCBOR] or [DecodeJSON] does.
func (e *Envelope) Decode(v Decodable) error {
	if e.Encoding == JSON {
		return DecodeJSON(e.Data, v)
	}
	return DecodeCBOR(e.Data, v)
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
	Issues []Issue
}

// Error returns the record's URI, its first three issues and how many more there are.
func (f *Failure) Error() string {
	return cmp.Or(string(f.URI), "item without a URI") + ": " + firstIssues(f.Issues)
}

// Account counts records by what became of them. Expected is the sum of the other counts.
type Account struct {
	Expected, Decoded, Failed, Skipped int
}

// Add adds the counts of b to a.
func (a *Account) Add(b Account) {
	a.Expected += b.Expected
	a.Decoded += b.Decoded
	a.Failed += b.Failed
	a.Skipped += b.Skipped
}

// Batch is the result of [DecodeAll] for a sequence of records.
type Batch[T any] struct {
	// Entries are the records that were decoded without issues, in the order of the sequence.
	Entries []Entry[T]
	// Failures are the records with issues.
	Failures []Failure
	// Skipped are the records of other collections.
	Skipped []Envelope
	// Account counts all of them.
	Account Account
}

// RecordPointer is the constraint for a pointer to T, where T is a generated record type. Go infers it from T.
type RecordPointer[T any] interface {
	*T
	Record
}

// DecodeAll decodes every record of envelopes that is in T's collection. It loses none: each record becomes an
// entry, a failure or is skipped, and a [*Failure] in the sequence becomes a failure. DecodeAll returns any other error
// of the sequence, and that of ctx, with a batch of the records before it.
func DecodeAll[T any, P RecordPointer[T]](ctx context.Context, envelopes iter.Seq2[Envelope, error]) (*Batch[T], error) {
	batch := new(Batch[T])
	collection := P(new(T)).RecordType()
	for envelope, err := range envelopes {
		failure, failed := err.(*Failure)
		if err == nil || failed {
			err = ctx.Err()
		}
		if err != nil {
			return batch, err
		}
		batch.Account.Expected++
		if failed {
			batch.Failures = append(batch.Failures, *failure)
			batch.Account.Failed++
			continue
		}
		if envelope.URI.Collection() != collection {
			batch.Skipped = append(batch.Skipped, envelope)
			batch.Account.Skipped++
			continue
		}
		value := new(T)
		err = Decode(ctx, envelope.Data, P(value), DecodeOptions{Encoding: envelope.Encoding})
		if _, wrong := err.(*Error); err != nil && !wrong {
			batch.Account.Expected--
			return batch, err
		}
		if err != nil {
			batch.Failures = append(batch.Failures, Failure{envelope, IssuesOf(err)})
			batch.Account.Failed++
			continue
		}
		batch.Entries = append(batch.Entries, Entry[T]{envelope.URI, envelope.CID, envelope.Trust, value})
		batch.Account.Decoded++
	}
	return batch, nil
}

// IssuesOf returns the issues of an [*Error], or nil if err is nil. It returns any other error as one issue of
// [RuleSyntax].
func IssuesOf(err error) []Issue {
	switch err := err.(type) {
	case nil:
		return nil
	case *Error:
		return err.Issues
	}
	return []Issue{{Rule: RuleSyntax, Want: err.Error()}}
}

// Validate checks a value that was built in Go, and returns every issue in an [*Error]. It checks what decoding checks,
// and that no blob is empty: records with an empty blob can be read, but must not be written. It works by
// encoding and decoding the value, which it does not change.
func Validate[T any, P interface {
	*T
	Decodable
	Encodable
}](v P) error {
	b, err := appendEncoded(nil, v, Encoder{incomplete: true})
	if err != nil {
		return err
	}
	return Decode(context.Background(), b, P(new(T)), DecodeOptions{Share: true, purpose: validating})
}

// ValidateCBOR checks a value in DAG-CBOR that is about to be sent to a server. It decodes the value into v, which
// should be a zero value. It checks what [Validate] checks, and that integers have at most 53 bits, because the
// reference server fails on larger ones: https://atproto.com/specs/data-model.
func ValidateCBOR(b []byte, v Decodable) error {
	return Decode(context.Background(), b, v, DecodeOptions{Share: true, purpose: sending})
}

// ValidateRecord is [Validate] for a record of type t of which the caller has only the interface.
func ValidateRecord(t RecordType, v Record) error {
	b, err := appendEncoded(nil, v, Encoder{incomplete: true})
	if err != nil {
		return err
	}
	return Decode(context.Background(), b, t.New(), DecodeOptions{Share: true, purpose: validating})
}

var encoders = sync.Pool{New: func() any { return new(Encoder) }}
