package lex

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/internal/input"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Record is implemented by the generated types of records.
type Record interface {
	Decodable
	Encodable
	// RecordType returns the NSID of the collection for such records, which is also their $type.
	RecordType() syntax.NSID
}

// RecordDef describes one def of type record in a lexicon.
type RecordDef struct {
	// NSID is the collection's name and the records' $type.
	NSID syntax.NSID
	// Key is the lexicon's rule for record keys: tid, nsid, any or literal:VALUE.
	Key string
	// New returns a new, empty record.
	New func() Record
}

// CheckKey returns an error if key is not a record key that the lexicon allows.
func (t RecordDef) CheckKey(key syntax.RecordKey) error {
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
		return fmt.Errorf("lex: record key %s in %s is not %s", excerpt(string(key)), t.NSID, quote.Article(t.Key))
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

// RecordPointer is the constraint for a pointer to T, where T is a generated record type. Go infers it from T.
type RecordPointer[T any] interface {
	*T
	Record
}

// Validate checks a value that was built in Go, and returns every issue in an [*issue.Error]. It checks what decoding checks,
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
	return Decode(context.Background(), b, P(new(T)), DecodeOptions{Share: true, purpose: input.Validating})
}

// ValidateCBOR checks a value in DAG-CBOR that is about to be sent to a server. It decodes the value into v, which
// should be a zero value. It checks what [Validate] checks, and that integers have at most 53 bits, because the
// reference server fails on larger ones: https://atproto.com/specs/data-model.
func ValidateCBOR(b []byte, v Decodable) error {
	return Decode(context.Background(), b, v, DecodeOptions{Share: true, purpose: input.Sending})
}

// ValidateRecord is [Validate] for a record whose Go type the caller does not know; t describes records of its type.
func ValidateRecord(t RecordDef, v Record) error {
	b, err := appendEncoded(nil, v, Encoder{incomplete: true})
	if err != nil {
		return err
	}
	return Decode(context.Background(), b, t.New(), DecodeOptions{Share: true, purpose: input.Validating})
}

var encoders = sync.Pool{New: func() any { return new(Encoder) }}
