package stream

import (
	"context"
	"iter"
	"net/url"
)

// Frames connects to a source and yields its messages as they are received. It always ends with an error: that of ctx,
// or a [*Failure], even if the source closed the stream normally ([Failure.Closed]). A message is valid until the next
// one. If a message is larger than the transport's limit, its Data is truncated, and its Size is the whole size.
func (t *Transport) Frames(ctx context.Context, address url.URL) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		ended := func(err error) {
			if err = failure(err); ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			yield(Message{}, err)
		}
		c, err := t.dial(ctx, address)
		if err != nil {
			ended(err)
			return
		}
		defer c.end()
		var buf []byte
		for {
			var m Message
			if m, buf, err = c.read(buf); err != nil {
				ended(err)
				return
			}
			if !yield(m, nil) {
				return
			}
		}
	}
}
