package syntax

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// TIDClock makes TIDs from the current time. Each is greater than those that the
// clock made before, even if it makes several within a microsecond or if the
// system's clock is set back. A TIDClock has a random clock identifier from 0 to
// 1023, so that two of them rarely make the same TID.
//
// A TIDClock is safe for concurrent use. It must be made by [NewTIDClock] and
// must not be copied.
//
// Specification: https://atproto.com/specs/tid
type TIDClock struct {
	id   uint64
	last atomic.Int64 // the microseconds of the latest TID
}

// NewTIDClock returns a clock with a random clock identifier.
func NewTIDClock() *TIDClock {
	return &TIDClock{id: rand.Uint64N(1 << tidClockBits)}
}

// Next returns a TID of the current time that is greater than all TIDs that c
// made before.
func (c *TIDClock) Next() TID { return c.Reserve(1) }

// Reserve makes n TIDs that are one microsecond apart and returns the first;
// [TID.Add] derives the others from it, so that a program needs to store only the
// first. They are greater than all TIDs that c made before, and c does not make
// them again. An n below 1 counts as 1.
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
