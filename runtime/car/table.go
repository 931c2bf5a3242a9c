package car

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"runtime"

	"github.com/layers-pub/layers-go/runtime/cid"
)

const (
	// A row packs the position of a block, its size and the codec of its CID into 64 bits.
	sizeBits  = 24
	codecBits = 1
	maxOffset = 1<<(64-sizeBits-codecBits) - 1

	meanBlock = 3 << 9 // the bytes per block that a table's first size assumes; with smaller blocks, it grows
	minSlots  = 1 << 6
	// maxEstimate is the highest number of blocks for which a table is made. It bounds the cost of an
	// archive whose claimed size is wrong.
	maxEstimate = 1 << 18
	// rowBits is how many low bits of a row's number are its index within its chunk.
	rowBits   = 11
	chunkRows = 1 << rowBits
)

// table lists the blocks of an archive in the archive's order, and finds them by their CIDs with an open-addressing
// hash table of the rows' numbers, with linear probing.
type table struct {
	rows  [][]row // in chunks of chunkRows, so that they grow without being copied
	count int     // the number of rows
	slots []slot
	shift uint      // hash >> shift is the first slot to look at
	keys  [4]uint64 // the random factors of hash
}

// row describes a block: the digest in its CID; and, packed into 64 bits, its position, its size and the codec of its CID.
type row struct {
	digest [32]byte
	packed uint64
}

// slot is an element of the hash table.
type slot struct {
	tag    uint32 // see the function tag
	number uint32 // the row's number plus 1; 0 for a free slot
}

// newTable returns an empty table with memory for about the given number of blocks. It can grow.
func newTable(blocks int64) table {
	t := table{rows: [][]row{make([]row, 0, min(blocks, chunkRows))}}
	for i := range t.keys {
		t.keys[i] = rand.Uint64() | 1
	}
	t.allocate(1 << bits.Len64(uint64(blocks)*4/3))
	return t
}

// row returns the row with the given number.
func (t *table) row(number int) *row { return &t.rows[number>>rowBits][number&(chunkRows-1)] }

// add appends a row.
func (t *table) add(r row) {
	last := len(t.rows) - 1
	if len(t.rows[last]) == chunkRows {
		t.rows = append(t.rows, make([]row, 0, chunkRows))
		last++
	}
	t.rows[last] = append(t.rows[last], r)
	t.count++
}

// allocate makes the given number of slots, a power of two.
func (t *table) allocate(slots int) {
	slots = max(slots, minSlots)
	t.slots = make([]slot, slots)
	t.shift = uint(64 - bits.TrailingZeros(uint(slots)))
}

// hash returns the hash by which a digest is found. It cannot be a part of the digest, because an
// attacker could choose digests that collide in one slot. So it is a universal hash function, which multiplies the
// parts of the digest by random numbers: any two digests collide only for few choices of these numbers.
func (t *table) hash(digest []byte) uint64 {
	_ = digest[31]
	return binary.LittleEndian.Uint64(digest)*t.keys[0] +
		binary.LittleEndian.Uint64(digest[8:])*t.keys[1] +
		binary.LittleEndian.Uint64(digest[16:])*t.keys[2] +
		binary.LittleEndian.Uint64(digest[24:])*t.keys[3]
}

// tag returns bits of a hash other than those that choose its slot.
func tag(h uint64) uint32 { return uint32(h >> 8) }

// digest returns the digest in c.
func digest(c *cid.CID) []byte { return c[cidSize-len(row{}.digest):] }

// find returns the number of the row of c, whose hash is h.
func (t *table) find(c *cid.CID, h uint64) (number int, ok bool) {
	mask := len(t.slots) - 1
	for i := int(h >> t.shift); t.slots[i].number != 0; i = (i + 1) & mask {
		if t.slots[i].tag != tag(h) {
			continue
		}
		if number := int(t.slots[i].number - 1); t.row(number).is(c) {
			return number, true
		}
	}
	return 0, false
}

// findAll is find for several CIDs. It stops at the first that it does not find, and returns how many it
// found. It first loads the first slot of each CID, and only then checks whether that is the right one.
// So no load depends on another, and the processor fetches all slots from memory together, and then the
// rows.
func (t *table) findAll(cids []cid.CID, numbers []int) int {
	for i := range cids {
		numbers[i] = int(t.slots[t.hash(digest(&cids[i]))>>t.shift].number) - 1
	}
	for i := range cids {
		c := &cids[i]
		if n := numbers[i]; n >= 0 && t.row(n).is(c) {
			continue
		}
		var ok bool
		if numbers[i], ok = t.find(c, t.hash(digest(c))); !ok {
			return i
		}
	}
	return len(cids)
}

// prepare sets the hashes of sections that are about to be inserted, and loads their slots. No load
// depends on another, so the processor fetches all slots from memory together.
func (t *table) prepare(sections []section) {
	sum := uint32(0)
	for i := range sections {
		s := &sections[i]
		s.hash = t.hash(digest(&s.cid))
		sum += t.slots[s.hash>>t.shift].number
	}
	runtime.KeepAlive(sum)
}

// insert enters the block of a section that has been prepared. at is the position of the block in the archive or in the
// store. insert returns false if the block is in the table already.
func (t *table) insert(s *section, at int64) bool {
	if _, ok := t.find(&s.cid, s.hash); ok {
		return false
	}
	if t.count >= len(t.slots)/4*3 {
		t.grow()
	}
	t.add(newRow(s, at))
	t.place(t.count-1, s.hash)
	return true
}

// place enters the row with the given number into the slots.
func (t *table) place(number int, h uint64) {
	i := int(h >> t.shift)
	for t.slots[i].number != 0 {
		i = (i + 1) & (len(t.slots) - 1)
	}
	t.slots[i] = slot{tag: tag(h), number: uint32(number + 1)}
}

// grow doubles the number of slots.
func (t *table) grow() {
	t.allocate(2 * len(t.slots))
	for number := range t.count {
		t.place(number, t.hash(t.row(number).digest[:]))
	}
}

func newRow(s *section, at int64) row {
	packed := uint64(at)<<(sizeBits+codecBits) | uint64(s.size)<<codecBits
	if s.cid.Codec() == cid.Raw {
		packed |= 1
	}
	return row{digest: s.cid.Digest(), packed: packed}
}

// place returns the position and the size of the block.
func (r *row) place() (offset int64, size int) {
	return int64(r.packed >> (sizeBits + codecBits)), int(r.packed >> codecBits & maxBlockSize)
}

func (r *row) codec() byte {
	if r.packed&1 != 0 {
		return cid.Raw
	}
	return cid.DagCBOR
}

// is reports whether c is the CID of the block.
func (r *row) is(c *cid.CID) bool {
	return r.digest == [32]byte(digest(c)) && r.codec() == c.Codec()
}

func (r *row) cid() cid.CID { return cid.OfDigest(r.codec(), r.digest) }
