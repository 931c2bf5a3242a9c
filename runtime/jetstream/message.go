package jetstream

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/feed"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// protocol implements version 1 of the protocol of Jetstream.
type protocol struct {
	feed.Base
	endpoint url.URL
}

// The largest numbers of collections and of accounts that the server lets a subscription ask for, and the length of
// the longest query, in bytes, that all servers and proxies accept.
const (
	maxCollections = 100
	maxDIDs        = 10_000
	maxQuery       = 8_000
)

// Address implements stream.Protocol. A filter that exceeds the limits is left out of the URL, and the server does not
// apply it.
func (p *protocol) Address(cursor int64) url.URL {
	u := p.endpoint
	query := url.Values{}
	if cursor >= 0 {
		query.Set("cursor", strconv.FormatInt(cursor, 10))
	}
	ask := func(name string, values []string, limit int) {
		if len(values) == 0 || len(values) > limit {
			return
		}
		query[name] = values
		if len(query.Encode()) > maxQuery {
			delete(query, name)
		}
	}
	var collections, dids []string
	for _, c := range p.Options.Collections {
		if c == "*" {
			collections = nil
			break
		}
		collections = append(collections, c)
	}
	for _, did := range p.Options.DIDs {
		dids = append(dids, string(did))
	}
	ask("wantedCollections", collections, maxCollections)
	ask("wantedDids", dids, maxDIDs)
	u.RawQuery = query.Encode()
	return u
}

// overlap is how much earlier the connection without a cursor is opened than the one with the cursor: see the package
// comment. It is longer than the second of which the server leaves out events.
var overlap = 1500 * time.Millisecond

// Overlap implements stream.Protocol.
func (p *protocol) Overlap() time.Duration { return overlap }

// Ended implements stream.Protocol. When the server fails, it closes the stream with the code of success, and gives a
// reason.
func (p *protocol) Ended(f *stream.Failure) bool { return f.Message == "" }

// Acks implements stream.Protocol.
func (p *protocol) Acks() bool { return false }

// message is a message of the server. Its strings are not validated.
type message struct {
	did, kind string
	time      int64
	hasTime   bool
	commit    feed.Change
	account   account
	identity  identity
}

type account struct {
	did, status string
	active      bool
}

type identity struct{ did, handle string }

var (
	messageFields  = lex.NewFields("did", "kind", "commit", "account", "time_us", "identity")
	commitFields   = lex.NewFields("cid", "rev", "rkey", "record", "operation", "collection")
	accountFields  = lex.NewFields("did", "active", "status")
	identityFields = lex.NewFields("did", "handle")
)

// DecodeLex reads a message.
func (m *message) DecodeLex(d *lex.Decoder) {
	var c lex.Cursor
	d.Object(&c, messageFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			m.did = feed.Text(d)
		case 1:
			m.kind = feed.Text(d)
		case 2:
			decodeCommit(d, &m.commit)
		case 3:
			m.account.decode(d)
		case 4:
			m.time, m.hasTime = d.Int(0, math.MaxInt64), true
		case 5:
			m.identity.decode(d)
		default:
			return
		}
	}
}

func decodeCommit(d *lex.Decoder, m *feed.Change) {
	if d.Null() {
		return
	}
	var c lex.Cursor
	d.Object(&c, commitFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			m.CID = feed.Text(d)
		case 1:
			m.Rev = feed.Text(d)
		case 2:
			m.RecordKey = feed.Text(d)
		case 3:
			m.Record = d.Raw()
		case 4:
			m.Action = feed.Text(d)
		case 5:
			m.Collection = feed.Text(d)
		default:
			return
		}
	}
}

func (m *account) decode(d *lex.Decoder) {
	if d.Null() {
		return
	}
	var c lex.Cursor
	d.Object(&c, accountFields, nil)
	for {
		switch d.Next(&c) {
		case 0:
			m.did = feed.Text(d)
		case 1:
			m.active = d.Bool()
		case 2:
			m.status = feed.Text(d)
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
		default:
			return
		}
	}
}

// stated returns the time in a message as text, or nil if the message has none.
func (m *message) stated() []byte {
	if !m.hasTime {
		return nil
	}
	return time.UnixMicro(m.time).UTC().AppendFormat(nil, "2006-01-02T15:04:05.000000Z")
}

// Scan implements stream.Protocol.
func (p *protocol) Scan(raw stream.Message) stream.Frame {
	var m message
	err := feed.Decode(raw, &m)
	f := stream.Frame{Seq: m.time, HasSeq: m.hasTime && m.time > 0, DID: []byte(m.did), Rev: []byte(m.commit.Rev), Time: m.stated(), Err: err}
	switch {
	case err != nil:
	case !f.HasSeq:
		f.Err = fmt.Errorf("%w: no time_us", ErrMessage)
	case m.kind == "commit":
		f.Wanted = p.Filter.WantsRepo(f.DID) && p.Filter.WantsPath([]byte(m.commit.Collection))
	case m.kind == "account", m.kind == "identity":
		f.Wanted = p.Filter.WantsRepo(f.DID)
	default:
		f.Err = fmt.Errorf("%w: unknown kind %s", ErrMessage, quote.Text(m.kind, 64))
	}
	return f
}

// Events implements stream.Protocol.
func (p *protocol) Events(ctx context.Context, j *stream.Job) ([]stream.Event, error) {
	var m message
	if err := feed.Decode(j.Message, &m); err != nil {
		return nil, err
	}
	head := firehose.Header{Source: p.Endpoint, Seq: m.time, Time: syntax.Datetime(m.stated())}
	if m.kind == "commit" {
		m.commit.DID = m.did
		e, err := p.Event(ctx, j, head, &m.commit)
		if err != nil {
			return nil, err
		}
		return []stream.Event{e}, nil
	}
	did, err := syntax.ParseDID(string([]byte(m.did)))
	if err != nil {
		return nil, fmt.Errorf("%w: did: %w", ErrMessage, err)
	}
	inner := m.account.did
	if m.kind == "identity" {
		inner = m.identity.did
	}
	if inner != m.did {
		return nil, fmt.Errorf("%w: %s of %s in a message about %s", ErrMessage, m.kind, quote.Text(inner, 100), did)
	}
	if m.kind == "account" {
		return []stream.Event{&firehose.Account{Header: head, DID: did, Active: m.account.active, Status: quote.Cut(string([]byte(m.account.status)), 128)}}, nil
	}
	return []stream.Event{&firehose.Identity{Header: head, DID: did, Handle: feed.Handle(m.identity.handle)}}, nil
}
