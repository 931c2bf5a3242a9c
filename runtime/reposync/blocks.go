package reposync

import (
	"hash/maphash"
	"io"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
)

// blocks are the blocks of an archive in memory, by CID. Its memory is used again.
type blocks struct {
	scanner car.Scanner
	list    []block
	table   []uint32 // hash to the number of a block, from 1
	seed    maphash.Seed
}

type block struct {
	cid     cid.CID
	checked bool // its bytes match the CID
	data    []byte
}

// maxKept is how many blocks a table is kept for.
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

// clear forgets the blocks. It keeps the memory for those of usual messages.
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

// index enters the blocks into the table. Its hashes have a seed, since anybody can choose CIDs that share bits.
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

// slot returns the place of a CID in the table, and whether there is a block at it.
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

// get returns the bytes of a block, which match its CID.
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
