package write

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// What can go wrong with a write, for [errors.Is], besides what its record breaks (a [*lex.Error]) and what a
// server answers (an [*xrpc.Error]).
var (
	// ErrConflict says that the record at the server is not the one that the write is about: there is one
	// already, there is none, or it was changed in the meantime. Nothing was written.
	ErrConflict = errors.New("conflict")
	// ErrCIDMismatch says that the server stored a record, but not as it was sent: the CIDs differ.
	ErrCIDMismatch = errors.New("the server stored something else")
	// ErrDropsFields says that a write was refused because it would drop fields. The error is a [*DropError],
	// unless the record that is there is too broken to be compared.
	ErrDropsFields = errors.New("fields would be lost")
	// ErrTooLarge says that a write was not sent, or was refused, because it takes more bytes than the
	// server allows.
	ErrTooLarge = errors.New("too large")
	// ErrUnknown says that a write was sent and nobody knows whether it was carried out: neither its answer nor that to
	// a look at the record was in the server's own word. A proxy's page is not, whatever its status.
	ErrUnknown = errors.New("it is not known whether it was written")
	// ErrNoKey says that an operation has no record key, and that there is no journal to remember one.
	ErrNoKey = errors.New("no record key")
	// ErrChanged says that a batch was not the same when it was read for the second time.
	ErrChanged = errors.New("the batch changed while it was being applied")
	// ErrJournal says that a journal is of another batch, in use, or damaged.
	ErrJournal = errors.New("journal")
)

// OpError says which write failed.
type OpError struct {
	// Op is the number of the operation in its batch, from 1; 0 if it is not one of a batch.
	Op int
	// Line is the line of the operation in the file that it came from, from 1; 0 if there is none.
	Line int
	// Action is what was to be done.
	Action Action
	// URI names the record. It has no record key if the operation has none yet, and is empty for a line that
	// is no operation.
	URI syntax.ATURI
	// Err is what went wrong. It wraps one of this package's errors, a [*lex.Error] or an error of the
	// server.
	Err error
}

// Error returns a text that names the operation and the record, and says what went wrong.
func (e *OpError) Error() string {
	text := "write: "
	if e.Op > 0 {
		text += "op " + strconv.Itoa(e.Op)
		if e.Line > 0 {
			text += " (line " + strconv.Itoa(e.Line) + ")"
		}
		text += ": "
	}
	if e.Action != "" {
		text += string(e.Action) + " "
	}
	if e.URI != "" {
		text += string(e.URI) + ": "
	}
	return text + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *OpError) Unwrap() error { return e.Err }

// InvalidError says that a batch was not applied because operations in it are not valid. Nothing was sent.
type InvalidError struct {
	// Failures are the operations that are not valid, the first 1,000 of them.
	Failures []*OpError
	// Failed is how many there are, of Ops operations in all.
	Failed, Ops int
}

// Error returns a text that has the first three failures, and says how many more there are.
func (e *InvalidError) Error() string {
	const shown = 3
	var b strings.Builder
	fmt.Fprintf(&b, "write: %d of %d operations are not valid, nothing was sent", e.Failed, e.Ops)
	for _, failure := range e.Failures[:min(len(e.Failures), shown)] {
		b.WriteString("; " + strings.TrimPrefix(failure.Error(), "write: "))
	}
	if more := e.Failed - shown; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return b.String()
}

// Unwrap returns the failures.
func (e *InvalidError) Unwrap() []error {
	errs := make([]error, len(e.Failures))
	for i, failure := range e.Failures {
		errs[i] = failure
	}
	return errs
}

// BatchError says that a request for several operations of a batch failed. A request is carried out as a
// whole or not at all; the error wraps [ErrUnknown] when it is not known which.
type BatchError struct {
	// First and Last are the numbers of the operations, from 1.
	First, Last int
	// Err is what went wrong.
	Err error
}

// Error returns a text that names the operations and says what went wrong.
func (e *BatchError) Error() string {
	return fmt.Sprintf("write: ops %d to %d: %v", e.First, e.Last, e.Err)
}

// Unwrap returns e.Err.
func (e *BatchError) Unwrap() error { return e.Err }

// DropError says that a write was refused because the record would lose fields. It is [ErrDropsFields].
type DropError struct {
	// CID is that of the record at the server.
	CID lex.CID
	// Fields are JSON pointers (RFC 6901) to the fields that the record at the server has and the new one
	// does not; the first 100 of them.
	Fields []string
	// Dropped is how many there are.
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

// outcome is what an error of a call says about whether a procedure was carried out.
type outcome int

const (
	refused  outcome = iota // it was not, and will not be
	exists                  // it was not: there is a record already
	busy                    // it was not: the server wants to be left alone for a while
	doubtful                // nobody knows
)

// outcomeOf returns what err says, and whether sending the same again may help. When nothing is known about an
// error it is doubtful.
func outcomeOf(err error) (_ outcome, passing bool) {
	if errors.Is(err, xrpc.ErrNotSent) {
		return refused, false
	}
	switch verdict.Of(err) {
	case verdict.Unknown:
		return doubtful, mayPass(err)
	case verdict.Busy:
		return busy, true
	case verdict.Exists:
		return exists, false
	}
	return refused, false
}

// mayPass reports whether the cause of an error that leaves all open may be over soon: a server that fails, a proxy that
// answers in its place, a network.
func mayPass(err error) bool {
	for _, lasting := range []error{guard.ErrPrivate, xrpc.ErrTooLarge, xrpc.ErrRedirect} {
		if errors.Is(err, lasting) {
			return false
		}
	}
	var answer *xrpc.Error
	var transport *xrpc.TransportError
	if errors.As(err, &answer) {
		return answer.Status >= 400
	}
	return errors.As(err, &transport)
}
