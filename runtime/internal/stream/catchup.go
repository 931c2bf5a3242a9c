package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/panics"
)

var (
	// errArrived is why a connection with a cursor ends when the live connection has received a message.
	errArrived = errors.New("the live connection has received a message")
	// errReached is why a connection with a cursor ends when it has come to the first message of the live connection.
	errReached = errors.New("the first message of the live connection is reached")
)

// maxHeld is how many bytes of messages without a number the live connection may receive before its first message with
// a number.
const maxHeld = 16 << 20

// catchUp takes the messages after the position up to and including the first message of live, a connection that was
// opened without a cursor a moment ago. The caller then continues with live.
//
// It is for sources that lose messages when a connection with a cursor has received all stored messages and receives
// live ones from then on: those of up to [Protocol.Overlap] before the first live message. So catchUp opens each
// connection with a cursor that long after live: the messages that it may lose are messages that live receives. It
// leaves the connection when it comes to the first message of live.
func (s *Subscription) catchUp(ctx context.Context, live *conn) error {
	storing, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var held []Message
	var first int64
	arrived := make(chan error, 1)
	go func() {
		err := panics.Catch(func() (err error) {
			held, first, err = s.firstNumber(live)
			return err
		})
		arrived <- err
		stop(errArrived)
	}()
	fail := func(err error) error {
		live.cut()
		<-arrived
		return err
	}
	select {
	case <-time.After(s.protocol.Overlap()):
	case <-ctx.Done():
		return fail(context.Cause(ctx))
	}
	// Until something happens, one connection is enough. What it receives live, live receives too.
	if storing.Err() == nil {
		if err := s.stored(ctx, storing); context.Cause(storing) != errArrived {
			return fail(err)
		}
	}
	if err := <-arrived; err != nil {
		return err
	}
	// What was left out on that connection, or not received, is stored now, as is the first message.
	if !s.known || s.last.Seq < first {
		s.until = first
		err := s.stored(ctx, ctx)
		s.until = 0
		if err != errReached {
			return err
		}
	}
	for _, m := range held {
		if err := s.take(ctx, live, m); err != nil {
			return err
		}
	}
	return nil
}

// stored opens a connection with the cursor of the position and takes its messages until it ends. If the context
// connecting ends, only the connection ends; the events of the messages that were received are made under ctx. The
// error is never nil.
func (s *Subscription) stored(ctx, connecting context.Context) error {
	c, err := s.transport.dial(connecting, s.protocol.Address(s.cursor()))
	if err != nil {
		return err
	}
	defer c.end()
	return s.read(ctx, c)
}

// firstNumber reads messages up to the first one with a number. It returns the messages, including that one, and its
// number.
func (s *Subscription) firstNumber(c *conn) (held []Message, number int64, err error) {
	size := 0
	for size < maxHeld {
		m, _, err := c.read(nil)
		if err != nil {
			return nil, 0, err
		}
		held = append(held, m)
		if f := s.protocol.Scan(m); f.HasSeq && f.Seq >= 0 {
			return held, f.Seq, nil
		}
		size += len(m.Data)
	}
	return nil, 0, fmt.Errorf("%d bytes of messages without a number", size)
}
