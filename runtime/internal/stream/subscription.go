package stream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/internal/pause"
)

// Options are the options of a [Subscription].
type Options struct {
	// Load returns the position that was saved last, and whether there is one; Save saves one. Both are nil if positions
	// are not kept.
	Load func(ctx context.Context) (Position, bool, error)
	Save func(ctx context.Context, p Position) error
	// Cursor is the cursor to begin with if no position was saved. If it is negative, the subscription begins with new
	// messages.
	Cursor int64
	// Reconnect makes the subscription connect again when the connection is lost.
	Reconnect bool
	// Manual leaves it to the caller to acknowledge events. Otherwise an event is acknowledged when yield returns.
	Manual bool
	// Queue is how many bytes of messages and events may wait for the caller's loop.
	Queue int64
}

// Subscription is one iteration over the events of a source.
type Subscription struct {
	transport *Transport
	protocol  Protocol
	report    Reporter
	options   Options
	mark      *mark
	queue     *queue
	began     time.Time

	// The fields up to buf belong to the goroutine that reads.
	last     Position  // of the last message with a number
	known    bool      // whether last is set, from a message, a saved position or a cursor
	verbatim bool      // whether last is of a message that was received, or saved with a time, and not only a cursor
	recent   recent    // the positions of the messages received last
	doubt    *Position // of the first message that may be one of a source that was reset, or nil
	fresh    bool      // whether no message with a number has been received on this connection
	rewind   int       // how many more messages from before the subscription may be skipped
	progress bool      // whether the position has moved on this connection
	ever     bool      // whether there ever was a connection
	until    int64     // the number of the message at which to leave a connection, because another one has it, or 0
	buf      []byte

	over  chan struct{} // closed when the caller's loop has ended
	saved Position      // the position that was saved last
}

// New returns a subscription; [Subscription.Run] connects it.
func New(t *Transport, p Protocol, r Reporter, options Options) *Subscription {
	s := &Subscription{transport: t, protocol: p, report: r, options: options, mark: newMark(), over: make(chan struct{}), began: time.Now()}
	s.recent.ring = make([]Position, 0, maxRecent) // at once, so that no frame allocates
	s.queue = newQueue(options.Queue, p.Workers(), s.process)
	return s
}

// State is the progress of a subscription.
type State struct {
	// Done is the position up to which all events are acknowledged, and Known says whether there is one. Open is the
	// number of messages after it with events that are not acknowledged.
	Done  Position
	Known bool
	Open  int
	// Queued is how many bytes of messages and events wait for the caller's loop.
	Queued int64
}

// State returns the progress of the subscription. It is safe for concurrent use.
func (s *Subscription) State() State {
	var state State
	state.Done, state.Known, state.Open = s.mark.position()
	state.Queued = s.queue.size()
	return state
}

// load sets the position at which the stream begins: the one that was saved, or else the option Cursor.
func (s *Subscription) load(ctx context.Context) error {
	if s.options.Load != nil {
		p, ok, err := s.options.Load(ctx)
		if err != nil {
			return err
		}
		if ok {
			s.last, s.known, s.verbatim = p, true, p.n > 0
			s.saved = p
			return nil
		}
	}
	if s.options.Cursor >= 0 {
		s.last, s.known = Position{Seq: s.options.Cursor}, true
	}
	return nil
}

// Run reads messages in goroutines of its own and yields events in the caller's, until the stream or parent ends or
// yield returns false. It yields an error once, last and with a nil event: a *[Failure], an error of Load or Save, or
// the cause of parent's end. It must be called only once.
func (s *Subscription) Run(parent context.Context, yield func(Event, error) bool) {
	if err := s.load(parent); err != nil {
		yield(nil, err)
		return
	}
	ctx, cancel := context.WithCancelCause(parent)
	stop := context.AfterFunc(ctx, func() {
		s.queue.wake()
		s.mark.wake()
	})
	defer stop()
	var running sync.WaitGroup
	var saver error
	running.Go(func() {
		saver = panics.Catch(func() error { s.saveEverySecond(ctx, cancel); return nil })
		if saver != nil {
			cancel(saver)
		}
	})
	running.Go(func() {
		err := panics.Catch(func() error { return s.follow(ctx) })
		s.report.Lost(err)
		s.queue.end(err)
	})
	looping := true // whether yield may be called
	var err error
	defer func() {
		close(s.over)
		cancel(context.Canceled)
		running.Wait()
		s.queue.group.Wait()
		// The position is saved even if ctx has ended or the loop panicked.
		err = cmp.Or(err, s.save(context.WithoutCancel(parent)))
		if looping && err != nil {
			panics.Resume(err)
			yield(nil, err)
		}
	}()
	for {
		var j *Job
		if j, err = s.queue.next(ctx); j == nil {
			return
		}
		for _, event := range j.events {
			s.report.Yields(event)
			looping = false
			if !yield(event, nil) {
				return
			}
			looping = true
			if !s.options.Manual {
				event.receipt().done()
			}
		}
		s.queue.release(ctx, j)
		if j.ticket != nil {
			s.protocol.Release(j)
		}
	}
}

// process makes the events of a job that was read.
func (s *Subscription) process(ctx context.Context, j *Job) {
	events, err := s.protocol.Events(ctx, j)
	if err != nil {
		if ctx.Err() != nil {
			j.events = []Event{}
			return // the message stays unacknowledged
		}
		events = []Event{s.report.BadFrame(s.protocol.Scan(j.Message), j.Message, err)}
	}
	s.give(j, events)
}

// give sets the events of a job, of which there may be up to [MaxEvents], and their receipts.
func (s *Subscription) give(j *Job, events []Event) {
	if len(events) > MaxEvents {
		panic(fmt.Sprintf("stream: %d events of a message, limit %d", len(events), MaxEvents))
	}
	if j.events = events; events == nil {
		j.events = []Event{}
	}
	for i, e := range events {
		*e.receipt() = Receipt{ticket: j.ticket, number: i}
	}
	j.ticket.expect(len(events))
}

// saveEverySecond saves the position every second if it has changed, until ctx ends. If saving fails, it cancels ctx
// with the error.
func (s *Subscription) saveEverySecond(ctx context.Context, cancel context.CancelCauseFunc) {
	for pause.Wait(ctx, time.Now().Add(time.Second), func() {}) == nil {
		if err := s.save(ctx); err != nil && ctx.Err() == nil {
			cancel(err)
		}
	}
}

// save saves the position if it has changed.
func (s *Subscription) save(ctx context.Context) error {
	if s.options.Save == nil {
		return nil
	}
	at, known, _ := s.mark.position()
	if !known || at == s.saved {
		return nil
	}
	if err := s.options.Save(ctx, at); err != nil {
		return err
	}
	s.saved = at
	return nil
}

// maxRewind is how many messages from before the subscription are skipped at most, after a connection to a quiet source
// was lost before its first message.
const maxRewind = 100_000

// quiet is how long a connection must have been open without a message for its source to count as quiet.
const quiet = 250 * time.Millisecond

// follow makes one connection after the other and reads them. It returns nil when the source has ended the stream.
func (s *Subscription) follow(ctx context.Context) error {
	attempt := 0
	for {
		connected, err := s.connect(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		f := failure(err)
		f.Position = s.last
		if !s.options.Reconnect {
			if f.Closed() && s.protocol.Ended(f) {
				return nil
			}
			return f
		}
		if f.Final(s.ever) {
			return f
		}
		if s.progress {
			attempt = 0
		}
		attempt++
		if !s.known && !connected.IsZero() && !s.protocol.Acks() {
			// There is no position from which to go on. If the source was silent it has few messages, and those since the
			// subscription began are found by their time.
			if s.rewind = 0; time.Since(connected) >= quiet && !errors.Is(f, errRewind) {
				s.rewind = maxRewind
			}
		}
		s.report.Lost(f)
		lost := Lost{Failure: f, Attempt: attempt, Pause: max(Backoff.After(attempt), f.RetryAfter), Gap: !s.known && s.ever && s.rewind == 0 && !s.protocol.Acks()}
		pushed := false
		err = pause.Wait(ctx, time.Now().Add(lost.Pause), func() { pushed = s.push(ctx, s.report.Reconnect(lost)) })
		switch {
		case ctx.Err() != nil || err == nil && !pushed:
			return context.Cause(ctx)
		case err != nil: // the context would end first
			return errors.Join(f, err)
		}
		if f.Name == ConsumerTooSlow {
			if err := s.queue.wait(ctx, s.options.Queue/2); err != nil {
				return context.Cause(ctx)
			}
		}
	}
}

// Backoff determines the pause before a connection is made again. Half of each pause is random, so that the subscribers
// of a source that failed do not all reconnect at once.
var Backoff = pause.Backoff{Base: time.Second, Max: time.Minute, AtLeastHalf: true}

// errRewind is why a connection ends on which maxRewind messages were skipped.
var errRewind = fmt.Errorf("the source sent %d messages from before the subscription", maxRewind)

// Final reports whether connecting again would be useless. ever says whether a connection was ever made.
func (f *Failure) Final(ever bool) bool {
	switch {
	case f.Name == FutureCursor, errors.Is(f, guard.ErrPrivate), errors.Is(f, guard.ErrRedirect):
		return true
	case f.Status/100 != 4 || f.Status == 429 || f.Status == 408:
		return false
	}
	return f.Name != "" || !ever
}

// cursor returns the cursor to connect with, or -1 to receive only new messages.
func (s *Subscription) cursor() int64 {
	switch {
	case s.known:
		return s.last.Seq
	case s.rewind > 0:
		return 0
	}
	return -1
}

// connect makes a connection and reads it to its end. It returns the time at which the connection was made, or the zero
// time if it could not be. The error is never nil.
func (s *Subscription) connect(ctx context.Context) (connected time.Time, err error) {
	s.fresh, s.progress = true, false
	cursor := s.cursor()
	behind := cursor >= 0 && s.protocol.Overlap() > 0
	if behind {
		cursor = -1
	}
	c, err := s.transport.dial(ctx, s.protocol.Address(cursor))
	if err != nil {
		return time.Time{}, err
	}
	defer func() {
		if ctx.Err() != nil {
			// What the loop has done when it ends is still acknowledged.
			<-s.over
			c.acks.flush()
		}
		c.end()
	}()
	s.report.Connected(s.ever)
	s.ever = true
	connected = time.Now()
	if behind {
		if err := s.catchUp(ctx, c); err != nil {
			return connected, err
		}
	}
	return connected, s.read(ctx, c)
}

// read takes the messages of a connection until it ends. The error is never nil.
func (s *Subscription) read(ctx context.Context, c *conn) error {
	for {
		// Nothing is read before there is room for it. Meanwhile the source waits, or gives up.
		if err := s.queue.wait(ctx, s.options.Queue); err != nil {
			return err
		}
		c.acks.wait()
		m, buf, err := c.read(s.buf)
		if s.buf = buf; err != nil {
			return err
		}
		if err := s.take(ctx, c, m); err != nil {
			return err
		}
	}
}

// take handles a message of a connection: it updates the position and adds the message to the queue if it is wanted. It
// returns an error if the connection has to end.
func (s *Subscription) take(ctx context.Context, c *conn, m Message) error {
	f := s.protocol.Scan(m)
	at := Position{}
	if f.HasSeq = f.HasSeq && f.Seq >= 0; f.HasSeq {
		at = NewPosition(f.Seq, f.Time)
		if s.until > 0 && f.Seq >= s.until {
			return errReached
		}
	}
	s.report.Received(f, m.Size, at, time.Now())
	if f.End != nil {
		return f.End
	}
	if f.Err == nil && f.HasSeq {
		if skip, err := s.number(ctx, f.Time, at); skip || err != nil {
			return err
		}
	} else if f.HasSeq && s.known && f.Seq > s.last.Seq && f.Seq-s.last.Seq <= maxJump {
		// The position moves, so that the message is not received again for ever. But the number may be wrong, too.
		s.move(at)
	}
	if f.Err == nil && !f.Wanted {
		if s.known {
			s.mark.pass(s.last)
		}
		if f.Ack != nil {
			c.acks.send(f.Ack)
		}
		return nil
	}
	t := s.mark.begin(ctx, s.last, s.known, s.options.Manual)
	if t == nil {
		return ctx.Err()
	}
	if ack := f.Ack; ack != nil { // a closure over f would move every frame to the heap
		t.all = func() { c.acks.send(ack) }
	}
	if f.Err != nil {
		// The event has the bytes, and nothing of a protocol's memory, which is used again.
		j := NewJob(m)
		j.ticket = t
		s.give(j, []Event{s.report.BadFrame(f, j.Message, f.Err)})
		s.queue.push(ctx, j)
		return nil
	}
	j := s.protocol.Job(m)
	j.ticket, j.lane = t, string(f.DID)
	s.queue.push(ctx, j)
	return nil
}

// maxJump is by how much the number of a malformed message may exceed the last one for the position to move to it.
const maxJump = 1 << 20

// move sets the position to at, that of a message that was received.
func (s *Subscription) move(at Position) {
	s.last, s.known, s.verbatim = at, true, true
	s.fresh, s.progress = false, true
	s.recent.add(at)
}

// number compares the number of a frame with the last one, and moves the position. It reports whether the frame was
// received before, or is older than the subscription.
//
// Within a connection the position moves to the last frame, even if its number is lower: frames that a faulty network
// reorders are then received again after a reconnection, and a number that was damaged does not stay.
func (s *Subscription) number(ctx context.Context, stated []byte, at Position) (skip bool, err error) {
	first := s.fresh
	switch {
	case !s.known:
		if s.rewind > 0 {
			if t, err := time.Parse(time.RFC3339Nano, string(stated)); err == nil && t.Before(s.began.Add(-clockSkew)) {
				if s.rewind--; s.rewind == 0 {
					return true, errRewind
				}
				return true, nil
			}
			s.rewind = 0
		}
	case at == s.last && s.verbatim:
		s.fresh, s.doubt = false, nil
		return true, nil // the source begins with the frame at the cursor
	case first && at.Seq == s.last.Seq && !s.verbatim:
		// The source begins with the frame at the cursor, which the caller chose.
	case first && at.Seq < s.last.Seq:
		again, sure := s.recent.again(at, s.last)
		if again {
			// The reference PDS may begin with frames before the cursor that it was about to send to others. They are
			// yielded, since a source that was reset may also send old frames, but the position stays. In doubt, the frame at
			// the cursor has to follow.
			if !sure && s.doubt == nil {
				s.doubt = new(at)
			}
			return false, nil
		}
		return false, s.reset(ctx, at)
	case s.doubt != nil, first && at.Seq == s.last.Seq:
		return false, s.reset(ctx, at)
	}
	s.move(at)
	return false, nil
}

// reset reports that the source was reset, and sets the position to at, that of the message that showed it.
func (s *Subscription) reset(ctx context.Context, at Position) error {
	first := at
	if s.doubt != nil {
		first = *s.doubt
	}
	if !s.push(ctx, s.report.Reset(s.last, first)) {
		return ctx.Err()
	}
	s.doubt, s.recent.ring, s.recent.next = nil, s.recent.ring[:0], 0
	s.move(at)
	return nil
}

// clockSkew is how far the clock of a source may differ from ours.
const clockSkew = time.Minute

// push adds an event about the stream itself to the queue, once there is room. The event needs no processing and no
// acknowledgement. push returns false if ctx ends first.
func (s *Subscription) push(ctx context.Context, e Event) bool {
	if s.queue.wait(ctx, s.options.Queue) != nil {
		return false
	}
	s.queue.push(ctx, &Job{events: []Event{e}})
	return true
}
