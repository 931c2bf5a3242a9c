package car_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
)

// inChunks cuts an archive into chunks.
func inChunks(b []byte) [][]byte {
	var chunks [][]byte
	for chunk := range slices.Chunk(b, car.ChunkSize) {
		chunks = append(chunks, chunk)
	}
	return chunks
}

// TestChunks reads archives in chunks whose boundaries fall anywhere in a section: in its length, its CID, its block, and
// between two. Some blocks are larger than a chunk.
func TestChunks(t *testing.T) {
	for pad := range 200 {
		first := make([]byte, car.ChunkSize-100-pad)
		all := append([]car.Block{{CID: cid.Of(cid.Raw, first), Data: first}}, blocks(3)...)
		if pad%20 == 0 {
			all = append(append(all, blocks(5000)[3:]...), block(string(make([]byte, 3*car.ChunkSize))), block(""))
		}
		b := join(archive([]cid.CID{all[0].CID}, all...))
		for _, workers := range []int{1, 4} {
			index, err := car.NewIndexChunks(t.Context(), inChunks(b), car.WithWorkers(workers))
			_, read, err := readIndex(index, err)
			if err != nil || !equalBlocks(read, all) {
				t.Fatalf("pad %d: %d blocks, want %d: %v", pad, len(read), len(all), err)
			}
			index.Prefetch([]cid.CID{all[0].CID, all[len(all)-1].CID})
			if !index.InMemory() || !index.Checked() {
				t.Error("not in memory, or not checked")
			}
			altered := bytes.Clone(b)
			altered[len(b)-len(all[len(all)-1].Data)-1-cidSize-1]++
			if _, err := car.NewIndexChunks(t.Context(), inChunks(altered), car.WithWorkers(workers)); err == nil {
				t.Fatalf("pad %d: an altered archive is read", pad)
			}
		}
	}
	for name, chunks := range map[string][][]byte{
		"a short chunk in the middle": {make([]byte, car.ChunkSize-1), nil},
		"a chunk that is too long":    {make([]byte, car.ChunkSize+1)},
	} {
		if _, err := car.NewIndexChunks(t.Context(), chunks); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

const cidSize = len(cid.CID{})

// TestIndexMemory measures what an index takes for each block, of archives with blocks of all sizes: at most 62 bytes while
// it is in use, where the number of blocks was foreseen, and not much more is allocated in all.
func TestIndexMemory(t *testing.T) {
	const n = 100_000
	for _, size := range []int{50, 300, 2300} {
		out := bytes.NewBuffer(archive(nil)[0])
		for i := range n {
			data := binary.BigEndian.AppendUint32(make([]byte, 0, size), uint32(i))[:size]
			c := cid.Of(cid.Raw, data)
			out.Write(section(c[:], data))
		}
		b := out.Bytes()
		name := filepath.Join(t.TempDir(), "archive")
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for _, test := range []struct {
			name  string
			index func() (*car.Index, error)
			spare uint64 // bytes that are allocated whatever the number of blocks
		}{
			{"bytes", func() (*car.Index, error) { return car.NewIndexBytes(t.Context(), b) }, 1 << 20},
			{"chunks", func() (*car.Index, error) { return car.NewIndexChunks(t.Context(), inChunks(b)) }, 1<<20 + uint64(len(b)/100)},
			{"file", func() (*car.Index, error) { return car.NewIndex(t.Context(), file, int64(len(b))) }, 1 << 20},
			{"stream", func() (*car.Index, error) {
				return car.NewIndexStream(t.Context(), io.MultiReader(bytes.NewReader(b)), discard{})
			}, 8 << 20}, // the pieces
		} {
			var before, after, kept runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			index, err := test.index()
			if err != nil || index.Blocks() != n {
				t.Fatal(index, err)
			}
			runtime.ReadMemStats(&after)
			runtime.GC()
			runtime.ReadMemStats(&kept)
			allocated, live := after.TotalAlloc-before.TotalAlloc, kept.HeapAlloc-before.HeapAlloc
			runtime.KeepAlive(index)
			if allocated > 84*n+test.spare || int64(live) > 63*n+int64(len(b)/100) {
				t.Errorf("%s, blocks of %d bytes: allocated %d bytes a block, keeps %d", test.name, size, allocated/n, live/n)
			}
		}
	}
}
