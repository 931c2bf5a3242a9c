package benchmarks

import (
	"crypto/sha256"
	"testing"
	"time"
)

// hashAll is the floor: SHA-256 over the same blocks, on one core.
func hashAll(blocks [][]byte) time.Duration {
	start := time.Now()
	for _, block := range blocks {
		sha256.Sum256(block)
	}
	return time.Since(start)
}

// yardstick compares the time of a benchmark with the floor in the same run.
type yardstick struct{ floor, own time.Duration }

func (y *yardstick) add(floor, own time.Duration) {
	y.floor += floor
	y.own += own
}

// report reports of-floor, the time of the floor over that of the benchmark; both times; and host-MB/s, how fast the host
// hashes one buffer that is always in the processor's caches. Hosts, and one host at different times, differ in how much
// slower than that the floor is, which has to fetch its blocks from memory, and so in what of-floor means.
func (y *yardstick) report(b *testing.B) {
	const size, rounds = 4 << 10, 2000
	var buffer [size]byte
	start := time.Now()
	for range rounds {
		sha256.Sum256(buffer[:])
	}
	b.ReportMetric(rounds*size/1e6/time.Since(start).Seconds(), "host-MB/s")
	b.ReportMetric(float64(y.floor)/float64(y.own), "of-floor")
	b.ReportMetric(float64(y.floor)/1e6/float64(b.N), "floor-ms")
	b.ReportMetric(float64(y.own)/1e6/float64(b.N), "own-ms")
}
