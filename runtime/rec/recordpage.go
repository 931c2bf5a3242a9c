package rec

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"strings"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Source says which records a server was asked for, and how far it can be trusted. Its methods check the envelope
// {"uri", "cid", "value"} around a record accordingly.
type Source struct {
	// Repo and Collection are the account and the collection that the records' URIs must name; "" allows any.
	Repo       syntax.DID
	Collection syntax.NSID
	// Trust is the highest level of trust for the records, such as [Claimed] for those of an appview. Below that limit,
	// a record whose bytes match its CID is [Hashed], and a record without a CID is [Served].
	Trust Trust
}

// Envelope decodes an item of a list in JSON, {"uri", "cid", "value"}, and returns the record in DAG-CBOR. Other fields
// are skipped unchecked. The CID may be missing; the result then has the one computed from the record.
//
// The error is a [*Failure], or that of ctx if it has ended. If the envelope is malformed (the item or its value is
// not an object, the URI is missing or does not match s, or a field has the wrong type), the failure has the bytes of
// the whole item, and its URI if that is a record's. If the record is malformed, the failure is that of [View.Envelope].
// A failure may share the memory of raw.
func (s Source) Envelope(ctx context.Context, raw lex.Raw) (Envelope, error) {
	e, err := s.envelope(ctx, raw, new(View), nil)
	e.URI = syntax.ATURI(strings.Clone(string(e.URI)))
	return e, err
}

// envelope is [Source.Envelope] with memory to use: v for the item and, unless it is nil, block for the result's data. If
// raw is JSON, the parts of v and the URI of the result share its memory.
func (s Source) envelope(ctx context.Context, raw lex.Raw, v *View, block *lex.Canonical) (Envelope, error) {
	*v = View{}
	var err error
	if bytes.Equal(raw.Data, []byte("null")) {
		err = &issue.Error{Issues: []issue.Issue{{Rule: issue.RuleType, Want: "object"}}}
	} else {
		err = lex.Decode(ctx, raw.Data, v, lex.DecodeOptions{Encoding: raw.Encoding, Share: raw.Encoding == lex.JSON})
	}
	if err != nil && isEnd(ctx, err) {
		return Envelope{}, err
	}
	if err == nil {
		err = s.check(v)
	}
	e := Envelope{Data: raw.Data, Encoding: raw.Encoding, Trust: min(s.Trust, Served)}
	if err != nil {
		e.URI = v.recordURI()
		return e, &Failure{Envelope: e, Issues: issue.Of(err)}
	}
	e, err = v.envelope(ctx, block)
	e.Trust = min(e.Trust, s.Trust)
	if failure, ok := err.(*Failure); ok {
		failure.Envelope = e
	}
	return e, err
}

// check returns an error that lists what is wrong with the fields of v.
func (s Source) check(v *View) error {
	var issues []issue.Issue
	if v.URI == "" {
		issues = append(issues, issue.Issue{Path: "/uri", Rule: issue.RuleRequired})
	} else if !s.has(v.URI) {
		issues = append(issues, issue.Issue{Path: "/uri", Rule: issue.RuleFormat, Want: s.want(), Found: excerpt(v.URI)})
	}
	switch {
	case v.Value.Data == nil:
		issues = append(issues, issue.Issue{Path: "/value", Rule: issue.RuleRequired})
	case v.Value.Data[0] != '{':
		issues = append(issues, issue.Issue{Path: "/value", Rule: issue.RuleType, Want: "object"})
	}
	if issues == nil {
		return nil
	}
	return &issue.Error{Issues: issues}
}

// has reports whether uri names a record that matches s.
func (s Source) has(uri string) bool {
	u := syntax.ATURI(uri)
	if s.Collection != "" && u.Collection() != s.Collection {
		return false
	}
	if s.Repo != "" && s.Collection != "" {
		return u.Authority() == syntax.AtIdentifier(s.Repo) && syntax.ValidRecordKey(string(u.RecordKey()))
	}
	return (s.Repo == "" || u.Authority() == syntax.AtIdentifier(s.Repo)) && u.RecordKey() != "" && syntax.ValidATURI(uri)
}

// want describes the URIs that match s.
func (s Source) want() string {
	switch {
	case s.Repo != "":
		return "at-uri of a record in at://" + string(s.Repo) + "/" + string(s.Collection)
	case s.Collection != "":
		return "at-uri of a record in " + string(s.Collection)
	}
	return "at-uri of a record"
}

// NewRecordPage returns an empty page for records of type T: for items {"uri", "cid", "value"} in the array called
// field. If source has no collection, T's is used.
//
// The page yields a [*Failure] for an item that [Source.Envelope] rejects, and for a record that breaks T's lexicon;
// the latter has the record's DAG-CBOR.
func NewRecordPage[T any, P lex.RecordPointer[T]](field string, source Source) *Page[Entry[T]] {
	r := newRecordReader[T, P](source)
	return &Page[Entry[T]]{field: field, fast: r.read, decode: r.entry}
}

// NewEnvelopePage returns an empty page for records of any type, as [NewRecordPage] does; it does not decode the records.
// The page yields a [*Failure] for an item that [Source.Envelope] rejects.
func NewEnvelopePage(field string, source Source) *Page[Envelope] {
	return &Page[Envelope]{field: field, decode: func(ctx context.Context, raw lex.Raw, m *Memory) (*Envelope, error) {
		if m == nil {
			e, err := source.Envelope(ctx, raw)
			return &e, err
		}
		var err error
		m.envelope, err = source.envelope(ctx, raw, &m.view, &m.block)
		if _, failed := err.(*Failure); failed { // which the loop may keep
			raw.Data = bytes.Clone(raw.Data)
			e, err := source.Envelope(ctx, raw)
			return &e, err
		}
		return &m.envelope, err
	}}
}

// recordReader decodes items {"uri", "cid", "value"} with records of type T.
type recordReader[T any, P lex.RecordPointer[T]] struct {
	source Source
	item   readItem[T, P]
}

func newRecordReader[T any, P lex.RecordPointer[T]](source Source) *recordReader[T, P] {
	if source.Collection == "" {
		source.Collection = P(new(T)).RecordType()
	}
	return &recordReader[T, P]{source: source}
}

// read decodes an item in one step and adds it to p, which sets its CID and finds out whether the record matches it. If
// something is wrong with the item, read returns the item's bytes; entry then finds out what.
func (r *recordReader[T, P]) read(d *lex.Decoder, m *Memory, p *proof) (*Entry[T], []byte) {
	item, before := &r.item, len(p.blocks)
	*item = readItem[T, P]{memory: m, blocks: p.blocks}
	raw, ok := d.Try(item)
	p.blocks = item.blocks
	entry := item.entry
	if !ok || entry == nil || !r.source.has(item.uri) {
		p.blocks = p.blocks[:before]
		return nil, bytes.Clone(raw.Data)
	}
	entry.URI = syntax.ATURI(item.uri)
	entry.Trust = min(Hashed, r.source.Trust)
	p.add(&entry.CID, item.cid, raw.Data)
	return entry, nil
}

// entry decodes an item in two steps: the envelope, then the record. Only few items need that, so it uses new memory and
// not that of a page.
func (r *recordReader[T, P]) entry(ctx context.Context, raw lex.Raw, _ *Memory) (*Entry[T], error) {
	e, err := r.source.Envelope(ctx, raw)
	if err != nil {
		return nil, err
	}
	value := new(T)
	err = lex.Decode(ctx, e.Data, P(value), lex.DecodeOptions{Encoding: e.Encoding})
	if err != nil && isEnd(ctx, err) {
		return nil, err
	}
	if err != nil {
		return nil, &Failure{Envelope: e, Issues: issue.Of(err)}
	}
	return &Entry[T]{URI: e.URI, CID: e.CID, Trust: e.Trust, Value: value}, nil
}

// readItem is an item that is read in one step. To find out its CID, the decoded record is encoded again: a record
// without issues encodes to the bytes that its CID was computed from.
type readItem[T any, P lex.RecordPointer[T]] struct {
	uri    string
	cid    string
	entry  *Entry[T] // only with its Value; nil unless the item has a record and a CID
	memory *Memory   // nil: new memory
	blocks []byte    // proof.blocks, to which the encoded record is appended
}

// DecodeLex decodes an item, which d reads, into v.
func (v *readItem[T, P]) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	var value *T
	d.Object(&c, viewFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			v.cid = textOrNull(d)
		case 1:
			v.uri = textOrNull(d)
		case 2:
			value = newIn[T](d, v.memory)
			P(value).DecodeLex(d)
		default:
			if value == nil || v.cid == "" {
				return
			}
			var err error
			if v.blocks, err = lex.AppendCBOR(v.blocks, P(value)); err == nil {
				v.entry = newIn[Entry[T]](d, v.memory)
				v.entry.Value = value
			}
			return
		}
	}
}

// newIn returns a new T, in the decoder's arena if m, the memory to reuse, is not nil. Otherwise T has an allocation of
// its own, so that a caller that keeps one record does not keep others in memory.
func newIn[T any](d *lex.Decoder, m *Memory) *T {
	if m != nil {
		return lex.NewObject[T](d)
	}
	return new(T)
}

// QueryRecord calls a query that answers with one record of type T, as {"uri", "cid", "value"}. The entry's trust is
// [Claimed]: the server states that the record is in a repository, but no signature proves it.
//
// An error is that of the call, or a [*Failure] as for an item of [NewRecordPage].
func QueryRecord[T any, P lex.RecordPointer[T]](ctx context.Context, c rpc.Caller, nsid syntax.NSID, params rpc.Params) (*Entry[T], error) {
	var answer lex.Raw
	if err := c.Call(ctx, &rpc.Request{NSID: nsid, Params: params}, &rpc.Response{Output: &answer}); err != nil {
		return nil, err
	}
	entry, err := newRecordReader[T, P](Source{Trust: Claimed}).entry(ctx, answer, nil)
	if failure, ok := err.(*Failure); ok && failure.URI == "" {
		err = fmt.Errorf("%s: malformed response: not a record: %w", nsid, err)
	}
	return entry, err
}

// QueryRecordPage calls a query that answers with a page of records of type T, in the array called field: see
// [NewRecordPage]. The entries' trust is [Claimed].
func QueryRecordPage[T any, P lex.RecordPointer[T]](ctx context.Context, c rpc.Caller, nsid syntax.NSID, params rpc.Params, field string) (*Page[Entry[T]], error) {
	return QueryPage(ctx, c, nsid, params, NewRecordPage[T, P](field, Source{Trust: Claimed}))
}

// QueryRecordPages iterates over the records of all pages of a query like that of [QueryRecordPage], as [QueryPages]
// does.
func QueryRecordPages[T any, P lex.RecordPointer[T]](ctx context.Context, c rpc.Caller, nsid syntax.NSID, params rpc.Params, field string) iter.Seq2[*Entry[T], error] {
	return QueryPages(ctx, c, nsid, params, func() *Page[Entry[T]] {
		return NewRecordPage[T, P](field, Source{Trust: Claimed})
	})
}
