package write

import (
	"context"
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// item returns c as an item of the input of applyWrites.
func (c *change) item() atproto.RepoApplyWritesInputWritesItem {
	switch c.send {
	case ActionDelete:
		return &atproto.RepoApplyWritesDelete{Collection: c.collection, Rkey: c.rkey}
	case ActionUpdate:
		return &atproto.RepoApplyWritesUpdate{Collection: c.collection, Rkey: c.rkey, Value: c.raw()}
	}
	return &atproto.RepoApplyWritesCreate{Collection: c.collection, Rkey: lex.Some(c.rkey), Value: c.raw()}
}

// raw returns the encoded record of c.
func (c *change) raw() lex.Raw { return lex.Raw{Data: c.cbor, Encoding: lex.CBOR} }

// answer is the URI and the CID that the server returned for a record.
type answer struct {
	uri syntax.ATURI
	cid syntax.CID
}

// answerOf returns the answer in one of the results of applyWrites; it is empty for a delete.
func answerOf(result atproto.RepoApplyWritesOutputResultsItem) answer {
	switch r := result.(type) {
	case *atproto.RepoApplyWritesCreateResult:
		return answer{r.URI, r.CID}
	case *atproto.RepoApplyWritesUpdateResult:
		return answer{r.URI, r.CID}
	}
	return answer{}
}

// stored is the record that the server has, if any.
type stored struct {
	found bool
	cid   cid.CID
	json  []byte
}

// lookUp reads the record that c is about. If the server itself says that the record does not exist, that is not an
// error.
func lookUp(ctx context.Context, a Account, c *change) (stored, error) {
	params := atproto.RepoGetRecordParams{Repo: syntax.AtIdentifier(a.DID()), Collection: c.collection, Rkey: c.rkey}
	var record lex.View // it can tell a malformed CID from a missing one
	err := a.Call(ctx, &lex.Call{NSID: atproto.NSIDRepoGetRecord, Params: params.LexParams(), Output: &record})
	if err != nil && verdict.Of(err) == verdict.NoRecord {
		return stored{}, nil
	} else if err != nil {
		return stored{}, err
	}
	if record.URI != string(c.uri) {
		return stored{}, fmt.Errorf("the server answered with another record, %.200q", record.URI)
	}
	if len(record.Value.Data) == 0 || string(record.Value.Data) == "null" {
		return stored{}, errors.New("the server answered without a record")
	}
	s := stored{found: true, json: record.Value.Data}
	if record.CID != "" {
		s.cid, err = cid.Parse(record.CID)
	} else if s.cid, err = cidOfJSON(s.json); err != nil {
		err = fmt.Errorf("a record without a CID: %w", err)
	}
	return s, err
}

func cidOfJSON(json []byte) (cid.CID, error) {
	cbor, err := lex.JSONToCBOR(json)
	return cid.Of(cid.DagCBOR, cbor), err
}

// compare returns an error if the server says that it stored c under another URI or with another CID.
func (c *change) compare(a answer) error {
	if a.uri != c.uri {
		return fmt.Errorf("the server answered that it wrote %q", a.uri)
	}
	id, err := cid.Parse(string(a.cid))
	if err != nil {
		return err
	}
	if id != c.cid {
		return &mismatchError{id, c.cid}
	}
	return nil
}

// mismatchError is an ErrCIDMismatch with the two CIDs.
type mismatchError struct{ found, want cid.CID }

func (e *mismatchError) Error() string {
	return fmt.Sprintf("%v: the record has the CID %s and not %s", ErrCIDMismatch, e.found, e.want)
}

func (e *mismatchError) Unwrap() error { return ErrCIDMismatch }
