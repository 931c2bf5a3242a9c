package syntax

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// TIDClock makes TIDs from the time of day. Each is greater than those that the
// clock made before, also when several are made within a microsecond and when
// the time of day is set back. A clock has a random number from 0 to 1023, so
// that two of them seldom make the same TID.
//
// A TIDClock is safe for concurrent use. It must be made by [NewTIDClock] and
// not be copied.
//
// Specification: https://atproto.com/specs/tid
type TIDClock struct {
	id   uint64
	last atomic.Int64 // the microseconds of the latest TID
}

// NewTIDClock returns a clock with a random number.
func NewTIDClock() *TIDClock {
	return &TIDClock{id: rand.Uint64N(1 << tidClockBits)}
}

// Next returns a TID of the present time that is greater than all TIDs of c
// before it.
func (c *TIDClock) Next() TID { return c.Reserve(1) }

// Reserve returns the first of n TIDs of c, which follow each other by the
// microsecond: [TID.Add] makes the others of it. They are greater than all TIDs
// of c before them, and no later one is among them. To know them all, no more
// has to be stored than the first. An n below 1 is taken as 1.
func (c *TIDClock) Reserve(n int) TID {
	n = max(n, 1)
	for {
		last := c.last.Load()
		next := max(time.Now().UnixMicro(), last+1)
		if c.last.CompareAndSwap(last, next+int64(n)-1) {
			return encodeTID(uint64(next)<<tidClockBits | c.id)
		}
	}
}
