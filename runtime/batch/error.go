package batch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Errors of batches, for [errors.Is], besides those of package write.
var (
	// ErrNoKey says that an operation has no record key and cannot get one. Only a create can get one, from a journal,
	// if its collection accepts TID keys.
	ErrNoKey = errors.New("no record key")
	// ErrChanged says that a batch had other operations when it was read for the second time.
	ErrChanged = errors.New("the batch changed while it was being applied")
	// ErrJournal says that a journal cannot be used: it belongs to another batch, is in use, is damaged, or is full.
	ErrJournal = errors.New("journal")
)

// OpError says which operation failed.
type OpError struct {
	// Op is the number of the operation in its batch, from 1; 0 if [ReadOps] returned the error.
	Op int
	// Line is the line of the operation in the file from which it was read, from 1; 0 if there is none.
	Line int
	// Action is the operation's action; "" if a line that is not an operation has none.
	Action Action
	// URI names the record. It has no record key if the operation has none yet, and is empty for a line that is not
	// an operation.
	URI syntax.ATURI
	// Err is what went wrong. It wraps an error of this package or of package write, a [*issue.Error] or an error of the
	// server.
	Err error
}

// Error returns a text with the operation, the record and the cause.
func (e *OpError) Error() string {
	text := "batch: "
	if e.Op > 0 {
		text += "op " + strconv.Itoa(e.Op)
		if e.Line > 0 {
			text += " (line " + strconv.Itoa(e.Line) + ")"
		}
		text += ": "
	}
	switch {
	case e.Action != "" && e.URI != "":
		text += string(e.Action) + " " + string(e.URI) + ": "
	case e.Action != "" || e.URI != "":
		text += string(e.Action) + string(e.URI) + ": "
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
	fmt.Fprintf(&b, "batch: %d of %d operations are not valid, nothing was sent", e.Failed, e.Ops)
	for _, failure := range e.Failures[:min(len(e.Failures), shown)] {
		b.WriteString("; " + strings.TrimPrefix(failure.Error(), "batch: "))
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
// at all; the error wraps [write.ErrUnknown] if it is not known which.
type BatchError struct {
	// First and Last are the numbers of the first and the last operation of the request, from 1.
	First, Last int
	// Err is what went wrong.
	Err error
}

// Error returns a text with the operations and the cause.
func (e *BatchError) Error() string {
	return fmt.Sprintf("batch: ops %d to %d: %v", e.First, e.Last, e.Err)
}

// Unwrap returns e.Err.
func (e *BatchError) Unwrap() error { return e.Err }
