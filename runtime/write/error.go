package write

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Errors of writes, for [errors.Is], other than those about an invalid record (a [*lex.Error]) and those that a
// server returns (an [*xrpc.Error]).
var (
	// ErrConflict says that the record at the server is not in the state that the write expects: it exists already,
	// it does not exist, or it was changed in the meantime. Nothing was written.
	ErrConflict = errors.New("conflict")
	// ErrCIDMismatch says that the server stored a record, but not the one that was sent: the CIDs differ.
	ErrCIDMismatch = errors.New("the server stored something else")
	// ErrDropsFields says that a write was not sent because it would drop fields. The error is a [*DropError], unless
	// the record at the server is too malformed to be compared.
	ErrDropsFields = errors.New("fields would be lost")
	// ErrTooLarge says that a write was not sent, or that the server refused it, because it is larger than the server
	// allows.
	ErrTooLarge = errors.New("too large")
	// ErrUnknown says that a write was sent, and that it is not known whether it was carried out: the server answered
	// neither the write nor the reading of the record in the protocol's form. The page of a proxy does not count as
	// an answer, whatever its status.
	ErrUnknown = errors.New("it is not known whether it was written")
	// ErrNoKey says that an operation has no record key, and that there is no journal to assign one.
	ErrNoKey = errors.New("no record key")
	// ErrChanged says that a batch had other operations when it was read for the second time.
	ErrChanged = errors.New("the batch changed while it was being applied")
	// ErrJournal says that a journal cannot be used: it belongs to another batch, is in use, is damaged, or is full.
	ErrJournal = errors.New("journal")
)

// OpError says which write failed.
type OpError struct {
	// Op is the number of the operation in its batch, from 1; 0 if it is not one of a batch.
	Op int
	// Line is the line of the operation in the file from which it was read, from 1; 0 if there is none.
	Line int
	// Action is what the write was to do.
	Action Action
	// URI names the record. It has no record key if the operation has none yet, and is empty for a line that is not
	// an operation.
	URI syntax.ATURI
	// Err is what went wrong. It wraps one of this package's errors, a [*lex.Error] or an error of the
	// server.
	Err error
}

// Error returns a text with the operation, the record and the cause.
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
	// Failures are the first 1,000 operations that are not valid.
	Failures []*OpError
	// Failed is how many of the Ops operations are not valid.
	Failed, Ops int
}

// Error returns a text with the first three failures and the number of the others.
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

// BatchError says that a request for several operations of a batch failed. A request is carried out as a whole or not
// at all; the error wraps [ErrUnknown] if it is not known which.
type BatchError struct {
	// First and Last are the numbers of the first and the last operation of the request, from 1.
	First, Last int
	// Err is what went wrong.
	Err error
}

// Error returns a text with the operations and the cause.
func (e *BatchError) Error() string {
	return fmt.Sprintf("write: ops %d to %d: %v", e.First, e.Last, e.Err)
}

// Unwrap returns e.Err.
func (e *BatchError) Unwrap() error { return e.Err }

// DropError says that a write was not sent because the record would lose fields. It wraps [ErrDropsFields].
type DropError struct {
	// CID is the CID of the record at the server.
	CID cid.CID
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

// outcome says what the error of a call means for whether the procedure was carried out.
type outcome int

const (
	refused  outcome = iota // it was not carried out, and will not be
	exists                  // it was not carried out: the record exists already
	busy                    // it was not carried out: the server asks clients to wait
	doubtful                // it is not known
)

// outcomeOf returns the outcome that err means, and whether sending the same call again may help. The outcome of an
// unknown error is doubtful.
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

// mayPass reports whether the cause of a doubtful error may soon pass: a failing server, a proxy that answers in its
// place, a network failure.
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
