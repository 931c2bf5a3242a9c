// Package writing has what single writes (package write) and batches (package batch) share: checking and encoding a
// record, reading the record that the server has, comparing the two, and saying what the error of a call means for
// whether the write was carried out.
package writing

import (
	"context"
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/limit"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Package write exports these errors.
var (
	// ErrCIDMismatch says that a record does not have the expected CID.
	ErrCIDMismatch = errors.New("CID mismatch: the server stored something else")
	// ErrTooLarge says that the body of a request is over its limit. It wraps limit.ErrTooLarge.
	ErrTooLarge = fmt.Errorf("%w", limit.ErrTooLarge)
)

// DefaultMaxBytes is the default limit of a request body, in bytes of JSON.
const DefaultMaxBytes = 150_000

// The points that the reference server counts for each kind of write towards an account's rate limit.
const (
	PointsCreate = 3
	PointsUpdate = 2
	PointsDelete = 1
)

// Client is an account whose records are written: it sends calls as the account with the DID that its method DID
// returns. Package write exports it.
type Client interface {
	rpc.Caller
	DID() syntax.DID
}

// CheckPDS calls the method CheckPDS of an account that has it, such as a client of package auth, to check that its
// calls go to the server that has the repository. It is called before any record is read, since the records of
// another server mean nothing.
func CheckPDS(ctx context.Context, a Client) error {
	if a, can := a.(interface{ CheckPDS(context.Context) error }); can {
		return a.CheckPDS(ctx)
	}
	return nil
}

// Change is one record to be written or deleted, and what was computed from it.
type Change struct {
	Collection syntax.NSID
	RecordKey  syntax.RecordKey
	URI        syntax.ATURI
	Record     lex.Record // nil for a delete
	CBOR       []byte     // of the record
	CID        cid.CID
}

// Rules are the rules by which the changes of one account are checked.
type Rules struct {
	DID      syntax.DID                              // of the account
	Lookup   func(syntax.NSID) (lex.RecordDef, bool) // returns the record type of a collection, if it is known
	Validate lex.Opt[bool]                           // whether the server checks records; unset, as it decides
	MaxBytes int                                     // the limit of a request body, in bytes of JSON
}

// NewRules returns the rules for the records of the account a. A nil lookup knows no collection, and a maxBytes of 0
// means [DefaultMaxBytes].
func NewRules(a Client, lookup func(syntax.NSID) (lex.RecordDef, bool), validate lex.Opt[bool], maxBytes int) *Rules {
	if lookup == nil {
		lookup = func(syntax.NSID) (lex.RecordDef, bool) { return lex.RecordDef{}, false }
	}
	if maxBytes <= 0 {
		maxBytes = DefaultMaxBytes
	}
	return &Rules{DID: a.DID(), Lookup: lookup, Validate: validate, MaxBytes: maxBytes}
}

// TypeOf returns the record type of a collection. If Lookup does not know the collection, the type has any record key,
// and own makes its records; if own is nil, TypeOf returns an error.
func (r *Rules) TypeOf(collection syntax.NSID, own func() lex.Record) (lex.RecordDef, error) {
	if t, ok := r.Lookup(collection); ok {
		return t, nil
	}
	t := lex.RecordDef{NSID: collection, Key: "any", New: own}
	if own == nil {
		return t, fmt.Errorf("no lexicon is known for the collection %s", quote.Text(collection, 317))
	}
	return t, nil
}

// LiteralKey returns the only record key that the lexicon allows, or "" if it allows several.
func LiteralKey(t lex.RecordDef) syntax.RecordKey {
	const literal = "literal:"
	if len(t.Key) > len(literal) && t.Key[:len(literal)] == literal {
		return syntax.RecordKey(t.Key[len(literal):])
	}
	return ""
}

// Address sets the URI of c, without a record key if c has no valid one yet. It returns an error if c has no valid
// collection.
func (r *Rules) Address(c *Change) error {
	if c.Collection == "" {
		return errors.New("no collection: neither the operation nor the record's $type names one")
	}
	rkey := c.RecordKey
	if !syntax.ValidRecordKey(string(rkey)) {
		rkey = ""
	}
	uri, err := syntax.NewATURI(syntax.AtIdentifier(r.DID), c.Collection, rkey)
	if err != nil {
		return err
	}
	c.URI = uri
	return nil
}

// Encode checks the record of c, whose type is t, and sets the fields CBOR and CID of c. The error is an [*issue.Error]
// if the record is not valid, or one of [lex.EncodeCBOR].
func (r *Rules) Encode(c *Change, t lex.RecordDef) error {
	cbor, err := lex.EncodeCBOR(c.Record)
	if err != nil {
		return err
	}
	if c.Record.RecordType() != c.Collection {
		problem := issue.Issue{Path: "/$type", Rule: issue.RuleConst, Found: fmt.Sprintf("%q", c.Record.RecordType()), Want: fmt.Sprintf("%q", c.Collection)}
		return &issue.Error{Issues: []issue.Issue{problem}}
	}
	if err := lex.ValidateCBOR(cbor, t.New()); err != nil {
		return err
	}
	c.CBOR, c.CID = cbor, cid.Of(cid.DagCBOR, cbor)
	return nil
}

// Warnings returns the issues that check finds in the record of c, whose type is t and which Encode has accepted. If
// check is nil, there are none.
func (c *Change) Warnings(t lex.RecordDef, check func(lex.Record) []issue.Issue) ([]issue.Issue, error) {
	if check == nil {
		return nil, nil
	}
	value := t.New()
	if err := lex.DecodeCBOR(c.CBOR, value); err != nil {
		return nil, err
	}
	return check(value), nil
}

// Fits returns an error that wraps [ErrTooLarge] if a request's body has more than MaxBytes bytes.
func (r *Rules) Fits(body lex.Encodable) error {
	b, err := lex.EncodeJSON(body)
	if err != nil {
		return err
	}
	if len(b) > r.MaxBytes {
		return TooLarge(len(b), r.MaxBytes)
	}
	return nil
}

// TooLarge returns an error that wraps [ErrTooLarge] and says that a request's body has n bytes.
func TooLarge(n, limit int) error {
	return fmt.Errorf("%w: %d bytes of JSON, limit %d", ErrTooLarge, n, limit)
}

// NewKey returns a key for a new record: the only one that the lexicon allows, or a TID of clock. If clock is nil, it
// uses a new clock.
func NewKey(t lex.RecordDef, clock *syntax.TIDClock) syntax.RecordKey {
	if key := LiteralKey(t); key != "" {
		return key
	}
	if clock == nil {
		clock = syntax.NewTIDClock()
	}
	return syntax.RecordKey(clock.Next())
}
