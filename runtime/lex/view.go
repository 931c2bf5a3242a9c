package lex

import "github.com/layers-pub/layers-go/runtime/syntax"

// View is a record as servers answer with one: {"uri", "cid", "value"}. Its parts are kept as they came, and other
// fields are let be, so that one odd record spoils no list.
type View struct {
	// URI and CID are the server's text, "" for none.
	URI, CID string
	Value    Raw
}

var viewFields = NewFields("cid", "uri", "value")

// DecodeLex reads a view, and null as an empty one.
func (v *View) DecodeLex(d *Decoder) {
	if d.Null() {
		return
	}
	var c Cursor
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

// recordURI returns the URI, "" unless it is that of a record.
func (v *View) recordURI() syntax.ATURI {
	if uri := syntax.ATURI(v.URI); syntax.ValidATURI(v.URI) && uri.RecordKey() != "" {
		return uri
	}
	return ""
}

func textOrNull(d *Decoder) string {
	if d.Null() {
		return ""
	}
	return d.String(0, NoLimit)
}

// Envelope returns the record in DAG-CBOR: [Hashed] if its bytes are those of the CID, and [Served] if there is no CID.
// The URI is not checked.
//
// The error is a [*Failure], which has the envelope, too: the value is not of the data model, and stays in JSON, or
// its bytes are not those of the CID ([RuleCID]).
func (v *View) Envelope() (Envelope, error) {
	e := Envelope{URI: syntax.ATURI(v.URI), Data: v.Value.Data, Encoding: v.Value.Encoding, Trust: Served}
	e.CID, _ = ParseCID(v.CID)
	if e.Encoding == JSON {
		data, err := JSONToCBOR(e.Data)
		if err != nil {
			return e, &Failure{Envelope: e, Issues: IssuesOf(err)}
		}
		e.Data, e.Encoding = data, CBOR
	}
	computed := CIDOf(CodecDagCBOR, e.Data)
	switch {
	case v.CID == "":
		e.CID = computed
	case e.CID == computed:
		e.Trust = Hashed
	default:
		return e, &Failure{Envelope: e, Issues: []Issue{{Rule: RuleCID, Want: v.CID, Found: computed.String()}}}
	}
	return e, nil
}
