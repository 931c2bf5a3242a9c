//go:build !race

package nasty

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// row is one kind of hostile input, and what reads it.
type row struct {
	name string
	// input makes an input of about size bytes.
	input func(size int) []byte
	// run is what is measured. It keeps nothing, and fails the test itself if its result is not the expected one.
	run func(t *testing.T, input []byte)
	// size is the larger size in bytes, 0 for 4 MiB. The smaller one is a quarter of it.
	size int
	// peak is the bound on the heap in bytes for an input of n bytes, nil for that of decoding.
	peak func(n int) int64
}

// decodingPeak is the bound that every call that decodes n bytes keeps to.
func decodingPeak(n int) int64 { return 16<<20 + 24*int64(n) }

// measure checks time and memory of each row in a subtest of its own.
func measure(t *testing.T, rows []row) {
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			if err := r.check(t); err != nil {
				t.Error(err)
			}
		})
	}
}

// check returns what is over its bound.
func (r row) check(t *testing.T) error {
	size := r.size
	if size == 0 {
		size = 4 << 20
	}
	small, large := r.input(size/4), r.input(size)
	if ratio := float64(len(large)) / float64(len(small)); ratio < 3 || ratio > 5 {
		return fmt.Errorf("inputs of %d and %d bytes are not one and four times a size", len(small), len(large))
	}
	peak := r.peak
	if peak == nil {
		peak = decodingPeak
	}
	for _, input := range [][]byte{small, large} {
		used, most := peakHeap(func() { r.run(t, input) }, peak(len(input))), peak(len(input))
		if used > most {
			return fmt.Errorf("%d bytes take %d bytes of heap at their peak (%d times their size), over the bound of %d",
				len(input), used, used/int64(len(input)), most)
		}
	}
	return linear(func() { r.run(t, small) }, func() { r.run(t, large) })
}

// linear returns an error when large, which has four times the work of small, takes eight times as long or longer. What
// counts is the processor's time, so that what else the machine does matters little.
func linear(small, large func()) error {
	const runs, attempts = 3, 4
	// Without this the larger run has a garbage collection more often than the smaller one.
	defer debug.SetGCPercent(debug.SetGCPercent(1000))
	var err error
	for range attempts { // noise makes a ratio worse at times, never better each time
		var times [2][]time.Duration
		for range runs {
			for i, f := range []func(){small, large} {
				runtime.GC()
				start := cpuTime()
				f()
				times[i] = append(times[i], cpuTime()-start)
			}
		}
		// A time below what a clock and a garbage collection disturb tells nothing.
		least, most := max(slices.Min(times[0]), 100*time.Microsecond), slices.Min(times[1])
		if most < 8*least {
			return nil
		}
		err = fmt.Errorf("four times the input takes %.1f times as long: %v after %v", float64(most)/float64(least), most, least)
	}
	return err
}

// peakHeap returns the most bytes of heap that f takes at one time, or a larger number within enough. What f allocates
// altogether is never less than that, and is exact. If it is more than enough, f runs again, with a garbage
// collection whenever the heap has grown by a tenth, and with the heap read all the time.
func peakHeap(f func(), enough int64) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	if total := int64(after.TotalAlloc - before.TotalAlloc); total <= enough {
		return total
	}
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(max(2, runtime.GOMAXPROCS(0))))
	runtime.GC()
	base := heapObjects()
	var peak atomic.Int64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			peak.Store(max(peak.Load(), heapObjects()))
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Microsecond):
			}
		}
	}()
	f()
	close(stop)
	<-stopped
	return peak.Load() - base
}

// heapObjects returns the bytes of all objects that are alive or not yet collected.
func heapObjects() int64 {
	sample := [1]metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample[:])
	return int64(sample[0].Value.Uint64())
}

// TestMeter: the meter tells functions that break a bound from those that do not.
func TestMeter(t *testing.T) {
	input := func(size int) []byte { return make([]byte, size) }
	var keep []byte
	tests := []struct {
		name string
		run  func(t *testing.T, b []byte)
		ok   bool
	}{
		{"nothing", func(*testing.T, []byte) {}, true},
		{"as much as is allowed", func(_ *testing.T, b []byte) { keep = make([]byte, 16<<20+20*len(b)) }, true},
		{"garbage, one piece after the other", func(_ *testing.T, b []byte) {
			for range 100 {
				keep = make([]byte, len(b))
			}
		}, true},
		{"too much at once", func(_ *testing.T, b []byte) { keep = make([]byte, 16<<20+40*len(b)) }, false},
		{"too much in between", func(_ *testing.T, b []byte) {
			pieces := make([][]byte, 80)
			for i := range pieces {
				pieces[i] = make([]byte, len(b))
			}
			runtime.KeepAlive(pieces)
			keep = nil
		}, false},
		{"quadratic", func(_ *testing.T, b []byte) {
			sum := byte(0)
			for i := 0; i < len(b); i += 8 << 10 {
				for _, c := range b {
					sum += c
				}
			}
			keep = []byte{sum}
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := row{input: input, run: test.run, size: 1 << 20}.check(t)
			if (err == nil) != test.ok {
				t.Error(err)
			}
			t.Log(err)
		})
	}
	runtime.KeepAlive(keep)
}
