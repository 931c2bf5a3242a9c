package repo_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// BenchmarkWalk reads all records of repositories, verified. Beside the time it reports what part of
// it the hashing of the same blocks takes, which is measured in turns with it: "of-floor" is 1 where
// everything else costs nothing.
func BenchmarkWalk(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("%d", n), func(b *testing.B) {
			archive, err := corpus.New(n).CAR()
			if err != nil {
				b.Fatal(err)
			}
			blocks := blocksOf(b, archive)
			open := map[string]func() (*repo.Repo, error){
				"bytes": func() (*repo.Repo, error) { return repo.FromBytes(b.Context(), archive) },
				"source": func() (*repo.Repo, error) {
					return repo.Open(b.Context(), bytes.NewReader(archive), int64(len(archive)))
				},
			}
			for _, from := range []string{"bytes", "source"} {
				b.Run(from, func(b *testing.B) {
					b.SetBytes(int64(len(archive)))
					b.ReportAllocs()
					var floor, walk time.Duration
					for b.Loop() {
						b.StopTimer()
						start := time.Now()
						for _, block := range blocks {
							sha256.Sum256(block)
						}
						floor += time.Since(start)
						b.StartTimer()
						start = time.Now()
						r, err := open[from]()
						if err != nil {
							b.Fatal(err)
						}
						count := 0
						for _, err := range r.Records(b.Context()) {
							if err != nil {
								b.Fatal(err)
							}
							count++
						}
						if count != n {
							b.Fatalf("%d records", count)
						}
						walk += time.Since(start)
					}
					b.ReportMetric(float64(floor)/float64(walk), "of-floor")
				})
			}
		})
	}
}

// blocksOf returns the blocks of an archive, as parts of it.
func blocksOf(tb testing.TB, archive []byte) [][]byte {
	tb.Helper()
	index, err := car.NewIndexBytes(tb.Context(), archive)
	if err != nil {
		tb.Fatal(err)
	}
	var blocks [][]byte
	for _, l := range index.NewSet().Others() {
		blocks = append(blocks, archive[l.Offset():l.Offset()+int64(l.Size())])
	}
	return blocks
}
