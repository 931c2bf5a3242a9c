package stream

import (
	"context"
	"iter"
	"net/url"
)

// Frames connects to a source and yields its messages as they are received. It ends with an error: a [*Failure], also if the source
// closed the stream regularly ([Failure.Closed]), or that of ctx. A message is valid until the next one; one of more than the
// transport's limit has a larger Size than its Data.
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
