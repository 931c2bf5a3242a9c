package acceptance_test

import (
	"runtime"
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// TestKept keeps one record in a thousand: each keeps a few others in memory, and not the whole archive.
func TestKept(t *testing.T) {
	const n, every = 8000, 1000
	archive, err := corpus.New(n).CAR()
	if err != nil {
		t.Fatal(err)
	}
	r, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	live := func() int64 {
		runtime.GC()
		runtime.GC() // pools
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	for _, workers := range []int{1, 2} {
		kept := make([]lex.Record, 0, n)
		before, i := live(), 0
		for d, err := range r.Decode(t.Context(), records.Lookup, &repo.DecodeOptions{Workers: workers}) {
			if err != nil {
				t.Fatal(err)
			}
			if i++; i%every == 0 {
				kept = append(kept, d.Value)
			}
		}
		if each := (live() - before) / (n / every); each > 400<<10 {
			t.Errorf("%d workers: each record keeps %d bytes in memory", workers, each)
		}
		runtime.KeepAlive(kept)
	}
	runtime.KeepAlive(archive)
}
