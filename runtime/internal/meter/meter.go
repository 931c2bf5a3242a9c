// Package meter counts how often something happens.
package meter

import (
	"math"
	"time"
)

// Rate is a number of occurrences a second, averaged over about a minute. The zero Rate is ready to use. It must not be
// used by several goroutines at once.
type Rate struct {
	start time.Time // of the second that is being counted
	count float64   // of occurrences in that second
	mean  float64   // weighted mean of occurrences a second; too low until warm is 1
	warm  float64   // from 0 to 1: the weight in mean of the time since the first occurrence
}

// window is how long ago an occurrence has 1/e of the weight of a new one, in seconds.
const window = 60

// Add counts an occurrence at the given time.
func (r *Rate) Add(now time.Time) {
	r.roll(now)
	r.count++
}

// roll ends the second that is being counted, if it has passed.
func (r *Rate) roll(now time.Time) {
	if r.start.IsZero() {
		r.start = now
	}
	passed := now.Sub(r.start).Seconds()
	if passed < 1 {
		return
	}
	keep := math.Exp(-passed / window)
	r.mean = r.mean*keep + r.count/passed*(1-keep)
	r.warm = r.warm*keep + (1 - keep)
	r.count, r.start = 0, now
}

// At returns the rate at the given time, which must not be before the last call of Add.
func (r *Rate) At(now time.Time) float64 {
	r.roll(now)
	if r.warm == 0 {
		return 0
	}
	return r.mean / r.warm
}
