package rpc

import (
	"context"
	"iter"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Subscriber opens the subscriptions of generated code. Package subscribe has one.
type Subscriber interface {
	// Subscribe connects to a subscription and yields its frames. The iteration ends without an error if the server closed
	// the stream regularly. An error ends it; errors.Is matches one that the server named with its [ErrorName].
	Subscribe(ctx context.Context, s *Subscription) iter.Seq2[Frame, error]
}

// Subscription says what to subscribe to.
type Subscription struct {
	NSID   syntax.NSID
	Params Params
	// Resumable says that the method has an integer parameter called cursor, after which the server goes on, and that its
	// messages have an integer called seq, which is such a cursor.
	Resumable bool
}

// Frame is one message of a subscription (https://atproto.com/specs/event-stream).
type Frame struct {
	// Type is the type in the frame's header, such as "#commit".
	Type string
	// Payload is the message in DAG-CBOR. It belongs to the receiver.
	Payload []byte
}

// Messages decodes frames. A message that is not valid is yielded together with its error, and the iteration goes on; an error
// without a message ends it.
func Messages[M any](frames iter.Seq2[Frame, error], decode func(t string, payload []byte) (M, error)) iter.Seq2[M, error] {
	return func(yield func(M, error) bool) {
		for frame, err := range frames {
			if err != nil {
				var none M
				yield(none, err)
				return
			}
			if !yield(decode(frame.Type, frame.Payload)) {
				return
			}
		}
	}
}
