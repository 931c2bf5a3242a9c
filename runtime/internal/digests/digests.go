// Package digests computes the SHA-256 of many blocks, several of them at once where the processor can. Hashing one
// block after the other leaves most of the processor idle, because each step of SHA-256 needs the result of the one
// before.
package digests

import (
	"crypto/sha256"
	"slices"
)

// Size is the size of a digest in bytes.
const Size = sha256.Size

// most is how many blocks are hashed together at most. The more blocks there are, the longer all lanes have work.
const most = 64

// SHA256 sets digests[i] to the SHA-256 of blocks[i]. digests must not be shorter than blocks. It does not allocate.
// It is faster for many blocks in one call: 1.7 times as fast for 64 blocks with the sizes of records on a processor with
// AVX-512, and as fast as crypto/sha256 on others, with the build tag purego, or in the FIPS 140-3 mode.
func SHA256(digests [][Size]byte, blocks [][]byte) {
	for len(blocks) > 0 {
		n := min(len(blocks), most)
		if together {
			sumTogether(digests[:n], blocks[:n])
		} else {
			for i, block := range blocks[:n] {
				digests[i] = sha256.Sum256(block)
			}
		}
		digests, blocks = digests[n:], blocks[n:]
	}
}

// sumTogether hashes up to most blocks. It hashes the largest ones by themselves while most lanes would have no work
// next to them, and the rest together.
func sumTogether(digests [][Size]byte, blocks [][]byte) {
	var sizes [most]int // size and number of each block, in one integer to be sorted
	total := 0
	for i, block := range blocks {
		sizes[i] = len(block)*most + i
		total += len(block) + overhead
	}
	order := sizes[:len(blocks)]
	slices.Sort(order)
	for n := len(order); n > 0; n-- {
		number := order[n-1] % most
		size := len(blocks[number]) + overhead
		if size*worthwhile <= total {
			sumLanes(digests, blocks, order[:n])
			return
		}
		digests[number] = sha256.Sum256(blocks[number])
		total -= size
	}
}

const (
	// overhead is the work for each block besides its content, as a number of bytes that take as long.
	overhead = 64
	// worthwhile is how many times as large as the largest block all blocks together must be, so that hashing them
	// together saves time: a step of all lanes takes as long as 7 steps of crypto/sha256.
	worthwhile = 8
)
