package car_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
)

// largeBlocks makes n blocks of up to 400 kB, more than what is read at once of a stream, and of a few bytes.
func largeBlocks(n int) []car.Block {
	random := rand.New(rand.NewPCG(3, 1))
	made := make([]car.Block, n)
	for i := range made {
		size := random.IntN(400_000)
		if i%2 == 0 {
			size = random.IntN(100)
		}
		data := bytes.Repeat([]byte{byte(i)}, size)
		made[i] = car.Block{CID: cid.Of(cid.Raw, data), Data: data}
	}
	return made
}

// TestStreamLarge reads streams of many pieces, whose boundaries fall anywhere.
func TestStreamLarge(t *testing.T) {
	for _, all := range [][]car.Block{largeBlocks(20), blocks(5000)} {
		b := join(archive([]cid.CID{all[0].CID}, all...))
		for name, r := range map[string]io.Reader{
			"at once":            bytes.NewReader(b),
			"the end with data":  iotest.DataErrReader(bytes.NewReader(b)),
			"in halves":          iotest.HalfReader(bytes.NewReader(b)),
			"in pieces of 1 kB":  pieces{bytes.NewReader(b), 1000},
			"in pieces of 99 kB": pieces{bytes.NewReader(b), 99_000},
		} {
			_, read, err := indexStream(r)
			if err != nil || len(read) < len(all)-5 {
				t.Errorf("%s: %d blocks, %v", name, len(read), err)
			}
		}
	}
}

// pieces reads a number of bytes at once.
type pieces struct {
	r io.Reader
	n int
}

func (p pieces) Read(b []byte) (int, error) { return p.r.Read(b[:min(p.n, len(b))]) }

// TestStreamFails has sources and stores that fail: the error says at which byte.
func TestStreamFails(t *testing.T) {
	b := join(archive(nil, largeBlocks(20)...))
	header := len(archive(nil)[0]) // which is not stored
	broken := errors.New("broken")
	for _, at := range []int{0, 10, 18, 100, 5000, len(b) / 2, len(b) - 1, len(b)} {
		var fault *car.Error
		r := io.MultiReader(bytes.NewReader(b[:at]), iotest.ErrReader(broken))
		_, err := car.NewIndexStream(t.Context(), r, new(memory))
		if !errors.Is(err, broken) || !errors.As(err, &fault) || at >= 18 && fault.Offset != int64(at) {
			t.Errorf("a source that fails at byte %d: %v", at, err)
		}
		if at >= len(b)-header {
			continue
		}
		_, err = car.NewIndexStream(t.Context(), bytes.NewReader(b), &full{room: at, err: broken})
		if !errors.Is(err, broken) || !errors.As(err, &fault) || fault.Offset != int64(header+at) {
			t.Errorf("a store that is full at byte %d: %v", at, err)
		}
	}
}

// full is a store that takes so many bytes.
type full struct {
	memory
	room int
	err  error
}

func (f *full) Write(b []byte) (int, error) {
	n := min(len(b), f.room)
	f.room -= n
	if n < len(b) {
		return n, f.err
	}
	return n, nil
}

// TestStreamEndsEarly has a stream that never ends after a bad block, and one whose reading is cancelled:
// neither is read to its end.
func TestStreamEndsEarly(t *testing.T) {
	bad := block("a")
	bad.Data = []byte("b")
	good := join(archive(nil, blocks(1000)...)[1:])
	header := archive(nil)[0]
	taken := 0
	endless := func(cancel func()) io.Reader {
		rest := good
		return readerFunc(func(p []byte) (int, error) {
			if len(rest) == 0 {
				rest = good
			}
			n := copy(p, rest)
			rest = rest[n:]
			if taken += n; taken > 20_000_000 {
				cancel()
			}
			if taken > 100_000_000 {
				return n, io.EOF
			}
			return n, nil
		})
	}
	start := bytes.NewReader(append(bytes.Clone(header), section(bad.CID[:], bad.Data)...))
	_, err := car.NewIndexStream(t.Context(), io.MultiReader(start, endless(func() {})), new(memory))
	if !errors.Is(err, car.ErrHash) || taken > 50_000_000 {
		t.Errorf("after %d bytes: %v", taken, err)
	}
	taken = 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = car.NewIndexStream(ctx, io.MultiReader(bytes.NewReader(header), endless(cancel)), new(memory))
	if !errors.Is(err, context.Canceled) || taken > 50_000_000 {
		t.Errorf("cancelled, after %d bytes: %v", taken, err)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestStreamCut cuts streams at each byte: as with other ways to read, only a cut after a whole section is
// no error.
func TestStreamCut(t *testing.T) {
	parts := archive([]cid.CID{block("a").CID}, blocks(20)...)
	whole := map[int]bool{}
	n := 0
	for _, part := range parts {
		n += len(part)
		whole[n] = true
	}
	b := join(parts)
	for cut := range b {
		_, _, err := indexStream(bytes.NewReader(b[:cut]))
		if whole[cut] != (err == nil) || err != nil && !errors.Is(err, car.ErrTruncated) {
			t.Errorf("cut at byte %d: %v", cut, err)
		}
	}
}

func BenchmarkStream(b *testing.B) {
	archive := join(archive(nil, blocks(50_000)...))
	b.SetBytes(int64(len(archive)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := car.NewIndexStream(b.Context(), bytes.NewReader(archive), discard{}); err != nil {
			b.Fatal(err)
		}
	}
}

// discard is a store that keeps nothing.
type discard struct{}

func (discard) Write(b []byte) (int, error)       { return len(b), nil }
func (discard) ReadAt([]byte, int64) (int, error) { return 0, io.EOF }

// TestStreamRepeated has streams in which few blocks are many times, in every order: the store takes no more than the
// blocks do, and each copy is checked.
func TestStreamRepeated(t *testing.T) {
	all := append(blocks(7), block(strings.Repeat("x", 100_000)), block(strings.Repeat("y", 300_000)))
	random := rand.New(rand.NewPCG(1, 1))
	var repeated []car.Block
	size := 0
	for _, b := range all {
		size += len(section(b.CID[:], b.Data))
	}
	for range 1000 {
		repeated = append(repeated, all[random.IntN(len(all))])
	}
	var store memory
	index, err := car.NewIndexStream(t.Context(), bytes.NewReader(join(archive(nil, repeated...))), &store)
	if err != nil {
		t.Fatal(err)
	}
	if index.Blocks() != len(all) || index.Duplicates() != len(repeated)-len(all) || store.Len() != size {
		t.Errorf("%d blocks, %d duplicates, %d bytes stored, want %d", index.Blocks(), index.Duplicates(), store.Len(), size)
	}
	for _, b := range all {
		if data, err := index.Get(b.CID, nil); err != nil || !bytes.Equal(data, b.Data) {
			t.Errorf("%s: %d bytes, %v", b.CID, len(data), err)
		}
	}
	altered := repeated[len(repeated)-1]
	altered.Data = bytes.Clone(altered.Data)
	altered.Data[0] ^= 1
	repeated[len(repeated)-1] = altered
	if _, err := car.NewIndexStream(t.Context(), bytes.NewReader(join(archive(nil, repeated...))), new(memory)); !errors.Is(err, car.ErrHash) {
		t.Errorf("an altered copy: %v", err)
	}
}
