// Package exit defines the command's exit statuses, and errors that select one.
package exit

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
)

// The exit statuses. A command that a signal ended has 128 plus the signal's number: 130 after an interrupt.
const (
	OK      = 0
	Failed  = 1
	Misused = 2
	Strict  = 3 // a record is invalid or has a warning, and the command is validate or has the flag --strict
)

// Error is an error that ends the command with a particular exit status.
type Error struct {
	Status int
	Err    error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Failure returns err with the exit status of a failure, unless it has an exit status already. It returns nil if err is
// nil.
func Failure(err error) error {
	if _, ok := errors.AsType[*Error](err); ok || err == nil {
		return err
	}
	return &Error{Status: Failed, Err: err}
}

// Misuse returns an error that ends the command with the exit status of wrong usage.
func Misuse(format string, args ...any) error {
	return &Error{Status: Misused, Err: fmt.Errorf(format, args...)}
}

// hint is an error with advice, which is printed on a line of its own.
type hint struct {
	err  error
	text string // safe to print: the command's own text, in which text from elsewhere is escaped by [terminal.OneLine]
}

func (h *hint) Error() string { return h.err.Error() }
func (h *hint) Unwrap() error { return h.err }

// WithHint returns err with advice for the user, which [Message] puts on a line of its own. format and args are those
// of fmt.Sprintf; newlines and control characters in args are escaped.
func WithHint(err error, format string, args ...any) error {
	for i, arg := range args {
		args[i] = terminal.OneLine(fmt.Sprint(arg))
	}
	return &hint{err, fmt.Sprintf(format, args...)}
}

// Message returns the text of err as it is printed. Only joined errors and hints have lines of their own: a newline in a
// server's text is escaped.
func Message(err error) string {
	switch err := err.(type) {
	case *Error:
		return Message(err.Err)
	case *hint:
		return Message(err.err) + "\n" + err.text
	case interface{ Unwrap() []error }:
		var parts, lines []string
		for _, part := range err.Unwrap() {
			parts, lines = append(parts, part.Error()), append(lines, Message(part))
		}
		if err, ok := err.(error); ok && err.Error() == strings.Join(parts, "\n") {
			return strings.Join(lines, "\n")
		}
	}
	return terminal.OneLine(err.Error())
}

// About adds a name, such as that of a file, to err, unless err already has an exit status.
func About(name string, err error) error {
	if _, final := errors.AsType[*Error](err); final {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// WithoutName returns the cause of an error that names a file, for a caller that adds the name itself.
func WithoutName(err error) error {
	if named, ok := errors.AsType[*fs.PathError](err); ok {
		return named.Err
	}
	return err
}
