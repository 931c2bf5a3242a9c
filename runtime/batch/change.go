package batch

import (
	"fmt"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/writing"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/write"
)

// Action is what is done to a record.
type Action string

// The actions of operations.
const (
	// ActionCreate creates a record that does not exist yet.
	ActionCreate Action = "create"
	// ActionUpdate replaces a record that exists.
	ActionUpdate Action = "update"
	// ActionPut creates a record or replaces the existing one.
	ActionPut Action = "put"
	// ActionDelete deletes a record if it exists.
	ActionDelete Action = "delete"
)

// points returns how many write points the reference server counts for the action.
func (a Action) points() int {
	switch a {
	case ActionCreate:
		return writing.PointsCreate
	case ActionDelete:
		return writing.PointsDelete
	}
	return writing.PointsUpdate
}

// most returns the largest number of write points that the action may take: a put may become a create.
func (a Action) most() int {
	if a == ActionPut {
		return ActionCreate.points()
	}
	return a.points()
}

// change is the write that an operation asks for.
type change struct {
	writing.Change
	op, line int // see OpResult
	action   Action
	send     Action // the action to send; for a put, a create or an update
	size     int    // its size in a request, in bytes
	fresh    bool   // the journal made the key, so no other client has made this record
	sent     bool   // the last request contained it
	done     bool   // the record is known to be in the desired state
}

// fail returns err as an OpError of c.
func (c *change) fail(err error) error {
	if err == nil {
		return nil
	}
	return &OpError{Op: c.op, Line: c.line, Action: c.action, URI: c.URI, Err: err}
}

// item returns c as an item of the input of applyWrites.
func (c *change) item() atproto.RepoApplyWritesInputWritesItem {
	switch c.send {
	case ActionDelete:
		return &atproto.RepoApplyWritesDelete{Collection: c.Collection, Rkey: c.RecordKey}
	case ActionUpdate:
		return &atproto.RepoApplyWritesUpdate{Collection: c.Collection, Rkey: c.RecordKey, Value: c.Raw()}
	}
	return &atproto.RepoApplyWritesCreate{Collection: c.Collection, Rkey: lex.Some(c.RecordKey), Value: c.Raw()}
}

// answerOf returns the answer in one of the results of applyWrites; it is empty for a delete.
func answerOf(result atproto.RepoApplyWritesOutputResultsItem) writing.Answer {
	switch r := result.(type) {
	case *atproto.RepoApplyWritesCreateResult:
		return writing.Answer{URI: r.URI, CID: r.CID}
	case *atproto.RepoApplyWritesUpdateResult:
		return writing.Answer{URI: r.URI, CID: r.CID}
	}
	return writing.Answer{}
}

// own returns a function that makes an empty record of a collection that Lookup does not know, nil if such records are
// not allowed.
func (r *applier) own() func() lex.Record {
	if !r.opts.AllowUnknown {
		return nil
	}
	return func() lex.Record { return new(write.Untyped) }
}

// guardFields returns an error that wraps write.ErrDropsFields if s, the record that c replaces, has fields that c
// lacks.
func guardFields(s writing.Stored, c *change) error {
	fields, n, err := writing.Lost(s, &c.Change, nil)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", write.ErrDropsFields, err)
	case n > 0:
		return &write.DropError{CID: s.CID, Fields: fields, Dropped: n}
	}
	return nil
}
