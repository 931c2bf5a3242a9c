package rpc

import (
	"context"
	"errors"
	"iter"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Subscriber opens the subscriptions of generated clients. Package subscribe has an implementation.
type Subscriber interface {
	// Subscribe connects to a subscription and yields its frames. The iteration ends without an error if the server
	// closes the stream normally. An error that is a [*BadFrame] is about one frame, and the iteration continues; any
	// other error ends it. errors.Is matches an error that the server sent with its [ErrorName].
	Subscribe(ctx context.Context, s *Subscription) iter.Seq2[Frame, error]
}

// Subscription says what to subscribe to.
type Subscription struct {
	// NSID is the method's name.
	NSID syntax.NSID
	// Params are the parameters of the query string.
	Params Params
	// Resumable says that the method has an integer parameter cursor, after which the server continues, and that its
	// messages have an integer field seq, which can be used as the cursor.
	Resumable bool
}

// Frame is one message of a subscription (https://atproto.com/specs/event-stream).
type Frame struct {
	// Type is the type in the frame's header, such as "#commit".
	Type string
	// Payload is the message in DAG-CBOR. The receiver may keep and modify it.
	Payload []byte
}

// BadFrame is the error for a frame that is malformed. The specification advises to drop the connection after one; to do
// so, leave the loop over the frames.
type BadFrame struct {
	// Data is the frame, or its beginning if it is too large.
	Data []byte
	// Err says what is wrong with the frame.
	Err error
}

// Error returns the text of e.Err.
func (e *BadFrame) Error() string { return e.Err.Error() }

// Unwrap returns e.Err.
func (e *BadFrame) Unwrap() error { return e.Err }

// Messages decodes the messages in frames: it calls decode with the type and the payload of each frame, and yields what
// decode returns. So a message that is not valid is yielded together with its error. For a malformed frame, Messages
// yields the [*BadFrame] and the zero value of M. The iteration continues after both. Any other error of frames is
// yielded and ends it.
func Messages[M any](frames iter.Seq2[Frame, error], decode func(t string, payload []byte) (M, error)) iter.Seq2[M, error] {
	return func(yield func(M, error) bool) {
		for frame, err := range frames {
			if err != nil {
				var none M
				if _, bad := errors.AsType[*BadFrame](err); !yield(none, err) || !bad {
					return
				}
				continue
			}
			if !yield(decode(frame.Type, frame.Payload)) {
				return
			}
		}
	}
}
