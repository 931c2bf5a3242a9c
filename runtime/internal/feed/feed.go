// Package feed has the code that packages jetstream and tap share. Their servers send the records of repositories in
// JSON, without the commits that prove them.
package feed

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// MaxMessage is the size of the longest message, in bytes. A record of 1,000,000 bytes can be longer in JSON.
const MaxMessage = 8 << 20

// ErrMessage says that a message is malformed.
var ErrMessage = errors.New("malformed message")

// Base implements the methods of stream.Protocol that do not depend on the format of messages.
type Base struct {
	Endpoint string            // the URL of the source
	Options  *firehose.Options // the options of the subscription
	Filter   *stream.Filter    // the collections and accounts that are wanted
}

// Source implements stream.Protocol. The source is named by its endpoint.
func (b *Base) Source() string { return b.Endpoint }

// Overlap implements stream.Protocol. It returns 0: the servers lose no messages.
func (b *Base) Overlap() time.Duration { return 0 }

// Workers implements stream.Protocol.
func (b *Base) Workers() int { return runtime.GOMAXPROCS(0) }

// Job implements stream.Protocol.
func (b *Base) Job(m stream.Message) *stream.Job { return stream.NewJob(m) }

// Release implements stream.Protocol.
func (b *Base) Release(*stream.Job) {}

// Decode decodes the JSON of a message into v. Strings in v share the memory of the message. The error wraps [ErrMessage].
func Decode(m stream.Message, v lex.Decodable) error {
	switch {
	case m.Size > MaxMessage:
		return fmt.Errorf("%w: %d bytes, limit %d", ErrMessage, m.Size, MaxMessage)
	case m.Binary:
		return fmt.Errorf("%w: binary", ErrMessage)
	}
	if err := lex.DecodeJSONShared(m.Data, v); err != nil {
		return fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return nil
}

// Lacks reports whether an error of [Decode] says that the field at path, a JSON pointer, could not be read, or that the
// message is not JSON, so that nothing in it can be relied on.
func Lacks(err error, path string) bool {
	invalid, ok := errors.AsType[*issue.Error](err)
	if !ok {
		return err != nil
	}
	return slices.ContainsFunc(invalid.Issues, func(problem issue.Issue) bool {
		return problem.Rule == issue.RuleSyntax || problem.Path == path
	})
}

// Text reads a string, or null as "".
func Text(d *lex.Decoder) string {
	if d.Null() {
		return ""
	}
	return d.String(0, lex.NoLimit)
}

// Change is what a message says about one record: its address, the action, and the record with its CID. Its strings are
// not checked.
type Change struct {
	DID, Rev, Collection, RecordKey, Action, CID string
	Record                                       lex.Raw
}

// Event makes the event for the change c, with the header head. It converts the record to DAG-CBOR, checks that it
// matches its CID, and decodes it. If the change is not valid, the error wraps [ErrMessage] or is a [*rec.Failure].
func (b *Base) Event(ctx context.Context, j *stream.Job, head firehose.Header, c *Change) (*firehose.Record, error) {
	e := &firehose.Record{Header: head, Trust: rec.Served}
	var err error
	parse := func(name string, parse func() error) {
		if failed := parse(); failed != nil && err == nil {
			err = fmt.Errorf("%w: %s: %w", ErrMessage, name, failed)
		}
	}
	parse("did", func() (err error) { e.DID, err = syntax.ParseDID(clone(c.DID)); return })
	parse("rev", func() (err error) { e.Rev, err = syntax.ParseTID(clone(c.Rev)); return })
	parse("collection", func() (err error) { e.Collection, err = syntax.ParseNSID(clone(c.Collection)); return })
	parse("rkey", func() (err error) { e.RecordKey, err = syntax.ParseRecordKey(clone(c.RecordKey)); return })
	if err != nil {
		return nil, err
	}
	switch e.Action = firehose.Action(clone(c.Action)); e.Action {
	case firehose.Delete:
		return e, nil
	case firehose.Create, firehose.Update:
	default:
		return nil, fmt.Errorf("%w: unknown action %s", ErrMessage, quote.Text(c.Action, 64))
	}
	switch {
	case !c.Record.IsSet():
		return nil, fmt.Errorf("%w: %s of %s without a record", ErrMessage, e.Action, e.URI())
	case c.CID == "":
		return nil, fmt.Errorf("%w: %s of %s without a cid", ErrMessage, e.Action, e.URI())
	}
	view := rec.View{URI: string(e.URI()), CID: c.CID, Value: c.Record}
	envelope, err := view.Envelope(ctx)
	if err != nil {
		return nil, err
	}
	e.CID, e.Data, e.Trust = envelope.CID, envelope.Data, envelope.Trust
	j.Cost += int64(len(e.Data))
	return e, firehose.DecodeRecord(ctx, b.Options, j, e)
}

// clone returns a string that does not keep the message in memory.
func clone(s string) string { return string([]byte(s)) }

// Handle returns s as a handle, or "" if it is not a valid one. The result does not share the message's memory.
func Handle(s string) syntax.Handle {
	h, err := syntax.ParseHandle(clone(s))
	if err != nil {
		return ""
	}
	return h
}
