package stream

import (
	"context"
	"sync"
	"time"
)

// Position is a place in a stream, just after a message. It contains no pointers, and making one does not allocate.
type Position struct {
	Seq int64         // the number of the message
	n   uint8         // the length of its time in at
	at  [maxTime]byte // its time, as the source states it, truncated
}

// maxTime is how many bytes of a message's time a Position keeps.
const maxTime = 32

// NewPosition returns the position after a message with the number seq and the given time, which may be empty. The time
// distinguishes a message that is sent again from a different message that has the same number because the source was
// reset.
func NewPosition(seq int64, time []byte) Position {
	p := Position{Seq: seq}
	p.n = uint8(copy(p.at[:], time))
	return p
}

// Time returns the time that the source states in the message, truncated to 32 bytes, or "".
func (p *Position) Time() string { return string(p.at[:p.n]) }

// recent has the positions of the messages that a subscription has received last, on any of its connections.
type recent struct {
	ring []Position
	next int // the index in ring of the oldest position, once ring is full
}

// maxRecent is how many positions are kept. It exceeds the 1,000 events that the reference PDS may have waiting to be
// sent.
const maxRecent = 1024

// add adds a position, and removes the oldest one if there are maxRecent.
func (r *recent) add(at Position) {
	if len(r.ring) < cap(r.ring) {
		r.ring = append(r.ring, at)
		return
	}
	r.ring[r.next] = at
	r.next = (r.next + 1) % len(r.ring)
}

// again is called for the first message of a connection if its position at is before last, that of the last message
// received. It reports whether the source is sending the message again, rather than a different one with a lower number
// because the source was reset; sure reports whether that is certain.
//
// It is certain if a message with the same number was received recently: it is the same message if its time is the
// same, too. Otherwise, perhaps because the subscription is younger than the message, the source counts as reset if the
// message's time is clearly later than that of last, or if one of them has no time.
func (r *recent) again(at, last Position) (again, sure bool) {
	for _, received := range r.ring {
		if received == at {
			return true, true
		}
		sure = sure || received.Seq == at.Seq
	}
	return !sure && at.before(last, disorder), sure
}

// disorder is by how much the times of a source's messages may be out of order. A busy reference PDS reads the clock
// for a message before the message has a number, so that of two messages the one with the lower number may have the
// later time.
const disorder = 10 * time.Second

// before reports whether the time of p is earlier than that of other, or later by less than tolerance. It returns false
// if one of them has no time in the format of RFC 3339.
func (p *Position) before(other Position, tolerance time.Duration) bool {
	at, err := time.Parse(time.RFC3339Nano, p.Time())
	if err != nil {
		return false
	}
	last, err := time.Parse(time.RFC3339Nano, other.Time())
	return err == nil && at.Before(last.Add(tolerance))
}

// MaxUnacknowledged is how many messages may have events that the caller has not acknowledged. When there are so many,
// the subscription stops reading until the caller has acknowledged all events of the first of them.
const MaxUnacknowledged = 1 << 20

// MaxEvents is the largest number of events that one message may have.
const MaxEvents = 256

// mark is the low-water mark of a subscription: the position up to which all events are acknowledged. Each frame with
// events has a ticket. Tickets are in the order in which the frames were read, whatever their numbers, so that a source
// that starts counting again does not confuse the mark. It is safe for concurrent use.
type mark struct {
	mu          sync.Mutex
	room        sync.Cond // signalled when a ticket is removed, or the context ends
	first, last *ticket   // a list that begins with the oldest ticket that is not done
	open        int       // how many tickets are in the list
	at          Position  // everything up to here is acknowledged
	known       bool      // whether at is set
}

// ticket counts the events of one frame that are not acknowledged. It is done when there are none.
type ticket struct {
	mark    *mark
	manual  bool                   // whether the caller acknowledges events itself
	next    *ticket                // the ticket of a later frame, or nil
	through Position               // of the last frame before that of next; the mark moves there
	seen    bool                   // whether through is set
	left    int                    // how many events are not acknowledged; -1 until their number is known
	all     func()                 // called when all events are acknowledged, or nil
	acked   [MaxEvents / 64]uint64 // one bit for each event, set if it is acknowledged
}

// Receipt lets the caller acknowledge an event. The types of events embed it, and so implement [Event].
type Receipt struct {
	ticket *ticket // nil if the event needs no acknowledgement
	number int     // of the event among those of its message
}

// Event is an event of any kind. Its types embed [Receipt].
type Event interface{ receipt() *Receipt }

func (r *Receipt) receipt() *Receipt { return r }

// Ack acknowledges the event: the caller is done with it. It has no effect unless the subscription leaves acknowledging
// to the caller. Further calls have no effect. Ack is safe for concurrent use.
func (r *Receipt) Ack() {
	if r.ticket != nil && r.ticket.manual {
		r.done()
	}
}

// done acknowledges the event, whether or not that is left to the caller.
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

// begin returns a ticket for the next frame. at is the position after it, unless numbered is false; manual says whether
// the caller acknowledges its events. begin waits while [MaxUnacknowledged] tickets are open, and returns nil if ctx
// ends.
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

// pass notes that a frame without events was read, after which the position is at. The mark moves there as soon as all
// events before it are acknowledged.
func (m *mark) pass(at Position) {
	m.mu.Lock()
	if m.last == nil {
		m.at, m.known = at, true
	} else {
		m.last.through, m.last.seen = at, true
	}
	m.mu.Unlock()
}

// expect sets how many events the frame has. Before, the ticket is not done.
func (t *ticket) expect(events int) {
	t.mark.mu.Lock()
	t.left = events
	t.mark.sweep()
	t.mark.mu.Unlock()
	if events == 0 && t.all != nil {
		t.all()
	}
}

// done acknowledges the event with the given number among those of the frame.
func (t *ticket) done(number int) {
	if t.count(number) && t.all != nil {
		t.all()
	}
}

// count notes that an event is acknowledged, and reports whether it was the last event of the frame that was not.
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

// sweep removes the tickets that are done from the beginning of the list, and moves the mark past them. The mark must
// be locked.
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

// position returns the low-water mark, whether there is one, and how many frames have tickets that are open.
func (m *mark) position() (at Position, known bool, open int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at, m.known, m.open
}

// wake wakes the goroutines that wait in begin. It must be called when their context has ended.
func (m *mark) wake() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.room.Broadcast()
}
