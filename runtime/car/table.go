package car

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"runtime"

	"github.com/layers-pub/layers-go/runtime/lex"
)

const (
	// A row packs the position of a block, its size and the codec of its CID into 64 bits.
	sizeBits  = 24
	codecBits = 1
	maxOffset = 1<<(64-sizeBits-codecBits) - 1

	meanBlock = 3 << 9 // what the first size of a table assumes; it grows where blocks are smaller
	minSlots  = 1 << 6
	// maxEstimate is the highest number of blocks for which there is room from the beginning: a size
	// that somebody claims costs no more than that.
	maxEstimate = 1 << 18
)

// table holds the blocks of an archive in its order, and finds them by their CIDs: an open-addressing
// hash table of the rows' numbers, with linear probing.
type table struct {
	rows  []row
	slots []slot
	shift uint // takes a hash to a slot
	keys  [4]uint64
}

// row is a block.
type row struct {
	digest [32]byte
	packed uint64
}

// slot is a place of the hash table.
type slot struct {
	tag    uint32 // of the hash
	number uint32 // of the row, and 1; 0 is a free slot
}

// newTable returns a table for about the given number of blocks.
func newTable(blocks int64) table {
	t := table{rows: make([]row, 0, blocks)}
	for i := range t.keys {
		t.keys[i] = rand.Uint64() | 1
	}
	t.allocate(1 << bits.Len64(uint64(blocks)*4/3))
	return t
}

// allocate makes the given number of slots, a power of two.
func (t *table) allocate(slots int) {
	slots = max(slots, minSlots)
	t.slots = make([]slot, slots)
	t.shift = uint(64 - bits.TrailingZeros(uint(slots)))
}

// hash returns the hash by which a digest is found. The digests of an archive may be made up so that
// they meet in one slot, and so they cannot stand for themselves. They are multiplied by numbers that
// nobody knows: a universal hash function, of which any two digests meet in few.
func (t *table) hash(digest []byte) uint64 {
	_ = digest[31]
	return binary.LittleEndian.Uint64(digest)*t.keys[0] +
		binary.LittleEndian.Uint64(digest[8:])*t.keys[1] +
		binary.LittleEndian.Uint64(digest[16:])*t.keys[2] +
		binary.LittleEndian.Uint64(digest[24:])*t.keys[3]
}

// tag returns bits of a hash that are not those which choose its slot.
func tag(h uint64) uint32 { return uint32(h >> 8) }

// digest returns the digest in c.
func digest(c *lex.CID) []byte { return c[cidSize-len(row{}.digest):] }

// find returns the number of the row of c, whose hash is h.
func (t *table) find(c *lex.CID, h uint64) (number int, ok bool) {
	mask := len(t.slots) - 1
	for i := int(h >> t.shift); t.slots[i].number != 0; i = (i + 1) & mask {
		if t.slots[i].tag != tag(h) {
			continue
		}
		if number := int(t.slots[i].number - 1); t.rows[number].is(c) {
			return number, true
		}
	}
	return 0, false
}

// findAll does what find does for several CIDs, and returns how many of them it found, up to the first
// that it did not. It first takes what is in their first slots for granted, and checks it afterwards: no
// look at a slot has to wait for another, and so they are fetched from memory together, and the rows
// after them.
func (t *table) findAll(cids []lex.CID, numbers []int) int {
	for i := range cids {
		numbers[i] = int(t.slots[t.hash(digest(&cids[i]))>>t.shift].number) - 1
	}
	for i := range cids {
		c := &cids[i]
		if n := numbers[i]; n >= 0 && t.rows[n].is(c) {
			continue
		}
		var ok bool
		if numbers[i], ok = t.find(c, t.hash(digest(c))); !ok {
			return i
		}
	}
	return len(cids)
}

// prepare computes the hashes of sections that are about to be inserted, and looks at their slots. As no
// look has to wait for another, all of the slots are fetched from memory together.
func (t *table) prepare(sections []section) {
	sum := uint32(0)
	for i := range sections {
		s := &sections[i]
		s.hash = t.hash(digest(&s.cid))
		sum += t.slots[s.hash>>t.shift].number
	}
	runtime.KeepAlive(sum)
}

// insert enters the block of a section that has been prepared, which is kept at the given position, and reports
// whether it was not there.
func (t *table) insert(s *section, at int64) bool {
	if _, ok := t.find(&s.cid, s.hash); ok {
		return false
	}
	if len(t.rows) >= len(t.slots)/4*3 {
		t.grow()
	}
	t.rows = append(t.rows, newRow(s, at))
	t.place(len(t.rows)-1, s.hash)
	return true
}

// place enters row number into the slots.
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
	for number := range t.rows {
		t.place(number, t.hash(t.rows[number].digest[:]))
	}
}

func newRow(s *section, at int64) row {
	packed := uint64(at)<<(sizeBits+codecBits) | uint64(s.size)<<codecBits
	if s.cid.Codec() == lex.CodecRaw {
		packed |= 1
	}
	return row{digest: s.cid.Digest(), packed: packed}
}

// place returns where the block is.
func (r *row) place() (offset int64, size int) {
	return int64(r.packed >> (sizeBits + codecBits)), int(r.packed >> codecBits & maxBlockSize)
}

func (r *row) codec() byte {
	if r.packed&1 != 0 {
		return lex.CodecRaw
	}
	return lex.CodecDagCBOR
}

// is reports whether c is the CID of the block.
func (r *row) is(c *lex.CID) bool {
	return r.digest == [32]byte(digest(c)) && r.codec() == c.Codec()
}

func (r *row) cid() lex.CID {
	c := lex.CID{0x01, r.codec(), 0x12, 0x20}
	copy(c[4:], r.digest[:])
	return c
}
