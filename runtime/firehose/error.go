package firehose

import (
	"errors"
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// The errors that a source names when it ends a stream, for errors.Is.
const (
	// ErrFutureCursor says that the cursor is ahead of the source, which was probably reset. The subscription does not
	// connect again by itself: the caller decides where to begin.
	ErrFutureCursor rpc.ErrorName = stream.FutureCursor
	// ErrConsumerTooSlow says that the source ended the stream because the caller read too slowly. With
	// [Options.Reconnect] the subscription connects again when the loop has caught up with half of the queue.
	ErrConsumerTooSlow rpc.ErrorName = stream.ConsumerTooSlow
)

// Error is the error with which a subscription ends because of its connection. The Err of a [Reconnect] is one, too.
type Error struct {
	// Endpoint is the source.
	Endpoint string
	// Position is the position of the last frame, or zero if there was none.
	Position Position
	// Status is the HTTP status of a response that did not open a stream, or 0.
	Status int
	// Code is the code with which the source closed the stream (RFC 6455, section 7.4), or 0 if it did not.
	Code int
	// Name is the error that the source named, such as [ErrConsumerTooSlow], or "".
	Name rpc.ErrorName
	// Message is the source's message for people. It may be empty.
	Message string
	// Err is the underlying error, or nil.
	Err error
}

// newError returns an [*Error] about source if err is, or wraps, a [*stream.Failure], and otherwise err itself.
func newError(source string, err error) error {
	f, ok := errors.AsType[*stream.Failure](err)
	if !ok {
		return err
	}
	e := &Error{Endpoint: source, Position: public(f.Position), Status: f.Status, Code: f.Code, Name: f.Name, Message: f.Message, Err: f.Err}
	if err != error(f) {
		e.Err = err // keeps what err adds to f
	}
	return e
}

// Error returns a text with the endpoint, the cause and the position.
func (e *Error) Error() string {
	var b strings.Builder
	cause := stream.Failure{Status: e.Status, Code: e.Code, Name: e.Name, Message: e.Message, Err: e.Err}
	fmt.Fprintf(&b, "firehose: %s: %s", e.Endpoint, cause.Error())
	if !e.Position.IsZero() {
		fmt.Fprintf(&b, " (after seq %d)", e.Position.Seq)
	}
	return b.String()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is the error name that the source gave, e.Name. It is for errors.Is.
func (e *Error) Is(target error) bool {
	name, ok := target.(rpc.ErrorName)
	return ok && e.Name != "" && name == e.Name
}
