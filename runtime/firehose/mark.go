package firehose

import (
	"context"
	"sync"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Position is a place in a stream: that of the last frame before it.
type Position struct {
	// Seq is the number of the frame.
	Seq int64 `json:"seq"`
	// Time is the time that the source states in the frame, cut after 32 bytes. It tells a frame that is sent again from
	// another one that has the same number since the source was reset. It may be empty.
	Time syntax.Datetime `json:"time,omitempty"`
}

// IsZero reports whether p is no position at all.
func (p Position) IsZero() bool { return p == Position{} }

// maxTime is how many bytes of a frame's time a position has.
const maxTime = 32

// position is a Position that is made without an allocation.
type position struct {
	seq  int64
	n    uint8
	time [maxTime]byte
}

func newPosition(seq int64, time []byte) position {
	p := position{seq: seq}
	p.n = uint8(copy(p.time[:], time))
	return p
}

func (p position) public() Position {
	return Position{Seq: p.seq, Time: syntax.Datetime(p.time[:p.n])}
}

// MaxUnacknowledged is how many frames may have events that the caller has not acknowledged. When there are so many,
// reading stops until the caller acknowledges one.
const MaxUnacknowledged = 1 << 20

// maxEvents is the highest number of events that a frame can have: one for each operation, and one for the commit.
const maxEvents = 256

// mark is the low-water mark of a subscription: the position before which all events are acknowledged. Frames have
// tickets in the order in which they were read, whatever their numbers, so that a source that starts to count anew does
// not confuse it. It is safe for concurrent use.
type mark struct {
	mu          sync.Mutex
	room        sync.Cond // signalled when a ticket is removed, or the context ends
	first, last *ticket   // those that are not done, and those after one that is not
	open        int       // their number
	at          position  // everything up to here is acknowledged
	known       bool      // whether at is set
}

// ticket is a frame with events.
type ticket struct {
	mark    *mark
	manual  bool // whether the caller acknowledges events itself
	next    *ticket
	through position // of the last frame before that of next
	seen    bool     // whether through is set
	left    int      // how many events are not acknowledged; -1 until their number is known
	acked   [maxEvents / 64]uint64
}

func newMark() *mark {
	m := new(mark)
	m.room.L = &m.mu
	return m
}

// begin returns a ticket for the next frame, which must have a position unless numbered is false. It waits while there
// are too many, and returns nil if ctx ends.
func (m *mark) begin(ctx context.Context, at position, numbered, manual bool) *ticket {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.open >= MaxUnacknowledged {
		if ctx.Err() != nil {
			return nil
		}
		m.room.Wait()
	}
	t := &ticket{mark: m, manual: manual, through: at, seen: numbered, left: -1}
	if m.last == nil {
		m.first = t
	} else {
		m.last.next = t
	}
	m.last = t
	m.open++
	return t
}

// pass notes a frame without events.
func (m *mark) pass(at position) {
	m.mu.Lock()
	if m.last == nil {
		m.at, m.known = at, true
	} else {
		m.last.through, m.last.seen = at, true
	}
	m.mu.Unlock()
}

// expect sets how many events the frame has.
func (t *ticket) expect(events int) {
	t.mark.mu.Lock()
	t.left = events
	t.mark.sweep()
	t.mark.mu.Unlock()
}

// done acknowledges the event with the given number.
func (t *ticket) done(number int) {
	t.mark.mu.Lock()
	defer t.mark.mu.Unlock()
	word, bit := &t.acked[number/64], uint64(1)<<(number%64)
	if *word&bit != 0 {
		return
	}
	*word |= bit
	t.left--
	t.mark.sweep()
}

// sweep removes the tickets at the beginning that are done, and moves the mark.
func (m *mark) sweep() {
	swept := false
	for m.first != nil && m.first.left == 0 {
		if m.first.seen {
			m.at, m.known = m.first.through, true
		}
		m.first = m.first.next
		m.open--
		swept = true
	}
	if m.first == nil {
		m.last = nil
	}
	if swept {
		m.room.Broadcast()
	}
}

// position returns the low-water mark, whether there is one, and the number of frames after it that are not done.
func (m *mark) position() (at position, known bool, open int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at, m.known, m.open
}

// wake wakes what waits, when the context has ended.
func (m *mark) wake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.room.Broadcast()
}
