package car

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/digests"
)

// Index knows where in an archive each block is. It never returns a block that does not match its CID. When it checks
// blocks depends on where the archive is:
//
//   - In memory ([NewIndexBytes], [NewIndexChunks]): all blocks are checked when the index is made, on all processors
//     and in the order of the archive, in which memory is read fastest.
//   - In a file ([NewIndex]): only the beginnings of the sections are read when the index is made. A block is checked
//     each time that it is read.
//   - In a stream ([NewIndexStream]): all blocks are checked while the stream is copied to a store. Each different
//     block is stored once.
//
// An index takes 51 to 62 bytes of memory for each block, and up to 21 more while it is made. It does not change
// afterwards. It is safe for concurrent use if its source is, as [io.ReaderAt] requires.
type Index struct {
	memory memory      // the archive, if it is in memory
	source io.ReaderAt // the archive, if it is not
	size   int64
	// checked reports whether all blocks were checked when the index was made.
	checked bool
	opts    options
	header  header

	table      table
	duplicates int
}

// Location is the location of a block. It is valid only for the [Index] that returned it.
type Location struct {
	offset int64
	size   uint32
	number uint32
}

// Offset returns the position of the block's first byte, counted from the beginning of the archive, or of the store
// of [NewIndexStream].
func (l Location) Offset() int64 { return l.offset }

// Size returns the size of the block in bytes.
func (l Location) Size() int { return int(l.size) }

// NewIndex indexes the archive in source, such as a file, which has the given size in bytes. The limits are the
// defaults unless opts sets others. source must not change as long as the index is in use; if it does,
// reading a changed block fails.
//
// An error is an [*Error] about the archive, or that of ctx or of an option.
func NewIndex(ctx context.Context, source io.ReaderAt, size int64, opts ...Option) (*Index, error) {
	return newIndex(ctx, &Index{source: source, size: size}, opts)
}

// NewIndexBytes indexes the archive b, as [NewIndex] does, and checks all of its blocks. The
// blocks that the index returns are parts of b, which must not change as long as the index or any of them
// is in use.
func NewIndexBytes(ctx context.Context, b []byte, opts ...Option) (*Index, error) {
	return newIndex(ctx, &Index{memory: contiguous(b), size: int64(len(b)), checked: true}, opts)
}

// ChunkSize is the size in bytes of the chunks that [NewIndexChunks] takes.
const ChunkSize = 1 << chunkBits

// NewIndexChunks is [NewIndexBytes] for an archive in several chunks of memory. A program that reads an archive into
// chunks need not know its size in advance, or copy it. Each chunk but the last must have [ChunkSize] bytes. The index
// keeps copies of the few blocks that cross the end of a chunk.
func NewIndexChunks(ctx context.Context, chunks [][]byte, opts ...Option) (*Index, error) {
	size := int64(0)
	for i, chunk := range chunks {
		if size += int64(len(chunk)); len(chunk) > ChunkSize || len(chunk) < ChunkSize && i < len(chunks)-1 {
			return nil, fmt.Errorf("car: chunk %d of %d has %d bytes, must have %d", i, len(chunks), len(chunk), ChunkSize)
		}
	}
	return newIndex(ctx, &Index{memory: inChunks(chunks), size: size, checked: true}, opts)
}

func newIndex(ctx context.Context, x *Index, opts []Option) (*Index, error) {
	var err error
	if x.opts, err = newOptions(opts); err != nil {
		return nil, err
	}
	if x.size > maxOffset {
		return nil, &Error{Err: fmt.Errorf("%w: archive of %d bytes, limit %d", ErrTooLarge, x.size, int64(maxOffset))}
	}
	beginning := io.NewSectionReader(cmp.Or[io.ReaderAt](x.source, &x.memory), 0, x.size)
	x.header, err = readHeader(bufio.NewReaderSize(beginning, 4<<10), x.opts.maxHeaderSize)
	if err != nil {
		return nil, err
	}
	x.table = newTable(min((x.size-x.header.start)/meanBlock, int64(x.opts.maxBlocks), maxEstimate))
	if err := x.scan(ctx, x.size); err != nil {
		return nil, err
	}
	return x, nil
}

// InMemory reports whether the archive is in memory, so that the blocks that the index returns are parts of it.
func (x *Index) InMemory() bool { return x.source == nil }

// Checked reports whether all blocks were checked against their CIDs when the index was made, as for an archive in
// memory or from a stream. [Index.Read] does not check them again.
func (x *Index) Checked() bool { return x.checked }

// Roots returns the CIDs that the header names; the caller must not change them.
func (x *Index) Roots() []cid.CID { return x.header.roots }

// Blocks returns the number of different blocks in the archive.
func (x *Index) Blocks() int { return x.table.count }

// Duplicates returns the number of repeated blocks, not counting the first occurrence of each. The index checked them
// against their CIDs, and otherwise ignores them.
func (x *Index) Duplicates() int { return x.duplicates }

// Find returns the location of the block of c, and whether the archive has one. It does not read the archive.
func (x *Index) Find(c cid.CID) (Location, bool) {
	number, ok := x.table.find(&c, x.table.hash(digest(&c)))
	if !ok {
		return Location{}, false
	}
	return x.location(number), true
}

// FindAll is [Index.Find] for several CIDs, and faster than a call for each. It stores the locations of
// their blocks in locations, which must not be shorter than cids. It stops at the first CID for which the
// archive has no block, and returns the number of locations that it stored.
func (x *Index) FindAll(cids []cid.CID, locations []Location) int {
	var numbers [groupSize]int
	found := 0
	for found < len(cids) {
		group := cids[found:min(found+groupSize, len(cids))]
		n := x.table.findAll(group, numbers[:])
		for i, number := range numbers[:n] {
			locations[found+i] = x.location(number)
		}
		found += n
		if n < len(group) {
			break
		}
	}
	return found
}

func (x *Index) location(number int) Location {
	offset, size := x.table.row(number).place()
	return Location{offset: offset, size: uint32(size), number: uint32(number)}
}

// CID returns the CID of the block at l, which must be a location of this index. For a location of another
// index, the result is undefined or the CID of some block of this one.
func (x *Index) CID(l Location) cid.CID {
	if int(l.number) >= x.table.count {
		return cid.CID{}
	}
	return x.table.row(int(l.number)).cid()
}

// Get returns the block of c, as [Index.Read] does. If the archive has none, the error wraps [ErrNotFound].
func (x *Index) Get(c cid.CID, buf []byte) ([]byte, error) {
	l, ok := x.Find(c)
	if !ok {
		return nil, &Error{Offset: -1, CID: c, Err: ErrNotFound}
	}
	return x.Read(l, buf)
}

// Read returns the block at l. If the archive is in a file, Read reads the block into buf, or into a new slice if buf is
// too small, and checks it against its CID unless [Index.Checked]. If the archive is in memory, the result is a part of
// it, which the caller must not change.
//
// An error is an [*Error] that wraps [ErrHash], [ErrTruncated] or the error of the source, or [ErrNotFound] if l is not a
// location of this index.
func (x *Index) Read(l Location, buf []byte) ([]byte, error) {
	buf, err := x.readUnchecked(l, buf)
	if err == nil && !x.checked && sha256.Sum256(buf) != x.table.row(int(l.number)).digest {
		return nil, x.errorAt(l, ErrHash)
	}
	return buf, err
}

// readUnchecked is Read without the check of the block.
func (x *Index) readUnchecked(l Location, buf []byte) ([]byte, error) {
	if int(l.number) >= x.table.count || x.location(int(l.number)) != l {
		return nil, &Error{Offset: l.offset, Err: ErrNotFound}
	}
	if x.source == nil {
		return x.memory.block(l.offset, int(l.size)), nil
	}
	buf, err := x.read(l.offset, int(l.size), buf)
	if err != nil {
		return nil, x.errorAt(l, err)
	}
	return buf, nil
}

func (x *Index) errorAt(l Location, err error) error {
	return &Error{Offset: l.offset, CID: x.CID(l), Err: err}
}

// ReadAll reads the blocks at locations, as [Index.Read] does, and stores them in blocks, which must not be shorter than
// locations. It takes less time than a Read for each, because it hashes several blocks at once. If the archive is in a
// file, the blocks are parts of buf, or of a new slice if buf is too small for all of them.
//
// ReadAll returns the number of valid blocks before the first error, and that error, which is one of those of Read.
func (x *Index) ReadAll(locations []Location, buf []byte, blocks [][]byte) (n int, err error) {
	if x.source != nil {
		size := 0
		for _, l := range locations {
			size += l.Size()
		}
		buf = slices.Grow(buf[:0], size)
	}
	for n < len(locations) && err == nil {
		l := locations[n]
		end := min(len(buf)+l.Size(), cap(buf))
		if blocks[n], err = x.readUnchecked(l, buf[len(buf):end:end]); err == nil {
			buf = buf[:end]
			n++
		}
	}
	if x.checked {
		return n, err
	}
	for from := 0; from < n; from += groupSize {
		var sums [groupSize][digests.Size]byte
		group := blocks[from:min(from+groupSize, n)]
		digests.SHA256(sums[:], group)
		for i := range group {
			if l := locations[from+i]; sums[i] != x.table.row(int(l.number)).digest {
				return from + i, x.errorAt(l, ErrHash)
			}
		}
	}
	return n, err
}

// Prefetch loads the blocks of cids, at most 64, into the processor's caches. It stops at the first CID for which the
// archive has no block. Call it before reading several small blocks in different places of memory: it fetches them
// together, which saves time. For an archive that is not in memory, it does nothing.
func (x *Index) Prefetch(cids []cid.CID) {
	const line = 64 // the size of a cache line in bytes
	if x.source != nil {
		return
	}
	var locations [groupSize]Location
	n := x.FindAll(cids[:min(groupSize, len(cids))], locations[:])
	sum := byte(0)
	for _, l := range locations[:n] {
		block := x.memory.block(l.offset, int(l.size))
		for i := 0; i < len(block); i += line {
			sum += block[i]
		}
	}
	runtime.KeepAlive(sum)
}

// read reads size bytes at offset from the source into buf, or into a new slice if buf is too small.
func (x *Index) read(offset int64, size int, buf []byte) ([]byte, error) {
	if cap(buf) < size {
		buf = make([]byte, size+size/4)
	}
	buf = buf[:size]
	return buf, readAt(x.source, buf, offset)
}

// readAt fills b from source. It returns [ErrTruncated] if source ends before b is full.
func readAt(source io.ReaderAt, b []byte, offset int64) error {
	n, err := source.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	return truncated(err)
}
