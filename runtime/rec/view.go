package rec

import (
	"context"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// View is a record in the form in which servers return it: {"uri", "cid", "value"}. Its parts are not checked and other
// fields are skipped, so that one malformed record does not fail a whole page.
type View struct {
	// URI and CID are the server's text, or "" if it sent none.
	URI, CID string
	// Value is the record, not decoded. Its Data is nil if the server sent none.
	Value lex.Raw
}

var viewFields = lex.NewFields("cid", "uri", "value")

// DecodeLex decodes a view, which d reads. It decodes null as an empty view. It implements [lex.Decodable].
func (v *View) DecodeLex(d *lex.Decoder) {
	if d.Null() {
		return
	}
	var c lex.Cursor
	d.Object(&c, viewFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			v.CID = textOrNull(d)
		case 1:
			v.URI = textOrNull(d)
		case 2:
			v.Value = d.Raw()
		default:
			return
		}
	}
}

// recordURI returns the URI if it is a record's, and otherwise "".
func (v *View) recordURI() syntax.ATURI {
	if uri := syntax.ATURI(v.URI); syntax.ValidATURI(v.URI) && uri.RecordKey() != "" {
		return uri
	}
	return ""
}

func textOrNull(d *lex.Decoder) string {
	if d.Null() {
		return ""
	}
	return d.String(0, lex.NoLimit)
}

// Envelope returns the record in DAG-CBOR. Its trust is [Hashed] if its bytes match the CID, and [Served] if there is no
// CID. The URI is not checked.
//
// The error is a [*Failure], which also has the envelope: either the value does not fit the data model, and the envelope
// has it in JSON, or its bytes do not match the CID ([issue.RuleCID]). If ctx has ended, the error is that of ctx.
func (v *View) Envelope(ctx context.Context) (Envelope, error) { return v.envelope(ctx, nil) }

// envelope is [View.Envelope]. Unless block is nil, the data of the result uses its memory.
func (v *View) envelope(ctx context.Context, block *lex.Canonical) (Envelope, error) {
	e := Envelope{URI: syntax.ATURI(v.URI), Data: v.Value.Data, Encoding: v.Value.Encoding, Trust: Served}
	if e.Encoding == lex.JSON {
		if block == nil {
			block = new(lex.Canonical)
		}
		if err := lex.Decode(ctx, e.Data, block, lex.DecodeOptions{Encoding: lex.JSON}); err != nil {
			if isEnd(ctx, err) {
				return e, err
			}
			e.CID, _ = cid.Parse(v.CID)
			return e, &Failure{Envelope: e, Issues: issue.Of(err)}
		}
		e.Data, e.Encoding = *block, lex.CBOR
	}
	computed := cid.Of(cid.DagCBOR, e.Data)
	switch {
	case v.CID == "":
		e.CID = computed
	case computed.MatchesText(v.CID):
		e.CID, e.Trust = computed, Hashed
	default:
		e.CID, _ = cid.Parse(v.CID)
		return e, &Failure{Envelope: e, Issues: []issue.Issue{{Rule: issue.RuleCID, Want: v.CID, Found: computed.String()}}}
	}
	return e, nil
}
