// Package publish publishes lexicon documents in the repository of the account that controls their namespace, and compares
// them with what is published.
//
//	item, err := publish.Compare(ctx, reader, account.DID(), document)
//	if err != nil {
//		return err
//	}
//	if item.State != publish.Same && evolve.Worst(item.Changes) < evolve.Error {
//		ref, err := item.Publish(ctx, account)
//	}
//
// A document is a record of the collection com.atproto.lexicon.schema with its NSID as the key. The TXT record of the domain
// that controls the NSID names the account; see https://atproto.com/specs/lexicon#lexicon-publication-and-resolution.
package publish

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/gen/evolve"
	"github.com/layers-pub/layers-go/gen/install"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
)

// ErrAuthority says that the domain of a document names an account other than the one that publishes it.
var ErrAuthority = errors.New("the domain of the document names another account")

// State says how a document differs from the record in the repository.
type State string

// The states.
const (
	// New: there is no record.
	New State = "not published"
	// Same: the record has the same content.
	Same State = "published"
	// Differs: the record has other content.
	Differs State = "differs"
)

// Item is a document with the result of comparing it with the published record.
type Item struct {
	Document *lexicon.Document
	// URI is the URI of the record.
	URI   syntax.ATURI
	State State
	// Changes are the changes from the published version to the document.
	Changes []evolve.Change
	// Named says that the domain of the document names the account. If it is false, the domain names no account, and
	// the document cannot be found until DNS has the TXT record [Item.TXT].
	Named bool

	record    *write.Untyped
	did       syntax.DID
	published cid.CID
}

// TXT returns the name and the value of the TXT record that the domain of the document must have.
func (i *Item) TXT() (name, value string) {
	return "_lexicon." + syntax.NSID(i.Document.ID).Authority(), "did=" + string(i.did)
}

// Account returns the account that the domain of the document with the NSID id names. The error is one of
// [identity.Directory.ResolveLexicon].
func Account(ctx context.Context, reader *pds.Client, id string) (syntax.DID, error) {
	return reader.Directory().ResolveLexicon(ctx, syntax.NSID(id))
}

// Compare compares a document with the record of the account did, which it reads with a proof and verifies. The error
// is an [ErrAuthority] if the document's domain names another account.
func Compare(ctx context.Context, reader *pds.Client, did syntax.DID, document *lexicon.Document) (*Item, error) {
	record, err := recordOf(document.Source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", document.File, err)
	}
	own, err := lex.EncodeCBOR(record)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", document.File, err)
	}
	item := &Item{Document: document, URI: install.URIOf(did, syntax.NSID(document.ID)), State: New, record: record, did: did}
	switch named, err := Account(ctx, reader, document.ID); {
	case err == nil && named != did:
		return nil, fmt.Errorf("%s: %w: %s, not %s", document.ID, ErrAuthority, named, did)
	case err == nil:
		item.Named = true
	case !errors.Is(err, identity.ErrNotFound):
		return nil, err
	}
	proof, err := reader.GetRecordProof(ctx, item.URI)
	switch {
	case errors.Is(err, pds.ErrRecordNotFound):
		return item, nil
	case err != nil:
		return nil, err
	}
	envelope := proof.Envelope()
	item.published = envelope.CID
	if cid.Of(cid.DagCBOR, own) == envelope.CID {
		item.State = Same
		return item, nil
	}
	item.State = Differs
	published, err := install.FromRecord(envelope)
	if err != nil {
		item.Changes = []evolve.Change{{Verdict: evolve.Error, NSID: document.ID, Message: fmt.Sprintf("the record that is published is not this document: %s", strings.ReplaceAll(err.Error(), "\n", "; "))}}
		return item, nil
	}
	item.Changes = evolve.Compare(&lexicon.Set{Documents: []*lexicon.Document{published.Document}}, &lexicon.Set{Documents: []*lexicon.Document{document}})
	return item, nil
}

// recordOf returns the record for a document in JSON, and adds the $type if the document has none.
func recordOf(content []byte) (*write.Untyped, error) {
	record, err := write.ParseRecord(content)
	if err != nil {
		return nil, err
	}
	switch typ := record.RecordType(); typ {
	case install.Collection:
	case "":
		value, err := lex.ValueOf(string(install.Collection))
		if err != nil {
			return nil, err
		}
		record.Set("$type", value)
	default:
		return nil, fmt.Errorf("the document has the $type %q, not %s", typ, install.Collection)
	}
	return record, nil
}

// Publish writes the record with the account's credentials. It writes only if the repository still has the record that
// was compared; otherwise the error is [write.ErrConflict]. Other errors are those of [write.Put].
func (i *Item) Publish(ctx context.Context, account write.Client) (write.Ref, error) {
	if account.DID() != i.did {
		return write.Ref{}, fmt.Errorf("%s: compared with the repository of %s, not of %s", i.Document.ID, i.did, account.DID())
	}
	options := &write.PutOptions{AllowUnknown: true, DropFields: true, Swap: lex.NullOf[cid.CID]()}
	if i.published.Defined() {
		options.Swap = lex.ValueOrNull(i.published)
	}
	return write.Put(ctx, account, syntax.RecordKey(i.Document.ID), i.record, options)
}
