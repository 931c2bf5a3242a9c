package digests

import (
	"encoding/binary"
	"unsafe"
)

const (
	laneCount = 16 // how many blocks are hashed at the same time
	chunk     = 64 // how many bytes of a block one step hashes
	stepsMost = 16 // how many steps one call of sixteen takes at most
	ahead     = 4  // how many steps before a chunk is hashed it is fetched into the processor's caches
)

// state is the intermediate SHA-256 state of all lanes. It is ordered by words and not by lanes, because one
// instruction works on the same word of all lanes.
type state [8][laneCount]uint32

// step is one step of all lanes: each hashes one chunk.
type step struct {
	chunks [laneCount]*byte // the chunk of each lane
	fresh  uint64           // one bit for each lane, set if the chunk is the first of a block
	after  state            // the state after the step, which sixteen sets
}

// plan is the steps of one call of sixteen. It does not take the last ones, which are there because it fetches the
// chunks of later steps into the caches.
type plan [stepsMost + ahead]step

// idle is the chunk of a lane that has no block left.
var idle [chunk]byte

// lane is the progress of one of the lanes, each of which hashes one block after the other.
type lane struct {
	number int    // of the block
	now    []byte // whole chunks of the block that are not hashed yet
	end    []byte // the padded end of the block, if it comes after now
}

// split returns the whole chunks of a block, and its end: the remaining bytes with the padding and the length that
// SHA-256 appends (FIPS 180-4, section 5.1.1). The end is stored in memory. If the block has no whole chunk, split
// returns the end as whole.
func split(block []byte, memory *[2 * chunk]byte) (whole, end []byte) {
	whole = block[:len(block)/chunk*chunk]
	rest := copy(memory[:], block[len(whole):])
	end = memory[:chunk]
	if rest+1+8 > chunk {
		end = memory[:]
	}
	clear(end[rest:])
	end[rest] = 0x80
	binary.BigEndian.PutUint64(end[len(end)-8:], uint64(len(block))*8)
	if len(whole) == 0 {
		return end, nil
	}
	return whole, end
}

// sumLanes hashes the blocks whose numbers are in order, modulo most, from the last to the first, and sets their
// digests. The largest blocks should be the last in order, so that the lanes run out of work at about the same time.
func sumLanes(digests [][Size]byte, blocks [][]byte, order []int) {
	var now state
	var steps plan
	var lanes [laneCount]lane
	var endings [most][2 * chunk]byte                  // by the numbers of blocks
	var ended [most]struct{ step, lane, number uint8 } // the blocks that end in these steps
	for {
		count, ends := 0, 0
		for i := range lanes {
			l := lanes[i]
			at := 0
			for at < stepsMost {
				if len(l.now) == 0 {
					last := len(order) - 1
					if last < 0 {
						break
					}
					l.number = order[last] % most
					order = order[:last]
					l.now, l.end = split(blocks[l.number], &endings[l.number])
					steps[at].fresh |= 1 << i
				}
				n := min(len(l.now)/chunk, stepsMost-at)
				for s := range n {
					steps[at+s].chunks[i] = (*byte)(unsafe.Add(unsafe.Pointer(&l.now[0]), s*chunk))
				}
				at += n
				if l.now = l.now[n*chunk:]; len(l.now) > 0 {
					break
				}
				if l.now, l.end = l.end, nil; len(l.now) == 0 {
					ended[ends].step, ended[ends].lane, ended[ends].number = uint8(at-1), uint8(i), uint8(l.number)
					ends++
				}
			}
			count = max(count, at)
			for ; at < stepsMost; at++ {
				steps[at].chunks[i] = &idle[0]
			}
			lanes[i] = l
		}
		if count == 0 {
			return
		}
		sixteen(&now, &steps, count)
		for _, e := range ended[:ends] {
			after := &steps[e.step].after
			for word := range after {
				binary.BigEndian.PutUint32(digests[e.number][4*word:], after[word][e.lane])
			}
		}
		for i := range steps {
			steps[i].fresh = 0
		}
	}
}

// initial is the state before the first step: the first 32 bits of the fractional parts of the square roots of the first 8
// primes.
//
//lint:ignore U1000 sixteen reads it.
var initial = [8]uint32{
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
}

// constants has one number for each round: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
//
//lint:ignore U1000 sixteen reads it.
var constants = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}
