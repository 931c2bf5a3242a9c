package meter_test

import (
	"math"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/meter"
)

// TestRate: the rate is right from the second second on, follows a change within minutes, and falls in silence.
func TestRate(t *testing.T) {
	var r meter.Rate
	now := time.Unix(1000, 0)
	if got := r.At(now); got != 0 {
		t.Errorf("at first it is %v", got)
	}
	run := func(perSecond, seconds int) {
		for range perSecond * seconds {
			r.Add(now)
			now = now.Add(time.Second / time.Duration(perSecond))
		}
	}
	near := func(want float64) {
		t.Helper()
		if got := r.At(now); math.Abs(got-want) > want/20+0.5 {
			t.Errorf("it is %v, want %v", got, want)
		}
	}
	run(100, 3)
	near(100)
	run(10, 600)
	near(10)
	now = now.Add(10 * time.Minute)
	near(0)
}
