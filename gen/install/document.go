package install

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Collection is the collection of the records that are lexicon documents.
const Collection syntax.NSID = "com.atproto.lexicon.schema"

// Document is a lexicon document as a record.
type Document struct {
	*lexicon.Document
	// URI is the URI of the record, and CID its CID.
	URI syntax.ATURI
	CID cid.CID
	// JSON is the record in JSON, indented by two spaces.
	JSON []byte
	// Changed says that the file in the directory is missing or has other content.
	Changed bool
}

// URIOf returns the URI of a document in the repository of an account.
func URIOf(did syntax.DID, id syntax.NSID) syntax.ATURI {
	return syntax.ATURI("at://" + string(did) + "/" + string(Collection) + "/" + string(id))
}

// Fetch reads a document with a proof that it is in the account's repository, and verifies the proof and the account's
// signature. The error is one of [pds.Client.GetRecordProof], or a [lexicon.Problems] if the record is not a valid
// document.
func Fetch(ctx context.Context, repos *pds.Client, uri syntax.ATURI) (*Document, error) {
	proof, err := repos.GetRecordProof(ctx, uri)
	if err != nil {
		return nil, err
	}
	return FromRecord(proof.Envelope())
}

// FromRecord returns the document in a record, whose data is DAG-CBOR. The error is a [lexicon.Problems] if the record
// is not a valid document, and another one if the record cannot be decoded or has another $type or key.
func FromRecord(e rec.Envelope) (*Document, error) {
	data, err := lex.CBORToJSON(e.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.URI, err)
	}
	text := jsontext.Value(data)
	if err := text.Indent(jsontext.WithIndent("  ")); err != nil {
		return nil, fmt.Errorf("%s: %w", e.URI, err)
	}
	document, err := lexicon.Parse(string(e.URI), text)
	if err != nil {
		return nil, err
	}
	if document.ID != string(e.URI.RecordKey()) {
		return nil, fmt.Errorf("%s: the document is %s", e.URI, document.ID)
	}
	var m lex.Map
	if err := lex.DecodeCBOR(e.Data, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", e.URI, err)
	}
	value, _ := m.Get("$type")
	if typ, _ := value.Text(); typ != string(Collection) {
		return nil, fmt.Errorf("%s: the record has the $type %q, not %s", e.URI, typ, Collection)
	}
	return &Document{Document: document, URI: e.URI, CID: e.CID, JSON: append(text, '\n')}, nil
}

// FileOf returns the path of a document's file in a directory of documents.
func FileOf(id syntax.NSID) string { return strings.ReplaceAll(string(id), ".", "/") + ".json" }

// fromFile returns the document in a file of a directory. The error wraps [fs.ErrNotExist] if there is none.
func fromFile(dir fs.FS, id syntax.NSID) (*Document, error) {
	name := FileOf(id)
	data, err := fs.ReadFile(dir, name)
	if err != nil {
		return nil, err
	}
	document, err := lexicon.Parse(name, data)
	if err != nil {
		return nil, err
	}
	if document.ID != string(id) {
		return nil, fmt.Errorf("%s: the document is %s", name, document.ID)
	}
	record, err := lex.JSONToCBOR(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Document{Document: document, CID: cid.Of(cid.DagCBOR, record), JSON: data}, nil
}

// Needs returns the NSIDs of the other documents that a document refers to, sorted. These are in refs and unions, in
// known values that are tokens, and in the permissions of a set. @atproto/lex installs the same documents with it.
func Needs(d *lexicon.Document) []syntax.NSID {
	found := make(map[syntax.NSID]bool)
	add := func(ref string) {
		if id, _, _ := strings.Cut(ref, "#"); syntax.ValidNSID(id) && id != d.ID {
			found[syntax.NSID(id)] = true
		}
	}
	var walk func(n *lexicon.Node)
	walk = func(n *lexicon.Node) {
		if n == nil {
			return
		}
		add(n.Ref)
		for _, ref := range n.Refs {
			add(ref)
		}
		for _, value := range n.KnownValues {
			if _, name, _ := strings.Cut(value, "#"); name != "" && !strings.Contains(name, "#") {
				add(value)
			}
		}
		for _, p := range n.Permissions {
			for _, id := range append(slices.Clone(p.LXM), p.Collection...) {
				add(id)
			}
		}
		for _, p := range n.Properties {
			walk(p.Node)
		}
		for _, child := range []*lexicon.Node{n.Items, n.Record, n.Params, n.Input, n.Output, n.Message, n.Schema} {
			walk(child)
		}
	}
	for _, def := range d.Defs {
		walk(def.Node)
	}
	return slices.Sorted(maps.Keys(found))
}
