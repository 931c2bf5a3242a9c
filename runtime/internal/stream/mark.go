package stream

import (
	"context"
	"sync"
	"time"
)

// Position is a place in a stream: just after a message. Making one does not allocate.
type Position struct {
	Seq int64
	n   uint8
	at  [maxTime]byte
}

// maxTime is how many bytes of a message's time a Position has.
const maxTime = 32

// NewPosition returns the position after a message with a number and a time, which may be empty. The time distinguishes
// a message that is sent again from a different message that has the same number because the source was reset.
func NewPosition(seq int64, time []byte) Position {
	p := Position{Seq: seq}
	p.n = uint8(copy(p.at[:], time))
	return p
}

// Time returns the time that the source states in the message, truncated to 32 bytes.
func (p *Position) Time() string { return string(p.at[:p.n]) }

// recent has the positions of the last messages of a subscription, on whatever connection they were received.
type recent struct {
	ring []Position
	next int
}

// maxRecent is how many positions are kept. The reference PDS has at most 1,000 events that it is about to send.
const maxRecent = 1024

func (r *recent) add(at Position) {
	if len(r.ring) < cap(r.ring) {
		r.ring = append(r.ring, at)
		return
	}
	r.ring[r.next] = at
	r.next = (r.next + 1) % len(r.ring)
}

// again reports whether a message before the last one, with which a connection begins, is sent once more, and not another
// message of a source that was reset; and whether that is sure. One that was received has the same number and time. Of one that
// was not, perhaps since the subscription is younger, only a time that is clearly later says that the source was reset.
func (r *recent) again(at, last Position) (again, sure bool) {
	for _, received := range r.ring {
		if received == at {
			return true, true
		}
		sure = sure || received.Seq == at.Seq
	}
	return !sure && at.before(last, disorder), sure
}

// disorder is by how much the times of a source may be out of order. A busy reference PDS reads the clock for a message before
// it has a number, so that of two messages the one with the lower number may have the later time.
const disorder = 10 * time.Second

// before reports whether the source states an earlier time in p than in other, or one that is later by less than a tolerance;
// false if one of them states none.
func (p *Position) before(other Position, tolerance time.Duration) bool {
	at, err := time.Parse(time.RFC3339Nano, p.Time())
	if err != nil {
		return false
	}
	last, err := time.Parse(time.RFC3339Nano, other.Time())
	return err == nil && at.Before(last.Add(tolerance))
}

// MaxUnacknowledged is how many frames may have events that the caller has not acknowledged. When there are so many,
// reading stops until the caller acknowledges one.
const MaxUnacknowledged = 1 << 20

// MaxEvents is the highest number of events that a message can have.
const MaxEvents = 256

// mark is the low-water mark of a subscription: the position before which all events are acknowledged. Frames have
// tickets in the order in which they were read, whatever their numbers, so that a source that starts to count anew does
// not confuse it. It is safe for concurrent use.
type mark struct {
	mu          sync.Mutex
	room        sync.Cond // signalled when a ticket is removed, or the context ends
	first, last *ticket   // those that are not done, and those after one that is not
	open        int       // their number
	at          Position  // everything up to here is acknowledged
	known       bool      // whether at is set
}

// ticket is a frame with events.
type ticket struct {
	mark    *mark
	manual  bool // whether the caller acknowledges events itself
	next    *ticket
	through Position // of the last frame before that of next
	seen    bool     // whether through is set
	left    int      // how many events are not acknowledged; -1 until their number is known
	all     func()   // called when all are, or nil
	acked   [MaxEvents / 64]uint64
}

// Receipt makes an event acknowledgeable. The types of events embed it, and so implement [Event].
type Receipt struct {
	ticket *ticket // nil if the event needs no acknowledgement
	number int     // of the event among those of its message
}

// Event is an event of any kind.
type Event interface{ receipt() *Receipt }

func (r *Receipt) receipt() *Receipt { return r }

// Ack acknowledges the event: the caller is done with it. It has no effect unless the subscription leaves acknowledging
// to the caller.
func (r *Receipt) Ack() {
	if r.ticket != nil && r.ticket.manual {
		r.done()
	}
}

// done counts the event as acknowledged.
func (r *Receipt) done() {
	if r.ticket != nil {
		r.ticket.done(r.number)
	}
}

func newMark() *mark {
	m := new(mark)
	m.room.L = &m.mu
	return m
}

// begin returns a ticket for the next frame, which must have a position unless numbered is false. It waits while there
// are too many, and returns nil if ctx ends.
func (m *mark) begin(ctx context.Context, at Position, numbered, manual bool) *ticket {
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
func (m *mark) pass(at Position) {
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
	if events == 0 && t.all != nil {
		t.all()
	}
}

// done acknowledges the event with the given number.
func (t *ticket) done(number int) {
	if t.count(number) && t.all != nil {
		t.all()
	}
}

// count notes that an event is acknowledged, and reports whether it was the last one that was not.
func (t *ticket) count(number int) bool {
	t.mark.mu.Lock()
	defer t.mark.mu.Unlock()
	word, bit := &t.acked[number/64], uint64(1)<<(number%64)
	if *word&bit != 0 {
		return false
	}
	*word |= bit
	t.left--
	t.mark.sweep()
	return t.left == 0
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
func (m *mark) position() (at Position, known bool, open int) {
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
