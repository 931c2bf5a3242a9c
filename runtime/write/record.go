package write

import (
	"context"
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Account is the account whose repository is written. It makes calls with the account's credentials to the server
// that has the repository. A client of package auth is an Account.
type Account interface {
	lex.Caller
	DID() syntax.DID
}

// checkPDS calls the method CheckPDS of an account that has it, such as a client of package auth, to check that its
// calls go to the server that has the repository. It is called before any record is read, since the records of
// another server mean nothing.
func checkPDS(ctx context.Context, a Account) error {
	if a, can := a.(interface{ CheckPDS(context.Context) error }); can {
		return a.CheckPDS(ctx)
	}
	return nil
}

// Ref names a record and its content.
type Ref struct {
	URI syntax.ATURI
	// CID is the CID of the record in DAG-CBOR.
	CID cid.CID
}

// Lookup finds the lexicon's rules for the records of a collection, such as records.Lookup of the generated code.
type Lookup = func(syntax.NSID) (lex.RecordType, bool)

// DefaultMaxBytes is the default size of the largest request body, in bytes. The reference server accepts 150 KiB. A
// record must be a little smaller, since the body has other fields, too.
const DefaultMaxBytes = 150_000

// Untyped is a record without a Go type, such as one from a file or of a collection for which there is no generated
// type. Its $type is its collection.
type Untyped struct{ lex.Map }

// ParseRecord parses a record in the JSON form of the data model. The error is a [*lex.Error] that lists what is
// wrong with it. Whether the record follows its lexicon is checked when it is written.
func ParseRecord(data []byte) (*Untyped, error) {
	u := new(Untyped)
	if err := lex.DecodeJSON(data, u); err != nil {
		return nil, err
	}
	return u, nil
}

// RecordType returns the record's $type.
func (u *Untyped) RecordType() syntax.NSID {
	value, _ := u.Get("$type")
	text, _ := value.Text()
	return syntax.NSID(text)
}

// Action is what is done to a record.
type Action string

// The actions.
const (
	// ActionCreate creates a record that does not exist yet.
	ActionCreate Action = "create"
	// ActionUpdate replaces a record that exists.
	ActionUpdate Action = "update"
	// ActionPut creates a record or replaces the existing one.
	ActionPut Action = "put"
	// ActionDelete deletes a record if it exists.
	ActionDelete Action = "delete"
)

// points returns how many points the reference server counts for the action.
func (a Action) points() int {
	switch a {
	case ActionCreate:
		return 3
	case ActionDelete:
		return 1
	}
	return 2
}

// most returns the largest number of points that the action may count: a put may be a create.
func (a Action) most() int {
	if a == ActionPut {
		return ActionCreate.points()
	}
	return a.points()
}

// change is one write.
type change struct {
	action     Action
	collection syntax.NSID
	rkey       syntax.RecordKey
	uri        syntax.ATURI
	record     lex.Record // nil for ActionDelete
	cbor       []byte     // of the record
	cid        cid.CID

	// For a batch:

	op, line int    // from 1
	send     Action // the action to send; for a put, a create or an update
	size     int    // its size in a request, in bytes
	fresh    bool   // the journal made the key, so no other client has made this record
	sent     bool   // by this process
	done     bool
}

// fail returns err as an OpError of c.
func (c *change) fail(err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: c.op, Line: c.line, Action: c.action, URI: c.uri, Err: err}
}

// rules are the rules by which a change is checked.
type rules struct {
	did          syntax.DID
	lookup       Lookup
	allowUnknown bool
	validate     lex.Opt[bool]
	maxBytes     int
}

func newRules(a Account, lookup Lookup, allowUnknown bool, validate lex.Opt[bool], maxBytes int) *rules {
	if lookup == nil {
		lookup = func(syntax.NSID) (lex.RecordType, bool) { return lex.RecordType{}, false }
	}
	if maxBytes <= 0 {
		maxBytes = DefaultMaxBytes
	}
	return &rules{did: a.DID(), lookup: lookup, allowUnknown: allowUnknown, validate: validate, maxBytes: maxBytes}
}

// typeOf returns the record type of a collection. own makes a record of the caller's Go type; it is nil if the caller
// has no Go type for the collection.
func (r *rules) typeOf(collection syntax.NSID, own func() lex.Record) (lex.RecordType, error) {
	if t, ok := r.lookup(collection); ok {
		return t, nil
	}
	t := lex.RecordType{NSID: collection, Key: "any", New: own}
	if own == nil {
		if !r.allowUnknown {
			return t, fmt.Errorf("no lexicon is known for the collection %q", collection)
		}
		t.New = func() lex.Record { return new(Untyped) }
	}
	return t, nil
}

// literalKey returns the record key that the lexicon fixes, or "" if it fixes none.
func literalKey(t lex.RecordType) syntax.RecordKey {
	const literal = "literal:"
	if len(t.Key) > len(literal) && t.Key[:len(literal)] == literal {
		return syntax.RecordKey(t.Key[len(literal):])
	}
	return ""
}

// address sets the URI of c, without a record key if c has no valid one yet.
func (r *rules) address(c *change) error {
	if c.collection == "" {
		return errors.New("there is no collection: a record's is its $type")
	}
	rkey := c.rkey
	if !syntax.ValidRecordKey(string(rkey)) {
		rkey = ""
	}
	uri, err := syntax.NewATURI(syntax.AtIdentifier(r.did), c.collection, rkey)
	if err != nil {
		return err
	}
	c.uri = uri
	return nil
}

// encode checks the record of c, and sets the DAG-CBOR and the CID of c.
func (r *rules) encode(c *change, t lex.RecordType) error {
	cbor, err := lex.EncodeCBOR(c.record)
	if err != nil {
		return err
	}
	if c.record.RecordType() != c.collection {
		issue := lex.Issue{Path: "/$type", Rule: lex.RuleConst, Found: fmt.Sprintf("%q", c.record.RecordType()), Want: fmt.Sprintf("%q", c.collection)}
		return &lex.Error{Issues: []lex.Issue{issue}}
	}
	if err := lex.ValidateCBOR(cbor, t.New()); err != nil {
		return err
	}
	c.cbor, c.cid = cbor, cid.Of(cid.DagCBOR, cbor)
	return nil
}

// fits checks the size of a request's body.
func (r *rules) fits(body lex.Encodable) error {
	b, err := lex.EncodeJSON(body)
	if err != nil {
		return err
	}
	if len(b) > r.maxBytes {
		return tooLarge(len(b), r.maxBytes)
	}
	return nil
}

func tooLarge(n, limit int) error {
	return fmt.Errorf("%w: %d bytes of JSON are over the maximum of %d", ErrTooLarge, n, limit)
}

// single checks a write that is not part of a batch, except for its record key.
func (r *rules) single(c *change, own func() lex.Record) (lex.RecordType, error) {
	if !syntax.ValidDID(string(r.did)) {
		return lex.RecordType{}, fmt.Errorf("the account has no DID: %q", r.did)
	}
	if err := r.address(c); err != nil {
		return lex.RecordType{}, err
	}
	if _, ok := c.record.(*Untyped); ok {
		own = nil
	}
	t, err := r.typeOf(c.collection, own)
	if err != nil {
		return t, err
	}
	return t, r.encode(c, t)
}

var errNil = errors.New("the record is nil")
