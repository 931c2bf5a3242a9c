package write

import (
	"errors"
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/writing"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Errors of writes, for [errors.Is], other than those about an invalid record (a [*issue.Error]) and those that a
// server returns (an [*xrpc.Error]).
var (
	// ErrConflict says that the record at the server is not in the state that the write expects: it exists already,
	// it does not exist, or it was changed in the meantime. Nothing was written.
	ErrConflict = errors.New("conflict")
	// ErrCIDMismatch says that the server stored a record, but not the one that was sent: the CIDs differ.
	ErrCIDMismatch = writing.ErrCIDMismatch
	// ErrDropsFields says that a write was not sent because it would drop fields. The error is a [*DropError], unless
	// the record at the server is too malformed to be compared.
	ErrDropsFields = errors.New("fields would be lost")
	// ErrTooLarge says that a write was not sent, or that the server refused it, because it is larger than the server
	// allows.
	ErrTooLarge = writing.ErrTooLarge
	// ErrUnknown says that a write was sent, and that it is not known whether it was carried out: the server answered
	// neither the write nor the reading of the record in the protocol's form. The page of a proxy does not count as
	// an answer, whatever its status.
	ErrUnknown = errors.New("unknown whether the write was carried out")
)

// Error says which write failed.
type Error struct {
	// Action is the kind of write: create, put or delete.
	Action string
	// URI names the record. It has no record key if the key was not chosen yet.
	URI syntax.ATURI
	// Err is the cause. It wraps one of this package's errors, a [*issue.Error] or an error of the server.
	Err error
}

// Error returns a text with the action, the record and the cause.
func (e *Error) Error() string {
	text := "write: " + e.Action + ": "
	if e.URI != "" {
		text = "write: " + e.Action + " " + string(e.URI) + ": "
	}
	return text + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// DropError says that a write was not sent because the record would lose fields. It wraps [ErrDropsFields].
type DropError struct {
	// CID is the CID of the record at the server.
	CID cid.CID
	// Fields are JSON pointers (RFC 6901) to the fields that the record at the server has and the new one
	// does not; the first 100 of them.
	Fields []string
	// Dropped is the number of all such fields.
	Dropped int
}

// Error returns a text that has the first fields and says how many more there are.
func (e *DropError) Error() string {
	const shown = 5
	fields := e.Fields[:min(len(e.Fields), shown)]
	text := ErrDropsFields.Error() + ": " + strings.Join(fields, ", ")
	if more := e.Dropped - len(fields); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Unwrap returns [ErrDropsFields].
func (e *DropError) Unwrap() error { return ErrDropsFields }

// WarningError says that a write was not sent because of what a [Check] found in the record.
type WarningError struct {
	// Warnings are what is probably wrong with the record, though its lexicon allows it.
	Warnings []issue.Issue
}

// Error returns the first three warnings and how many more there are.
func (e *WarningError) Error() string { return "probably wrong: " + issue.Summary(e.Warnings) }

// guardFields returns an error that wraps ErrDropsFields if s, the record that c replaces, has fields that c lacks and
// that are not in allowed.
func guardFields(s writing.Stored, c *writing.Change, allowed []string) error {
	fields, n, err := writing.Lost(s, c, allowed)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrDropsFields, err)
	case n > 0:
		return &DropError{CID: s.CID, Fields: fields, Dropped: n}
	}
	return nil
}
