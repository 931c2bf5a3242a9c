package digests

import (
	"crypto/sha256"
	"math/rand/v2"
	"testing"
)

// check compares the digests of blocks with those of crypto/sha256.
func check(t *testing.T, blocks [][]byte) {
	t.Helper()
	got := make([][Size]byte, len(blocks))
	SHA256(got, blocks)
	for i, block := range blocks {
		if want := sha256.Sum256(block); got[i] != want {
			t.Errorf("%d blocks: block %d of %d bytes has the digest %x, want %x", len(blocks), i, len(block), got[i], want)
		}
	}
}

func random(rng *rand.Rand, size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func TestSizes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for size := range 200 {
		var blocks [][]byte
		for range most {
			blocks = append(blocks, random(rng, size))
		}
		check(t, blocks)
	}
	check(t, nil)
	check(t, make([][]byte, 100))
}

// TestMixed hashes blocks of very different sizes, in any number.
func TestMixed(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		var blocks [][]byte
		for range rng.IntN(3 * most) {
			blocks = append(blocks, random(rng, rng.IntN(1<<rng.IntN(13))))
		}
		check(t, blocks)
	}
	blocks := [][]byte{random(rng, 1<<20), random(rng, 2<<20)}
	for range 100 {
		blocks = append(blocks, random(rng, rng.IntN(20_000)))
	}
	check(t, blocks)
}

// TestBounds hashes blocks that are followed and preceded by others in memory, which must not matter.
func TestBounds(t *testing.T) {
	memory := random(rand.New(rand.NewPCG(5, 6)), 64*1024)
	var blocks [][]byte
	for at := 0; at+500 < len(memory); at += 497 {
		blocks = append(blocks, memory[at:at+490:at+490])
	}
	check(t, blocks)
}

func TestAllocations(t *testing.T) {
	blocks := make([][]byte, 100)
	for i := range blocks {
		blocks[i] = make([]byte, 10*i)
	}
	digests := make([][Size]byte, len(blocks))
	if n := testing.AllocsPerRun(10, func() { SHA256(digests, blocks) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzSHA256 cuts data into blocks: each begins where the one before ends, with a size that data says.
func FuzzSHA256(f *testing.F) {
	f.Add([]byte{}, uint8(1))
	f.Add(random(rand.New(rand.NewPCG(7, 8)), 10_000), uint8(40))
	f.Fuzz(func(t *testing.T, data []byte, scale uint8) {
		var blocks [][]byte
		for rest := data; len(rest) > 0; {
			n := min(len(rest), int(rest[0])*int(scale)/16+int(scale&1))
			blocks = append(blocks, rest[:n])
			rest = rest[max(n, 1):]
		}
		check(t, blocks)
	})
}

// BenchmarkSHA256 hashes blocks with the sizes of records and nodes of a tree, together and one by one.
func BenchmarkSHA256(b *testing.B) {
	rng := rand.New(rand.NewPCG(9, 10))
	var blocks [][]byte
	total := 0
	for i := range 6400 {
		size := 300 + rng.IntN(500)
		if i%4 > 0 {
			size = 200 + rng.IntN(5000)
		}
		blocks = append(blocks, random(rng, size))
		total += size
	}
	digests := make([][Size]byte, most)
	b.Run("together", func(b *testing.B) {
		b.SetBytes(int64(total))
		for b.Loop() {
			for at := 0; at < len(blocks); at += most {
				SHA256(digests, blocks[at:at+most])
			}
		}
	})
	b.Run("one by one", func(b *testing.B) {
		b.SetBytes(int64(total))
		for b.Loop() {
			for i, block := range blocks {
				digests[i%most] = sha256.Sum256(block)
			}
		}
	})
}
