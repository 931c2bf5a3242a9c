package pds

import (
	"context"
	"fmt"
	"strconv"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// GetRecordOptions are the options of [Client.GetRecord]; nil stands for the zero value.
type GetRecordOptions struct {
	// CID asks for one version of the record. Servers may have the newest only.
	CID lex.CID
}

// GetRecord reads one record (com.atproto.repo.getRecord). uri has a collection and a record key; its
// authority may be a handle.
//
// The envelope has the record in DAG-CBOR, whose hash is that of its CID: it is [lex.Hashed]. When the server
// gives no CID, nor did the caller, it is [lex.Served]. Its URI has the account's DID.
//
// An error is an [*AbsenceError] if the server says that there is no such record, one of [Client.CallRepo], one that names both
// URIs if the server answers with another record, or a [*lex.Failure]: then the record is not of the data
// model, and in JSON, or it is not that of its CID ([lex.RuleCID]). The envelope of a failure is returned, too.
//
// Of an account that is deactivated, taken down or not at the server, the reference server says that it could not
// locate the record, without its URI: that is [ErrRepoNotFound]. [Client.DescribeRepo] tells which.
func (c *Client) GetRecord(ctx context.Context, uri syntax.ATURI, options *GetRecordOptions) (lex.Envelope, error) {
	if options == nil {
		options = new(GetRecordOptions)
	}
	if err := checkURI(uri); err != nil {
		return lex.Envelope{}, err
	}
	params := atproto.RepoGetRecordParams{Collection: uri.Collection(), Rkey: uri.RecordKey()}
	if options.CID.Defined() {
		params.CID = lex.Some(syntax.CID(options.CID.String()))
	}
	var want syntax.ATURI
	v, err := ask(ctx, c, uri.Authority(), func(did syntax.DID, server lex.Caller) (*lex.View, error) {
		want = collectionURI(did, uri.Collection()) + "/" + syntax.ATURI(uri.RecordKey())
		params.Repo = syntax.AtIdentifier(did)
		v := new(lex.View) // which knows a malformed CID from none
		return v, server.Call(ctx, &lex.Call{NSID: atproto.NSIDRepoGetRecord, Params: params.LexParams(), Output: v})
	})
	switch {
	case err != nil:
		return lex.Envelope{}, absent(want, err)
	case v.URI == "" || !hasRecord(v):
		return lex.Envelope{}, fmt.Errorf("pds: %s: malformed response: it has no record", want)
	case v.URI != string(want):
		return lex.Envelope{}, fmt.Errorf("pds: asked for %s, the server answers with %s", want, excerpt(v.URI))
	}
	if options.CID.Defined() {
		v.CID = options.CID.String()
	}
	return envelope(v)
}

// checkURI returns an error unless uri is that of a record.
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

// excerpt quotes what a server sent, cut where it is long.
func excerpt(s string) string {
	const most = 200
	if len(s) > most {
		return strconv.Quote(s[:most]) + "..."
	}
	return strconv.Quote(s)
}

// hasRecord reports whether the value of v is an object, as records are.
func hasRecord(v *lex.View) bool { return len(v.Value.Data) > 0 && v.Value.Data[0] == '{' }

// envelope returns the record in DAG-CBOR, verified; a failure if there is none.
func envelope(v *lex.View) (lex.Envelope, error) {
	if v.Value.Data == nil {
		v.Value.Encoding = lex.JSON // in which nothing is no value
	}
	return v.Envelope()
}
