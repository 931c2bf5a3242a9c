package write

import (
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/writing"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Client makes calls with the credentials of an account, to the server that has the account's repository. A client of
// package auth is a Client.
type Client interface {
	rpc.Caller
	// DID returns the DID of the account.
	DID() syntax.DID
}

// Ref names a record by its URI, and its content by its CID.
type Ref struct {
	URI syntax.ATURI
	// CID is the CID of the record in DAG-CBOR.
	CID cid.CID
}

// Lookup is a function that returns the lexicon's rules for the records of a collection, and whether it knows the
// collection. An example is records.Lookup of the generated code.
type Lookup = func(syntax.NSID) (lex.RecordDef, bool)

// Check is a function that returns what is probably wrong with a record that its lexicon allows. An example is
// check.Record of the package linguistics/check. The record has the Go type that Lookup knows for its collection, or
// else that of the caller.
type Check = func(record lex.Record) []issue.Issue

// DefaultMaxBytes is the default size of the largest request body, in bytes. The reference server accepts 150 KiB. A
// record must be a little smaller, since the body has other fields, too.
const DefaultMaxBytes = writing.DefaultMaxBytes

// Untyped is a record without a Go type, such as one from a file or of a collection for which there is no generated
// type. Its $type is its collection.
type Untyped struct{ lex.Map }

// ParseRecord parses a record in the JSON form of the data model. The error is a [*issue.Error] that lists what is
// wrong with it. Whether the record follows its lexicon is checked when it is written.
func ParseRecord(data []byte) (*Untyped, error) {
	u := new(Untyped)
	if err := lex.DecodeJSON(data, u); err != nil {
		return nil, err
	}
	return u, nil
}

// RecordType returns the record's $type, "" if it has none.
func (u *Untyped) RecordType() syntax.NSID {
	value, _ := u.Get("$type")
	text, _ := value.Text()
	return syntax.NSID(text)
}

// change is one write.
type change struct {
	writing.Change
	action string
}

// The values of change.action and [Error].Action.
const (
	create = "create"
	put    = "put"
	remove = "delete"
)

// fail returns err as an Error of c.
func (c *change) fail(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Action: c.action, URI: c.URI, Err: err}
}

// points returns how many write points the reference server counts for c.
func (c *change) points() int {
	switch c.action {
	case create:
		return writing.PointsCreate
	case remove:
		return writing.PointsDelete
	}
	return writing.PointsUpdate
}

// checks are the options of writes that say what is checked besides the lexicon.
type checks struct {
	allowUnknown bool
	check        Check
	warn         func([]issue.Issue)
}

// check checks c, except for its record key, encodes it, and returns the rules for its collection. own makes an empty
// record of the caller's Go type.
func check(r *writing.Rules, c *change, own func() lex.Record, opts checks) (lex.RecordDef, error) {
	if !syntax.ValidDID(string(r.DID)) {
		return lex.RecordDef{}, fmt.Errorf("the account has no valid DID: %q", r.DID)
	}
	if err := r.Address(&c.Change); err != nil {
		return lex.RecordDef{}, err
	}
	if _, ok := c.Record.(*Untyped); ok && !opts.allowUnknown {
		own = nil
	}
	t, err := r.TypeOf(c.Collection, own)
	if err != nil {
		return t, err
	}
	if err := r.Encode(&c.Change, t); err != nil {
		return t, err
	}
	warnings, err := c.Warnings(t, opts.check)
	switch {
	case err != nil || len(warnings) == 0:
		return t, err
	case opts.warn == nil:
		return t, &WarningError{warnings}
	}
	opts.warn(warnings)
	return t, nil
}

var errNil = errors.New("the record is nil")
