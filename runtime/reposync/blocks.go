package reposync

import (
	"hash/maphash"
	"io"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
)

// blocks has the blocks of an archive in memory, by CID. Its memory is used again for the next archive.
type blocks struct {
	scanner car.Scanner
	list    []block
	table   []uint32 // a hash table by CID: 1 + an index in list, or 0
	seed    maphash.Seed
}

type block struct {
	cid     cid.CID
	checked bool // whether its bytes are known to match the CID
	data    []byte
}

// maxKept is how many blocks an archive may have for its memory to be kept for the next one.
const maxKept = 4096

// reset reads an archive and returns its first root, which is undefined if there is none. With check, it checks each block
// against its CID.
func (b *blocks) reset(archive []byte, check bool) (root cid.CID, err error) {
	b.clear()
	roots, err := b.scanner.Reset(archive)
	if err != nil {
		return cid.CID{}, err
	}
	if len(roots) > 0 {
		root = roots[0]
	}
	for {
		c, data, err := b.scanner.Next()
		if err == io.EOF {
			b.index()
			return root, nil
		}
		if err != nil {
			return cid.CID{}, err
		}
		b.list = append(b.list, block{cid: c, data: data})
		if check {
			if err := b.list[len(b.list)-1].check(); err != nil {
				return cid.CID{}, err
			}
		}
	}
}

// clear removes the blocks. It keeps the memory unless there was an archive with more than maxKept blocks.
func (b *blocks) clear() {
	if cap(b.list) > maxKept {
		b.list, b.table = nil, nil
	}
	clear(b.list)
	b.list = b.list[:0]
}

func (b *block) check() error {
	if !b.checked && !b.cid.Matches(b.data) {
		return &car.Error{Offset: -1, CID: b.cid, Err: car.ErrHash}
	}
	b.checked = true
	return nil
}

// index fills the table. The hashes depend on a random seed, because anybody can choose CIDs that share bits.
func (b *blocks) index() {
	size := 16
	for size < 2*len(b.list) {
		size *= 2
	}
	if b.seed == (maphash.Seed{}) {
		b.seed = maphash.MakeSeed()
	}
	if cap(b.table) < size {
		b.table = make([]uint32, size)
	}
	b.table = b.table[:size]
	clear(b.table)
	for i := range b.list {
		if at, found := b.slot(&b.list[i].cid); !found {
			b.table[at] = uint32(i + 1)
		}
	}
}

// slot returns the index in the table at which a CID is or would be entered, and whether it is there.
func (b *blocks) slot(c *cid.CID) (at int, found bool) {
	mask := len(b.table) - 1
	at = int(maphash.Bytes(b.seed, c[:])) & mask
	for ; b.table[at] != 0; at = (at + 1) & mask {
		if b.list[b.table[at]-1].cid == *c {
			return at, true
		}
	}
	return at, false
}

// get returns the bytes of a block, which it checks against the CID.
func (b *blocks) get(c cid.CID) ([]byte, error) {
	if len(b.table) > 0 {
		if at, found := b.slot(&c); found {
			found := &b.list[b.table[at]-1]
			return found.data, found.check()
		}
	}
	return nil, &car.Error{Offset: -1, CID: c, Err: car.ErrNotFound}
}

func (b *blocks) has(c cid.CID) bool {
	if len(b.table) == 0 {
		return false
	}
	_, found := b.slot(&c)
	return found
}
