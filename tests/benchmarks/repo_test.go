package benchmarks

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// blocksOf returns the blocks of an archive in memory.
func blocksOf(b *testing.B, archive []byte) [][]byte {
	b.Helper()
	index, err := car.NewIndexBytes(b.Context(), archive)
	if err != nil {
		b.Fatal(err)
	}
	var blocks [][]byte
	for _, l := range index.NewSet().Others() {
		blocks = append(blocks, archive[l.Offset():l.Offset()+int64(l.Size())])
	}
	return blocks
}

// BenchmarkRepo reads a repository of 10,000 records from memory, with every block checked: raw, and with
// every record decoded and validated. of-floor is the time of hashing alone over the time of it all.
//
// -cpu says on how many cores; the floor is measured on one.
func BenchmarkRepo(b *testing.B) {
	const n = 10_000
	archive, err := corpus.New(n).CAR()
	if err != nil {
		b.Fatal(err)
	}
	blocks := blocksOf(b, archive)
	typed := func(options repo.DecodeOptions) func(context.Context, *repo.Repo) (int, int, error) {
		return func(ctx context.Context, r *repo.Repo) (count, size int, err error) {
			for d, err := range r.Decode(ctx, records.Lookup, &options) {
				if err != nil {
					return 0, 0, err
				}
				if d.Issues != nil {
					return 0, 0, &issue.Error{Issues: d.Issues}
				}
				count++
				size += len(d.Data)
			}
			return count, size, nil
		}
	}
	for name, read := range map[string]func(context.Context, *repo.Repo) (int, int, error){
		"raw": func(ctx context.Context, r *repo.Repo) (count, size int, err error) {
			for record, err := range r.Records(ctx) {
				if err != nil {
					return 0, 0, err
				}
				count++
				size += len(record.Data)
			}
			return count, size, nil
		},
		"typed":        typed(repo.DecodeOptions{}),
		"typed-shared": typed(repo.DecodeOptions{Share: true}),
		"typed-reused": typed(repo.DecodeOptions{Reuse: true}),
		"collected": func(ctx context.Context, r *repo.Repo) (int, int, error) {
			all, err := records.Decode(ctx, r, nil)
			if err != nil {
				return 0, 0, err
			}
			size := 0
			for _, block := range blocks {
				size += len(block)
			}
			return n - len(all.Failures), size, nil
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(archive)))
			var times yardstick
			var before, after runtime.MemStats
			size := 0
			runtime.ReadMemStats(&before)
			for range b.N {
				floor := hashAll(blocks)
				start := time.Now()
				r, err := repo.FromBytes(b.Context(), archive)
				if err != nil {
					b.Fatal(err)
				}
				count, bytes, err := read(b.Context(), r)
				if err != nil || count != n {
					b.Fatal(count, err)
				}
				size = bytes
				times.add(floor, time.Since(start))
			}
			runtime.ReadMemStats(&after)
			times.report(b)
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N*n), "allocs/record")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N*size), "B/record-byte")
		})
	}
}
