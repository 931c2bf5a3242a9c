package tap

import (
	"context"
	"fmt"
	"math"
	"net/url"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/feed"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// protocol implements the protocol of Tap's channel.
type protocol struct {
	feed.Base
	endpoint url.URL
}

// Address implements stream.Protocol.
func (p *protocol) Address(int64) url.URL { return p.endpoint }

// Ended implements stream.Protocol.
func (p *protocol) Ended(*stream.Failure) bool { return false }

// Acks implements stream.Protocol.
func (p *protocol) Acks() bool { return true }

// message is a message of Tap. Its strings are not validated.
type message struct {
	id       int64
	hasID    bool
	typ      string
	record   feed.Change
	identity identity
}

type identity struct {
	did, handle, status string
	active              bool
}

var (
	messageFields  = lex.NewFields("id", "type", "record", "identity")
	recordFields   = lex.NewFields("cid", "did", "rev", "rkey", "action", "record", "collection")
	identityFields = lex.NewFields("did", "handle", "status", "is_active")
)

// DecodeLex reads a message.
func (m *message) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, messageFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			m.id, m.hasID = d.Int(0, math.MaxInt64), true
		case 1:
			m.typ = feed.Text(d)
		case 2:
			decodeRecord(d, &m.record)
		case 3:
			m.identity.decode(d)
		default:
			return
		}
	}
}

func decodeRecord(d *lex.Decoder, m *feed.Change) {
	if d.Null() {
		return
	}
	var c lex.Cursor
	d.Object(&c, recordFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			m.CID = feed.Text(d)
		case 1:
			m.DID = feed.Text(d)
		case 2:
			m.Rev = feed.Text(d)
		case 3:
			m.RecordKey = feed.Text(d)
		case 4:
			m.Action = feed.Text(d)
		case 5:
			m.Record = d.Raw()
		case 6:
			m.Collection = feed.Text(d)
		default:
			return
		}
	}
}

func (m *identity) decode(d *lex.Decoder) {
	if d.Null() {
		return
	}
	var c lex.Cursor
	d.Object(&c, identityFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			m.did = feed.Text(d)
		case 1:
			m.handle = feed.Text(d)
		case 2:
			m.status = feed.Text(d)
		case 3:
			m.active = d.Bool()
		default:
			return
		}
	}
}

// Scan implements stream.Protocol.
func (p *protocol) Scan(raw stream.Message) stream.Frame {
	var m message
	f := stream.Frame{Err: feed.Decode(raw, &m)}
	if m.hasID && !feed.Lacks(f.Err, "/id") {
		f.Ack = fmt.Appendf(nil, `{"type":"ack","id":%d}`, m.id)
	}
	f.DID, f.Rev = []byte(m.record.DID+m.identity.did), []byte(m.record.Rev)
	switch {
	case f.Err != nil:
	case !m.hasID:
		f.Err = fmt.Errorf("%w: no id", ErrMessage)
	case m.typ == "record":
		f.Wanted = p.Filter.WantsRepo(f.DID) && p.Filter.WantsPath([]byte(m.record.Collection))
	case m.typ == "identity":
		f.Wanted = p.Filter.WantsRepo(f.DID)
	default:
		f.Err = fmt.Errorf("%w: unknown type %s", ErrMessage, quote.Text(m.typ, 64))
	}
	return f
}

// Events implements stream.Protocol.
func (p *protocol) Events(ctx context.Context, j *stream.Job) ([]stream.Event, error) {
	var m message
	if err := feed.Decode(j.Message, &m); err != nil {
		return nil, err
	}
	head := firehose.Header{Source: p.Endpoint, Seq: m.id}
	if m.typ == "record" {
		e, err := p.Event(ctx, j, head, &m.record)
		if err != nil {
			return nil, err
		}
		return []stream.Event{e}, nil
	}
	did, err := syntax.ParseDID(string([]byte(m.identity.did)))
	if err != nil {
		return nil, fmt.Errorf("%w: did: %w", ErrMessage, err)
	}
	status := quote.Cut(string([]byte(m.identity.status)), 128)
	if m.identity.active && status == "active" {
		status = ""
	}
	return []stream.Event{
		&firehose.Identity{Header: head, DID: did, Handle: feed.Handle(m.identity.handle)},
		&firehose.Account{Header: head, DID: did, Active: m.identity.active, Status: status},
	}, nil
}
