package firehose

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Subscribe yields the events of a source with any protocol, as [Client.Subscribe] does for relays and PDSes. It is
// for the packages of this module that read other sources. It calls open with the options, in which the defaults are
// filled in, and with their filter; open returns the protocol.
func Subscribe(ctx context.Context, options *Options, t *stream.Transport, open func(*Options, *stream.Filter) stream.Protocol) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		o, filter, err := options.check()
		if err != nil {
			yield(nil, err)
			return
		}
		p := open(&o, &filter)
		s := stream.New(t, p, &reporter{source: p.Source(), monitor: o.Monitor}, stream.Options{
			Load: o.load(p.Source()), Save: o.save(p.Source()), Cursor: o.Cursor.Or(-1),
			Reconnect: o.Reconnect, Manual: o.Manual, Queue: o.Queue,
		})
		o.Monitor.start(p.Source(), filter.Collections(), s, o.Queue)
		s.Run(ctx, func(e stream.Event, err error) bool {
			if err != nil {
				return yield(nil, newError(p.Source(), err))
			}
			return yield(e.(Event), nil)
		})
	}
}

// load returns a function that loads the position of a source from o.Cursors, or nil if that is nil.
func (o *Options) load(source string) func(context.Context) (stream.Position, bool, error) {
	if o.Cursors == nil {
		return nil
	}
	return func(ctx context.Context) (stream.Position, bool, error) {
		p, ok, err := o.Cursors.Load(ctx, source)
		return stream.NewPosition(p.Seq, []byte(p.Time)), ok, err
	}
}

// save returns a function that saves the position of a source in o.Cursors, or nil if that is nil.
func (o *Options) save(source string) func(context.Context, stream.Position) error {
	if o.Cursors == nil {
		return nil
	}
	return func(ctx context.Context, p stream.Position) error {
		if err := o.Cursors.Save(ctx, source, public(p)); err != nil {
			return fmt.Errorf("firehose: saving the position %d of %s: %w", p.Seq, source, err)
		}
		return nil
	}
}

// Position is a place in a stream: just after a frame.
type Position struct {
	// Seq is the number of the frame.
	Seq int64 `json:"seq"`
	// Time is the time that the source states in the frame, truncated to 32 bytes. It distinguishes a frame that is
	// sent again from a different frame that has the same number because the source was reset. It may be empty.
	Time syntax.Datetime `json:"time,omitempty"`
}

// IsZero reports whether p is the zero Position, before the first frame.
func (p Position) IsZero() bool { return p == Position{} }

// public returns p as the exported type.
func public(p stream.Position) Position {
	return Position{Seq: p.Seq, Time: syntax.Datetime(p.Time())}
}

// MaxUnacknowledged is how many frames may have events that the caller has not acknowledged. When there are so many,
// reading stops until the caller acknowledges one.
const MaxUnacknowledged = stream.MaxUnacknowledged

// reporter makes the events that are about the stream and not about a record or an account, such as a [*Reconnect],
// and keeps the monitor up to date.
type reporter struct {
	source  string
	monitor *Monitor
}

func (r *reporter) Reset(last, next stream.Position) stream.Event {
	return &Reset{Header: Header{Source: r.source}, Last: public(last), Next: public(next)}
}

func (r *reporter) Reconnect(l stream.Lost) stream.Event {
	return &Reconnect{Header: Header{Source: r.source}, Err: newError(r.source, l.Failure), Attempt: l.Attempt, Pause: l.Pause, Position: public(l.Failure.Position), Gap: l.Gap}
}

func (r *reporter) BadFrame(f stream.Frame, m stream.Message, err error) stream.Event {
	e := &BadFrame{Header: Header{Source: r.source, Time: syntax.Datetime(quote.Cut(string(f.Time), 64))}, Frame: m.Data, Size: m.Size, Err: err}
	if f.HasSeq {
		e.Seq = f.Seq
	}
	if did, err := syntax.ParseDID(string(f.DID)); err == nil {
		e.DID = did
	}
	if rev, err := syntax.ParseTID(string(f.Rev)); err == nil {
		e.Rev = rev
	}
	return e
}

func (r *reporter) Connected(again bool)  { r.monitor.connected(again) }
func (r *reporter) Lost(err error)        { r.monitor.lost(newError(r.source, err)) }
func (r *reporter) Yields(e stream.Event) { r.monitor.event(e.(Event)) }
func (r *reporter) Received(f stream.Frame, size int64, at stream.Position, now time.Time) {
	r.monitor.frame(f, size, at, now)
}
