package benchmarks

import (
	"crypto/sha256"
	"runtime"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/tests/recording"
)

// subscriber returns a client that reads a recording so many times.
func subscriber(tb testing.TB, s *recording.Stream, rounds int) *firehose.Client {
	tb.Helper()
	c, err := firehose.New("ws://stream.test", firehose.WithNetwork(network.Network{AllowPrivate: true, HTTPClient: s.Client(rounds)}))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// BenchmarkStream reads the recorded stream: every frame decoded and filtered, and of those of Layers, the records hashed,
// typed and validated. of-floor is the time of hashing all blocks of all frames over the time of it all; the floor is
// measured in turns. tests/peers compares with indigo.
func BenchmarkStream(b *testing.B) {
	s := recording.Load(b)
	b.Log(s.Summary())
	blocks := s.Blocks()
	for _, bench := range []struct {
		name    string
		options firehose.Options
		records bool
	}{
		{"reused", firehose.Options{Lookup: records.Lookup, Reuse: true}, true},
		{"kept", firehose.Options{Lookup: records.Lookup}, true},
		{"unwanted", firehose.Options{Collections: []string{"com.example.*"}}, false},
	} {
		b.Run(bench.name, func(b *testing.B) {
			c := subscriber(b, s, 1)
			b.ReportAllocs()
			b.ResetTimer()
			var floor, spent time.Duration
			found := 0
			for range b.N {
				start := time.Now()
				for _, block := range blocks {
					sha256.Sum256(block)
				}
				between := time.Now()
				for event, err := range c.Subscribe(b.Context(), &bench.options) {
					if err != nil {
						b.Fatal(err)
					}
					switch e := event.(type) {
					case *firehose.Record:
						if found++; len(e.Issues) > 0 || e.Value == nil {
							b.Fatal(e.URI(), e.Issues)
						}
					case *firehose.BadFrame:
						b.Fatal(e.Err)
					}
				}
				floor += between.Sub(start)
				spent += time.Since(between)
			}
			if found > 0 != bench.records {
				b.Fatalf("%d records", found)
			}
			b.ReportMetric(float64(floor)/float64(spent), "of-floor")
			b.ReportMetric(float64(len(s.Frames)*b.N)/spent.Seconds(), "frames/s")
			b.ReportMetric(float64(found)/float64(b.N), "records")
		})
	}
}

// heap returns the bytes of living objects.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkStreamMemory measures how much memory a subscription takes with a full queue, whose caller takes one event a
// second, and with a loop that keeps up for as many frames as a large relay sends in an hour (2.5 million). peak-MB is the
// most that was alive beside the recording; it must not be above the queue's limit by more than a few MB, and not grow.
func BenchmarkStreamMemory(b *testing.B) {
	s := recording.Load(b)
	const queue = 16 << 20
	for _, bench := range []struct {
		name   string
		frames int
		slow   bool
	}{{"slow", 10_000_000, true}, {"hour", 2_500_000, false}} {
		b.Run(bench.name, func(b *testing.B) {
			c := subscriber(b, s, bench.frames/len(s.Frames))
			base := heap()
			for range b.N {
				var peaks [2]int64 // in the first and in the second half
				monitor, seen, last := new(firehose.Monitor), 0, time.Now()
				const events = 20
				for event, err := range c.Subscribe(b.Context(), &firehose.Options{Lookup: records.Lookup, Queue: queue, Monitor: monitor}) {
					if err != nil {
						b.Fatal(err)
					}
					if e, ok := event.(*firehose.BadFrame); ok {
						b.Fatal(e.Err)
					}
					seen++
					if bench.slow {
						time.Sleep(time.Second)
						half := 2 * seen / (events + 1)
						peaks[half] = max(peaks[half], heap()-base)
						if seen == events {
							break
						}
					} else if time.Since(last) > 200*time.Millisecond {
						half := min(1, int(2*monitor.Health().Frames/int64(bench.frames)))
						peaks[half] = max(peaks[half], heap()-base)
						last = time.Now()
					}
				}
				b.ReportMetric(float64(max(peaks[0], peaks[1]))/1e6, "peak-MB")
				b.ReportMetric(float64(peaks[1]-peaks[0])/1e6, "growth-MB")
				b.ReportMetric(float64(monitor.Health().Frames), "frames")
				if limit := int64(queue + 8<<20); peaks[0] > limit || peaks[1] > limit {
					b.Errorf("%d and %d bytes, limit %d", peaks[0], peaks[1], limit)
				}
			}
		})
	}
}
