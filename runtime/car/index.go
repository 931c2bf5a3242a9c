package car

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"math/rand/v2"
	"slices"

	"github.com/layers-pub/layers-go/runtime/lex"
)

const (
	// An entry of an index packs the position and the size of a block into 64 bits.
	sizeBits  = 24
	maxOffset = 1<<(64-sizeBits) - 1

	windowSize = 128 << 10 // read at once from an io.ReaderAt
	meanBlock  = 2 << 10   // what the first size of a table assumes; it grows where blocks are smaller
	minSlots   = 1 << 6
)

// Index knows where in an archive each block is. It is made by a pass over the beginnings of the
// sections alone: the bytes of a block are read, and checked against its CID, when they are asked for.
// So each byte is hashed once, while it is in the processor's cache for the decoder that comes next.
//
// An index takes 16 bytes for a place in its table, of which at most 3 in 4 are taken: some 21 to 43
// bytes for a block. It does not change once it is made, and is safe for concurrent use as far as its
// source is, which an [io.ReaderAt] promises.
type Index struct {
	bytes  []byte      // the archive, if it is in memory
	source io.ReaderAt // the archive, if it is not
	size   int64
	opts   options
	header header

	table      []entry // open addressing: linear probing from the slot that the hash gives
	multiplier uint64
	shift      uint
	blocks     int
	duplicates int
}

// entry is a slot of the table; a place of 0 means that the slot is free, for no block begins at 0.
type entry struct {
	key   uint64 // the first 8 bytes of the digest, and the codec
	place uint64 // position and size of the block
}

// Location says where a block of one index is.
type Location struct {
	offset int64
	size   uint32
	slot   uint32
}

// Offset returns the position of the block's first byte, counted from the beginning of the archive.
func (l Location) Offset() int64 { return l.offset }

// Size returns the size of the block in bytes.
func (l Location) Size() int { return int(l.size) }

// NewIndex indexes the archive of the given size that source holds. The limits are the defaults unless
// opts sets others. source must not change as long as the index is in use.
//
// An error is an [*Error] about the archive, or that of ctx or of an option.
func NewIndex(ctx context.Context, source io.ReaderAt, size int64, opts ...Option) (*Index, error) {
	return newIndex(ctx, &Index{source: source, size: size}, opts)
}

// NewIndexBytes indexes the archive that b holds, as [NewIndex] does. The blocks that the index gives
// out are parts of b, which must not change as long as they are in use.
func NewIndexBytes(ctx context.Context, b []byte, opts ...Option) (*Index, error) {
	return newIndex(ctx, &Index{bytes: b, size: int64(len(b))}, opts)
}

func newIndex(ctx context.Context, x *Index, opts []Option) (*Index, error) {
	var err error
	if x.opts, err = newOptions(opts); err != nil {
		return nil, err
	}
	if x.size > maxOffset {
		return nil, &Error{Err: fmt.Errorf("%w: archive of %d bytes, limit %d", ErrTooLarge, x.size, int64(maxOffset))}
	}
	var beginning io.Reader = bytes.NewReader(x.bytes)
	if x.source != nil {
		beginning = io.NewSectionReader(x.source, 0, x.size)
	}
	x.header, err = readHeader(bufio.NewReaderSize(beginning, 4<<10), x.opts.maxHeaderSize)
	if err != nil {
		return nil, err
	}
	end := x.size
	if x.header.end >= 0 {
		if x.header.end > x.size {
			return nil, &Error{Offset: x.size, Err: ErrTruncated}
		}
		end = x.header.end
	}
	// Nobody can know which blocks meet in one slot, and make an archive of such blocks.
	x.multiplier = rand.Uint64() | 1
	x.allocate(nextPowerOfTwo(uint64(end-x.header.start) / meanBlock * 4 / 3))
	return x, x.scan(ctx, end)
}

// scan reads the sections from the header's end up to end.
func (x *Index) scan(ctx context.Context, end int64) error {
	window := window{index: x, end: end}
	for offset, n := x.header.start, 0; offset < end; n++ {
		if n%contextEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		prefix, err := window.at(offset)
		if err != nil {
			return err
		}
		s, err := parseSection(prefix, offset, x.opts.maxBlockSize)
		if err != nil {
			return err
		}
		if s.data+int64(s.size) > end {
			return &Error{Offset: offset, CID: s.cid, Err: ErrTruncated}
		}
		if n == x.opts.maxBlocks {
			return tooManyBlocks(offset, n)
		}
		if err := x.insert(s); err != nil {
			return err
		}
		offset = s.data + int64(s.size)
	}
	return nil
}

// window gives the beginnings of sections. From a source it reads ahead, for most sections are small.
type window struct {
	index *Index
	end   int64 // of the sections
	start int64 // position of buf
	buf   []byte
}

// at returns the bytes at offset: maxPrefix of them, or those up to the end.
func (w *window) at(offset int64) ([]byte, error) {
	stop := min(offset+int64(maxPrefix), w.end)
	if w.index.source == nil {
		return w.index.bytes[offset:stop], nil
	}
	if offset < w.start || stop > w.start+int64(len(w.buf)) {
		if w.buf == nil {
			w.buf = make([]byte, min(windowSize, w.end-offset))
		}
		w.start = offset
		w.buf = w.buf[:min(int64(cap(w.buf)), w.end-offset)]
		if err := readAt(w.index.source, w.buf, offset); err != nil {
			return nil, &Error{Offset: offset, Err: err}
		}
	}
	return w.buf[offset-w.start : stop-w.start], nil
}

// readAt fills b from source. A source that is shorter than it was said to be is cut short.
func readAt(source io.ReaderAt, b []byte, offset int64) error {
	n, err := source.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	return truncated(err)
}

// allocate makes a table of the given number of slots, a power of two.
func (x *Index) allocate(slots int) {
	slots = max(slots, minSlots)
	x.table = make([]entry, slots)
	x.shift = uint(64 - bits.TrailingZeros(uint(slots)))
}

// nextPowerOfTwo returns the lowest power of two that is not below n.
func nextPowerOfTwo(n uint64) int {
	return 1 << bits.Len64(max(n, 1)-1)
}

// key returns what c is known by in the table.
func key(c *lex.CID) uint64 {
	return binary.LittleEndian.Uint64(c[4:]) ^ uint64(c.Codec())
}

// slot returns the slot at which the search for a key begins.
func (x *Index) slot(key uint64) int { return int((key * x.multiplier) >> x.shift) }

// insert enters the block of s. A block that was there before is checked and counted, not entered.
func (x *Index) insert(s section) error {
	if x.blocks >= len(x.table)/4*3 {
		x.grow()
	}
	k := key(&s.cid)
	i := x.slot(k)
	for x.table[i].place != 0 {
		if x.table[i].key == k {
			return x.duplicate(s, x.location(i))
		}
		i = (i + 1) & (len(x.table) - 1)
	}
	x.table[i] = entry{key: k, place: uint64(s.data)<<sizeBits | uint64(s.size)}
	x.blocks++
	return nil
}

// duplicate deals with a block whose key is in the table already.
func (x *Index) duplicate(s section, first Location) error {
	earlier, err := x.CID(first)
	if err != nil {
		return err
	}
	if earlier != s.cid {
		// It takes some 2^32 hashes to make such a pair of blocks, and any other way a wrong CID.
		return &Error{Offset: s.offset, CID: s.cid, Err: fmt.Errorf("%w: its hash begins as that of %s", ErrSection, earlier)}
	}
	x.duplicates++
	_, err = x.Read(Location{offset: s.data, size: uint32(s.size)}, s.cid, nil)
	return err
}

// grow doubles the table.
func (x *Index) grow() {
	old := x.table
	x.allocate(2 * len(old))
	for _, e := range old {
		if e.place == 0 {
			continue
		}
		i := x.slot(e.key)
		for x.table[i].place != 0 {
			i = (i + 1) & (len(x.table) - 1)
		}
		x.table[i] = e
	}
}

func (x *Index) location(slot int) Location {
	place := x.table[slot].place
	return Location{offset: int64(place >> sizeBits), size: uint32(place & maxBlockSize), slot: uint32(slot)}
}

// Version returns the version of the format that the archive is in: 1 or 2.
func (x *Index) Version() int { return x.header.version }

// Roots returns the CIDs that the header names; the caller must not change them.
func (x *Index) Roots() []lex.CID { return x.header.roots }

// Blocks returns the number of blocks in the archive; one that is there several times counts once.
func (x *Index) Blocks() int { return x.blocks }

// Duplicates returns the number of blocks that had been there before. They were checked against their
// CIDs, and are otherwise left alone.
func (x *Index) Duplicates() int { return x.duplicates }

// Find says where the block of c is, and whether the archive has one. It reads nothing.
func (x *Index) Find(c lex.CID) (Location, bool) {
	k := key(&c)
	for i := x.slot(k); x.table[i].place != 0; i = (i + 1) & (len(x.table) - 1) {
		if x.table[i].key == k {
			return x.location(i), true
		}
	}
	return Location{}, false
}

// Get reads the block of c, as [Index.Read] does. If the archive has none, the error wraps [ErrNotFound].
func (x *Index) Get(c lex.CID, buf []byte) ([]byte, error) {
	l, ok := x.Find(c)
	if !ok {
		return nil, &Error{Offset: -1, CID: c, Err: ErrNotFound}
	}
	return x.Read(l, c, buf)
}

// Read reads the block at l, which [Index.Find] gave for c, and checks it against c. From a source it
// reads into buf, and into a new slice if buf has not the capacity; from bytes it returns a part of
// them, which the caller must not change.
//
// An error is an [*Error] that wraps [ErrHash], [ErrTruncated], or what the source returned.
func (x *Index) Read(l Location, c lex.CID, buf []byte) ([]byte, error) {
	data, err := x.read(l, buf)
	if err != nil {
		return nil, &Error{Offset: l.offset, CID: c, Err: err}
	}
	if sha256.Sum256(data) != c.Digest() {
		return nil, &Error{Offset: l.offset, CID: c, Err: ErrHash}
	}
	return data, nil
}

func (x *Index) read(l Location, buf []byte) ([]byte, error) {
	if x.source == nil {
		return x.bytes[l.offset : l.offset+int64(l.size) : l.offset+int64(l.size)], nil
	}
	if cap(buf) < int(l.size) {
		buf = make([]byte, l.size+l.size/4)
	}
	buf = buf[:l.size]
	return buf, readAt(x.source, buf, l.offset)
}

// CID returns the CID that stands in front of the block at l. It says nothing of the block's bytes.
// An error is an [*Error] that wraps what the source returned.
func (x *Index) CID(l Location) (lex.CID, error) {
	offset := l.offset - int64(cidSize)
	if x.source == nil {
		return lex.CID(x.bytes[offset:l.offset]), nil
	}
	var c lex.CID
	if err := readAt(x.source, c[:], offset); err != nil {
		return lex.CID{}, &Error{Offset: offset, Err: err}
	}
	return c, nil
}

// Set is a set of blocks of one index. It is for one goroutine at a time.
type Set struct {
	index *Index
	bits  []uint64
}

// NewSet returns an empty set of blocks of x.
func (x *Index) NewSet() *Set {
	return &Set{index: x, bits: make([]uint64, (len(x.table)+63)/64)}
}

// Add puts the block at l into the set, and reports whether it was not there.
func (s *Set) Add(l Location) bool {
	word, bit := &s.bits[l.slot/64], uint64(1)<<(l.slot%64)
	added := *word&bit == 0
	*word |= bit
	return added
}

// Others returns the blocks of the index that are not in the set, in the order of the archive.
func (s *Set) Others() []Location {
	var others []Location
	for i, e := range s.index.table {
		if e.place != 0 && s.bits[i/64]&(1<<(i%64)) == 0 {
			others = append(others, s.index.location(i))
		}
	}
	slices.SortFunc(others, func(a, b Location) int { return cmp.Compare(a.offset, b.offset) })
	return others
}
