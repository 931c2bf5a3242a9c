package writing

import (
	"context"
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Raw returns the record of c, encoded as DAG-CBOR.
func (c *Change) Raw() lex.Raw { return lex.Raw{Data: c.CBOR, Encoding: lex.CBOR} }

// Answer is the URI and the CID that the server returned for a record.
type Answer struct {
	URI syntax.ATURI
	CID syntax.CID
}

// Stored is a record as the server has it.
type Stored struct {
	Found bool    // whether the record exists; otherwise the other fields are empty
	CID   cid.CID // the CID that the server stated, or, if it stated none, that of the record
	JSON  []byte  // the record
}

// LookUp reads from the server the record that c is about. If the server itself says that the record does not exist,
// that is not an error: the result is the zero Stored.
func LookUp(ctx context.Context, a Client, c *Change) (Stored, error) {
	params := atproto.RepoGetRecordParams{Repo: syntax.AtIdentifier(a.DID()), Collection: c.Collection, Rkey: c.RecordKey}
	var record rec.View // it can tell a malformed CID from a missing one
	err := a.Call(ctx, &rpc.Request{NSID: atproto.NSIDRepoGetRecord, Params: params.LexParams()}, &rpc.Response{Output: &record})
	if err != nil && verdict.Of(err) == verdict.NoRecord {
		return Stored{}, nil
	} else if err != nil {
		return Stored{}, err
	}
	if record.URI != string(c.URI) {
		return Stored{}, fmt.Errorf("the server returned another record, %s", quote.Text(record.URI, 200))
	}
	if len(record.Value.Data) == 0 || string(record.Value.Data) == "null" {
		return Stored{}, errors.New("malformed response: no record")
	}
	s := Stored{Found: true, JSON: record.Value.Data}
	if record.CID != "" {
		s.CID, err = cid.Parse(record.CID)
	} else if s.CID, err = cidOfJSON(s.JSON); err != nil {
		err = fmt.Errorf("the response has no CID, and none can be computed: %w", err)
	}
	return s, err
}

// Verify returns an error that wraps ErrCIDMismatch if the record does not have the CID that the server stated for it.
func (s Stored) Verify() error {
	c, err := cidOfJSON(s.JSON)
	if err == nil && c != s.CID {
		err = &MismatchError{Found: c, Want: s.CID}
	}
	return err
}

func cidOfJSON(json []byte) (cid.CID, error) {
	cbor, err := lex.JSONToCBOR(json)
	return cid.Of(cid.DagCBOR, cbor), err
}

// Compare compares the server's response to writing c with c. It returns an error if the URI is another one, and a
// [*MismatchError] if the CID is.
func (c *Change) Compare(a Answer) error {
	if a.URI != c.URI {
		return fmt.Errorf("the server returned another URI, %s", quote.Text(a.URI, 200))
	}
	id, err := cid.Parse(string(a.CID))
	if err != nil {
		return err
	}
	if !c.CID.MatchesText(string(a.CID)) {
		return &MismatchError{id, c.CID}
	}
	return nil
}

// MismatchError says that a record has the CID Found and not the CID Want. It wraps [ErrCIDMismatch].
type MismatchError struct{ Found, Want cid.CID }

func (e *MismatchError) Error() string {
	return fmt.Sprintf("%v: the record has CID %s, not %s", ErrCIDMismatch, e.Found, e.Want)
}

func (e *MismatchError) Unwrap() error { return ErrCIDMismatch }
