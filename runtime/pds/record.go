package pds

import (
	"context"
	"fmt"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// GetRecordOptions are the options of [Client.GetRecord]; nil stands for the zero value.
type GetRecordOptions struct {
	// CID asks for the version of the record that has this CID. Servers may have only the newest version.
	CID cid.CID
}

// GetRecord reads one record (com.atproto.repo.getRecord). uri must have a collection and a record key; its authority
// may be a handle.
//
// The envelope has the record in DAG-CBOR. GetRecord checks the record's hash against its CID, so its trust is
// [rec.Hashed]; if neither the server nor the caller gave a CID, it is [rec.Served]. The envelope's URI has the
// account's DID.
//
// The error is an [*AbsenceError] if the server says that the record does not exist, an error of [CallRepo],
// or one that names both URIs if the server answered with another record. It is a [*rec.Failure] if the record does not
// follow the data model, in which case its envelope has it in JSON, or does not match its CID ([issue.RuleCID]). With a
// failure, GetRecord returns its envelope, too.
//
// If an account is deactivated, taken down or not at the server, the reference server says that it could not locate
// the record, without a URI: the error is then [ErrRepoNotFound]. Call [Client.DescribeRepo] to find out which.
func (c *Client) GetRecord(ctx context.Context, uri syntax.ATURI, options *GetRecordOptions) (rec.Envelope, error) {
	if options == nil {
		options = new(GetRecordOptions)
	}
	if err := checkURI(uri); err != nil {
		return rec.Envelope{}, err
	}
	params := atproto.RepoGetRecordParams{Collection: uri.Collection(), Rkey: uri.RecordKey()}
	if options.CID.Defined() {
		params.CID = lex.Some(syntax.CID(options.CID.String()))
	}
	var want syntax.ATURI
	v, err := CallRepo(ctx, c, uri.Authority(), func(did syntax.DID, server rpc.Caller) (*rec.View, error) {
		want = collectionURI(did, uri.Collection()) + "/" + syntax.ATURI(uri.RecordKey())
		params.Repo = syntax.AtIdentifier(did)
		v := new(rec.View) // it can tell a malformed CID from a missing one
		return v, server.Call(ctx, &rpc.Request{NSID: atproto.NSIDRepoGetRecord, Params: params.LexParams()}, &rpc.Response{Output: v})
	})
	switch {
	case err != nil:
		return rec.Envelope{}, absent(want, err)
	case v.URI == "" || !hasRecord(v):
		return rec.Envelope{}, fmt.Errorf("pds: %s: malformed response: it has no record", want)
	case v.URI != string(want):
		return rec.Envelope{}, fmt.Errorf("pds: requested %s, but the server returned %s", want, excerpt(v.URI))
	}
	if options.CID.Defined() {
		v.CID = options.CID.String()
	}
	return envelope(ctx, v)
}

// checkURI returns an error unless uri names a record.
func checkURI(uri syntax.ATURI) error {
	if _, err := syntax.ParseATURI(string(uri)); err != nil {
		return fmt.Errorf("pds: %w", err)
	}
	if uri.RecordKey() == "" {
		return fmt.Errorf("pds: %s is not the URI of a record", uri)
	}
	return nil
}

func collectionURI(did syntax.DID, collection syntax.NSID) syntax.ATURI {
	return syntax.ATURI("at://" + string(did) + "/" + string(collection))
}

// excerpt returns the beginning of s, a text from a server, in quotes, for an error text.
func excerpt(s string) string { return quote.Text(s, 200) }

// hasRecord reports whether the value of v is an object, as records are.
func hasRecord(v *rec.View) bool { return len(v.Value.Data) > 0 && v.Value.Data[0] == '{' }

// envelope returns the envelope of v with the record in DAG-CBOR, checked against its CID, or a failure if that is not
// possible.
func envelope(ctx context.Context, v *rec.View) (rec.Envelope, error) {
	if v.Value.Data == nil {
		v.Value.Encoding = lex.JSON // so that empty data is not a valid value
	}
	return v.Envelope(ctx)
}
