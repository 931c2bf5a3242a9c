package firehose

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/runtime/guard"
	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/rpc"
)

// Subscribe connects to the source and yields its events. A nil options means the zero value.
//
// Events of one repository are in order. Events of different repositories are in turn, so that one with many does not
// hold up the others; a [*Reset], a [*Reconnect] and an [*Info] can come before events that were received earlier.
//
// Without [Options.Reconnect], the iteration ends with the connection: without an error if the source closed it with the
// code 1000 (done) or 1001 (going away), and with an [*Error] otherwise. With it, the iteration yields a [*Reconnect] for
// each attempt to connect again, and ends with an [*Error] only if that is of no use: the source says that the cursor is
// ahead of it ([ErrFutureCursor]) or refuses the request in the protocol's own form, its address is not a public one, or
// the first answer is a client error (a status of 4xx, except 429) in any form.
//
// When ctx ends, the iteration ends soon with the error that is ctx's cause. An error of [Options.Cursors] and of wrong
// options ends it, too. An error is yielded once, with a nil event.
func (c *Client) Subscribe(ctx context.Context, options *Options) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		o, want, err := options.check()
		if err != nil {
			yield(nil, err)
			return
		}
		s := &subscription{client: c, source: c.Endpoint(), options: &o, filter: want, mark: newMark(), began: time.Now()}
		if err := s.load(ctx); err != nil {
			yield(nil, err)
			return
		}
		s.run(ctx, yield)
	}
}

// subscription is one call of Subscribe.
type subscription struct {
	client  *Client
	source  string
	options *Options
	filter  filter
	mark    *mark
	queue   *queue
	began   time.Time

	// What follows belongs to the goroutine that reads.
	last     position // of the last frame with a number
	known    bool     // whether there is one, or a cursor
	verbatim bool     // whether last is of a frame that was received, or of one that was saved
	fresh    bool     // whether no frame with a number has been received on this connection
	rewind   int      // how many more frames may be skipped that are older than the subscription
	progress bool     // whether the position has moved on this connection
	ever     bool     // whether there ever was a connection
	buf      []byte

	saved Position // the last that was saved
}

// load sets where the stream begins.
func (s *subscription) load(ctx context.Context) error {
	if s.options.Cursors != nil {
		p, ok, err := s.options.Cursors.Load(ctx, s.source)
		if err != nil {
			return err
		}
		if ok {
			s.last, s.known, s.verbatim = newPosition(p.Seq, []byte(p.Time)), true, p.Time != ""
			s.saved = p
			return nil
		}
	}
	if n, ok := s.options.Cursor.Get(); ok {
		s.last, s.known = newPosition(n, nil), true
	}
	return nil
}

// run reads in one goroutine and yields events in the caller's. The iteration ends when both have.
func (s *subscription) run(parent context.Context, yield func(Event, error) bool) {
	ctx, cancel := context.WithCancelCause(parent)
	d := &decoding{source: s.source, options: s.options, filter: &s.filter, keys: s.client.keys}
	s.queue = newQueue(s.options.Queue, d.workers(), d.process)
	s.options.Monitor.start(s.source, s.filter.exact, s.mark, s.queue)
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
		s.options.Monitor.lost(err)
		s.queue.end(err)
	})
	looping := true // whether yield may be called
	var err error
	defer func() {
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
		var j *job
		if j, err = s.queue.next(ctx); j == nil {
			return
		}
		for _, event := range j.events {
			s.options.Monitor.event(event)
			looping = false
			if !yield(event, nil) {
				return
			}
			looping = true
			if !s.options.Manual {
				event.Head().done()
			}
		}
		s.queue.release(ctx, j)
		d.release(j)
	}
}

// saveEverySecond saves the position when it has changed. If that fails, it ends the subscription.
func (s *subscription) saveEverySecond(ctx context.Context, cancel context.CancelCauseFunc) {
	for sleep(ctx, time.Second) == nil {
		if err := s.save(ctx); err != nil && ctx.Err() == nil {
			cancel(err)
		}
	}
}

// save saves the position if it has changed.
func (s *subscription) save(ctx context.Context) error {
	if s.options.Cursors == nil {
		return nil
	}
	at, known, _ := s.mark.position()
	p := at.public()
	if !known || p == s.saved {
		return nil
	}
	if err := s.options.Cursors.Save(ctx, s.source, p); err != nil {
		return fmt.Errorf("firehose: saving the position %d of %s: %w", p.Seq, s.source, err)
	}
	s.saved = p
	return nil
}

// maxRewind is how many frames are received again at most, when a connection to a quiet source was lost before its first
// frame.
const maxRewind = 100_000

// quiet is how long a source has to be silent before it counts as quiet.
const quiet = 250 * time.Millisecond

// follow reads one connection after the other. It returns nil when the source has ended the stream.
func (s *subscription) follow(ctx context.Context) error {
	attempt := 0
	for {
		connected, err := s.connect(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		e := ending(err)
		e.Endpoint, e.Position = s.source, s.position()
		if !s.options.Reconnect {
			if e.clean() {
				return nil
			}
			return e
		}
		if s.final(e) {
			return e
		}
		if s.progress {
			attempt = 0
		}
		attempt++
		if !s.known && !connected.IsZero() {
			// There is no position from which to go on. If the source was silent it has few frames, and those since the
			// subscription began are found by their time.
			if s.rewind = 0; time.Since(connected) >= quiet && !errors.Is(e, errRewind) {
				s.rewind = maxRewind
			}
		}
		gap := !s.known && s.ever && s.rewind == 0
		wait := max(pauseBefore(attempt), e.retryAfter)
		s.options.Monitor.lost(e)
		if !s.push(ctx, &Reconnect{Header: Header{Source: s.source}, Err: e, Attempt: attempt, Pause: wait, Position: s.position(), Gap: gap}) {
			return context.Cause(ctx)
		}
		if err := sleep(ctx, wait); err != nil {
			return context.Cause(ctx)
		}
		if e.Name == ErrConsumerTooSlow {
			if err := s.queue.wait(ctx, s.options.Queue/2); err != nil {
				return context.Cause(ctx)
			}
		}
	}
}

var errRewind = fmt.Errorf("the source sent %d frames from before the subscription", maxRewind)

// final reports whether it is of no use to connect again.
func (s *subscription) final(e *Error) bool {
	switch {
	case e.Name == ErrFutureCursor, errors.Is(e, guard.ErrPrivate), errors.Is(e, guard.ErrRedirect):
		return true
	case e.Status/100 != 4 || e.Status == 429 || e.Status == 408:
		return false
	}
	return e.Name != "" || !s.ever
}

func (s *subscription) position() Position {
	if !s.known {
		return Position{}
	}
	return s.last.public()
}

// connect reads one connection to its end. The error is never nil.
func (s *subscription) connect(ctx context.Context) (connected time.Time, err error) {
	cursor := int64(-1)
	switch {
	case s.known:
		cursor = s.last.seq
	case s.rewind > 0:
		cursor = 0
	}
	s.fresh, s.progress = true, false
	c, err := s.client.transport.dial(ctx, s.client.at(cursor))
	if err != nil {
		return time.Time{}, err
	}
	defer c.end()
	s.options.Monitor.connected(s.ever)
	s.ever = true
	connected = time.Now()
	for {
		// Nothing is read before there is room for it. Meanwhile the source waits, or gives up.
		if err := s.queue.wait(ctx, s.options.Queue); err != nil {
			return connected, err
		}
		m, buf, err := c.read(s.buf)
		if s.buf = buf; err != nil {
			return connected, err
		}
		if err := s.take(ctx, m); err != nil {
			return connected, err
		}
	}
}

// take decides what becomes of a frame. It returns an error if the connection has to end.
func (s *subscription) take(ctx context.Context, m message) error {
	var f frame
	var bad error
	switch {
	case m.size > MaxFrame:
		f.scan(m.data, &s.filter) // for its number, which is near the beginning
		bad = fmt.Errorf("%w: %d bytes, limit %d", ErrFrameSize, m.size, MaxFrame)
	case !m.binary:
		bad = fmt.Errorf("%w: text", ErrFrame)
	default:
		bad = f.scan(m.data, &s.filter)
	}
	if f.seq < 0 || f.typ == typeInfo || f.typ == typeError {
		f.hasSeq = false
	}
	at := position{}
	if f.hasSeq {
		at = newPosition(f.seq, f.time)
	}
	s.options.Monitor.frame(m.size, &f, at, time.Now())
	if bad == nil && f.typ == typeError {
		return &Error{Name: rpc.ErrorName(cut(string(f.name), maxName)), Message: cut(string(f.message), maxText)}
	}
	if bad == nil && f.hasSeq {
		if skip, err := s.number(ctx, &f, at); skip || err != nil {
			return err
		}
	} else if f.hasSeq && s.known && f.seq > s.last.seq && f.seq-s.last.seq <= maxJump {
		// The position moves, so that the frame is not received again for ever. But the number may be wrong, too.
		s.move(at)
	}
	if bad == nil && !s.wants(&f) {
		s.mark.pass(s.last)
		return nil
	}
	t := s.mark.begin(ctx, s.last, s.known, s.options.Manual)
	if t == nil {
		return ctx.Err()
	}
	j := s.job(m.data)
	j.ticket = t
	if bad == nil {
		j.frame.scan(j.data, &s.filter)
		j.frame.hasSeq = f.hasSeq
		if f.typ != typeInfo {
			j.did = string(f.did)
		}
	} else {
		e := badFrame(s.source, &f, j.data, m.size, bad)
		e.ticket = t
		j.events = []Event{e}
		t.expect(1)
	}
	s.queue.push(ctx, j)
	return nil
}

// maxJump is how far the number of a malformed frame may be ahead of the last one.
const maxJump = 1 << 20

// move sets the position to that of a frame that was received.
func (s *subscription) move(at position) {
	s.last, s.known, s.verbatim = at, true, true
	s.fresh, s.progress = false, true
}

// number compares the number of a frame with the last one, and moves the position. It reports whether the frame was
// received before, or is older than the subscription.
//
// Within a connection the position moves to the last frame, even if its number is lower: frames that a faulty network
// reorders are then received again after a reconnection, and a number that was damaged does not stay.
func (s *subscription) number(ctx context.Context, f *frame, at position) (skip bool, err error) {
	first := s.fresh
	switch {
	case !s.known:
		if s.rewind > 0 {
			if stated, err := time.Parse(time.RFC3339Nano, string(f.time)); err == nil && stated.Before(s.began.Add(-clockSkew)) {
				if s.rewind--; s.rewind == 0 {
					return true, errRewind
				}
				return true, nil
			}
			s.rewind = 0
		}
	case at == s.last && s.verbatim:
		s.fresh = false
		return true, nil // the source begins with the frame at the cursor
	case first && at.seq == s.last.seq && !s.verbatim:
		// The source begins with the frame at the cursor, which the caller chose.
	case first && at.seq <= s.last.seq:
		if !s.push(ctx, &Reset{Header: Header{Source: s.source}, Last: s.position(), Next: at.public()}) {
			return false, ctx.Err()
		}
	}
	s.move(at)
	return false, nil
}

// clockSkew is how far the clock of a source may differ from ours.
const clockSkew = time.Minute

// wants reports whether a frame leads to an event.
func (s *subscription) wants(f *frame) bool {
	switch f.typ {
	case typeInfo:
		return true
	case typeCommit:
		if !s.filter.wantsRepo(f.did) {
			return false
		}
		return f.wanted || f.tooBig || s.options.Commits != nil && s.options.Commits(f.did)
	}
	return s.filter.wantsRepo(f.did)
}

// job returns a job with a copy of a frame.
func (s *subscription) job(data []byte) *job {
	if s.options.Reuse {
		j := reusedJob(s.options.Overwrite)
		j.reused.frame = append(j.reused.frame[:0], data...)
		j.data, j.cost = j.reused.frame, int64(len(data))
		return j
	}
	return &job{data: bytes.Clone(data), cost: int64(len(data))}
}

// push adds an event of the stream itself to the queue, where it waits for nothing. It returns false if ctx ends.
func (s *subscription) push(ctx context.Context, e Event) bool {
	if s.queue.wait(ctx, s.options.Queue) != nil {
		return false
	}
	s.queue.push(ctx, &job{events: []Event{e}})
	return true
}
