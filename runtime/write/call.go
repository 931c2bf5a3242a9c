package write

import (
	"context"
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The methods of com.atproto.repo, without clients that a generator makes: their lexicons are not ours, and two
// of their inputs hold what no generator can type, a record beside its key.
const (
	nsidCreate = "com.atproto.repo.createRecord"
	nsidPut    = "com.atproto.repo.putRecord"
	nsidDelete = "com.atproto.repo.deleteRecord"
	nsidApply  = "com.atproto.repo.applyWrites"
	nsidGet    = "com.atproto.repo.getRecord"
)

// longestText is the longest URI or CID that an answer may hold: an at-uri has no more.
const longestText = 8192

// recordInput is the input of the methods that write one record. Fields come in canonical order.
type recordInput struct {
	repo     syntax.DID
	change   *change
	swap     lex.Nullable[lex.CID]
	validate lex.Opt[bool]
}

// EncodeLex writes the input to e.
func (in *recordInput) EncodeLex(e *lex.Encoder) {
	o := e.Object(new(lex.Map))
	o.Key("repo").String(string(in.repo))
	o.Key("rkey").String(string(in.change.rkey))
	if in.change.record != nil {
		in.change.record.EncodeLex(o.Key("record"))
	}
	if validate, ok := in.validate.Get(); ok && in.change.record != nil {
		o.Key("validate").Bool(validate)
	}
	o.Key("collection").String(string(in.change.collection))
	if !in.swap.IsAbsent() {
		lex.EncodeNullable(o.Key("swapRecord"), in.swap, func(e *lex.Encoder, cid lex.CID) { e.String(cid.String()) })
	}
	o.End()
}

// batchInput is the input of applyWrites.
type batchInput struct {
	repo     syntax.DID
	changes  []*change
	validate lex.Opt[bool]
}

// EncodeLex writes the input to e.
func (in *batchInput) EncodeLex(e *lex.Encoder) {
	o := e.Object(new(lex.Map))
	o.Key("repo").String(string(in.repo))
	lex.EncodeArray(o.Key("writes"), in.changes, func(e *lex.Encoder, c *change) { c.EncodeLex(e) })
	if validate, ok := in.validate.Get(); ok {
		o.Key("validate").Bool(validate)
	}
	o.End()
}

// EncodeLex writes c as one of the writes of applyWrites to e.
func (c *change) EncodeLex(e *lex.Encoder) {
	o := e.Object(new(lex.Map))
	o.Key("rkey").String(string(c.rkey))
	o.Key("$type").String(nsidApply + "#" + string(c.send))
	if c.record != nil {
		c.record.EncodeLex(o.Key("value"))
	}
	o.Key("collection").String(string(c.collection))
	o.End()
}

var (
	answerFields  = lex.NewFields("cid!", "uri!")
	resultFields  = lex.NewFields("cid", "uri")
	resultsFields = lex.NewFields("results")
	deletedFields = lex.NewFields("commit")
	storedFields  = lex.NewFields("cid", "uri", "value")
)

// answer is where the server says it put a record.
type answer struct{ uri, cid string }

// DecodeLex reads the answer of createRecord or putRecord from d.
func (a *answer) DecodeLex(d *lex.Decoder) { a.decode(d, answerFields) }

func (a *answer) decode(d *lex.Decoder, fields *lex.Fields) {
	var c lex.Cursor
	d.Object(&c, fields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			a.cid = d.String(0, longestText)
		case 1:
			a.uri = d.String(0, longestText)
		default:
			return
		}
	}
}

// result is one of the results of applyWrites; that of a delete is empty.
type result struct{ answer }

// DecodeLex reads the result from d.
func (r *result) DecodeLex(d *lex.Decoder) { r.decode(d, resultFields) }

// results are the results of applyWrites.
type results struct{ list []result }

// DecodeLex reads the answer from d.
func (r *results) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, resultsFields, nil)
	for d.Next(&c) == 0 {
		if !d.Null() { // a server's empty list
			r.list = lex.DecodeObjects[result](d, 0, lex.NoLimit)
		}
	}
}

// deleted is the answer of deleteRecord.
type deleted struct{ commit bool }

// DecodeLex reads the answer from d.
func (a *deleted) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, deletedFields, nil)
	for d.Next(&c) == 0 {
		a.commit = d.Map().IsSet()
	}
}

// storedRecord is the answer of getRecord.
type storedRecord struct {
	uri, cid string
	value    lex.Raw
}

// DecodeLex reads the answer from d.
func (r *storedRecord) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, storedFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			r.cid = d.String(0, longestText)
		case 1:
			r.uri = d.String(0, longestText)
		case 2:
			r.value = d.Raw()
		default:
			return
		}
	}
}

// stored is a record as it is at the server.
type stored struct {
	found bool
	cid   lex.CID
	json  []byte
}

// lookUp reads the record that c is about. One that is not there is no error, if the server says so itself.
func lookUp(ctx context.Context, a Account, c *change) (stored, error) {
	call := &lex.Call{NSID: nsidGet, Output: new(storedRecord)}
	call.Params.String("repo", string(a.DID()))
	call.Params.String("collection", string(c.collection))
	call.Params.String("rkey", string(c.rkey))
	if err := a.Call(ctx, call); err != nil && verdict.Of(err) == verdict.NoRecord {
		return stored{}, nil
	} else if err != nil {
		return stored{}, err
	}
	record := call.Output.(*storedRecord)
	if record.uri != string(c.uri) {
		return stored{}, fmt.Errorf("the server answered with another record, %q", record.uri)
	}
	if len(record.value.Data) == 0 || string(record.value.Data) == "null" {
		return stored{}, errors.New("the server answered without a record")
	}
	s := stored{found: true, json: record.value.Data}
	var err error
	if record.cid != "" {
		s.cid, err = lex.ParseCID(record.cid)
	} else if s.cid, err = cidOfJSON(s.json); err != nil {
		err = fmt.Errorf("a record without a CID: %w", err)
	}
	return s, err
}

func cidOfJSON(json []byte) (lex.CID, error) {
	cbor, err := lex.JSONToCBOR(json)
	return lex.CIDOf(lex.CodecDagCBOR, cbor), err
}

// compare returns an error when the server says that it put c elsewhere, or with another content.
func (c *change) compare(a answer) error {
	if a.uri != "" && a.uri != string(c.uri) {
		return fmt.Errorf("the server answered that it wrote %q", a.uri)
	}
	cid, err := lex.ParseCID(a.cid)
	if err != nil {
		return err
	}
	if cid != c.cid {
		return &mismatchError{cid, c.cid}
	}
	return nil
}

// mismatchError is an ErrCIDMismatch with its CIDs.
type mismatchError struct{ found, want lex.CID }

func (e *mismatchError) Error() string {
	return fmt.Sprintf("%v: the record has the CID %s and not %s", ErrCIDMismatch, e.found, e.want)
}

func (e *mismatchError) Unwrap() error { return ErrCIDMismatch }
