package car

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"runtime"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// Index knows where in an archive each block is.
//
// That of an archive in memory is made by a pass over the archive that checks all of its blocks against
// their CIDs: in the order of the archive, in which memory is read fastest, and with all processors. What
// it gives out has been checked. That of an archive in a file is made by a pass over the beginnings of
// the sections, and a block is checked each time that it is read. That of a stream is made as the archive
// comes by on its way to a file of our own, which gets each block once, and so are the checks. In each case no block comes out that was
// not what its CID says.
//
// An index takes some 51 to 62 bytes for a block. It does not change once it is made, and is safe for
// concurrent use as far as its source is, which an [io.ReaderAt] promises.
type Index struct {
	bytes  []byte      // the archive, if it is in memory
	source io.ReaderAt // the archive, if it is not
	size   int64
	// checked says that all blocks were checked when the index was made.
	checked bool
	opts    options
	header  header

	table      table
	duplicates int
}

// Location says where a block of one index is.
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

// NewIndex indexes the archive of the given size that source holds, such as a file. The limits are the
// defaults unless opts sets others. source must not change as long as the index is in use; if it does
// nevertheless, a block that has changed is not given out.
//
// An error is an [*Error] about the archive, or that of ctx or of an option.
func NewIndex(ctx context.Context, source io.ReaderAt, size int64, opts ...Option) (*Index, error) {
	return newIndex(ctx, &Index{source: source, size: size}, opts)
}

// NewIndexBytes indexes the archive that b holds, as [NewIndex] does, and checks all of its blocks. The
// blocks that the index gives out are parts of b, which must not change as long as the index or they
// are in use.
func NewIndexBytes(ctx context.Context, b []byte, opts ...Option) (*Index, error) {
	return newIndex(ctx, &Index{bytes: b, size: int64(len(b)), checked: true}, opts)
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
	x.table = newTable(min((end-x.header.start)/meanBlock, int64(x.opts.maxBlocks), maxEstimate))
	if err := x.scan(ctx, end); err != nil {
		return nil, err
	}
	return x, nil
}

// Version returns the version of the format that the archive is in: 1 or 2.
func (x *Index) Version() int { return x.header.version }

// InMemory reports whether the index is one of bytes in memory, so that what it gives out is a part of
// them.
func (x *Index) InMemory() bool { return x.source == nil }

// Checked reports whether all blocks were checked against their CIDs when the index was made, as those in
// memory and those of a stream are. [Index.Read] does not check them again.
func (x *Index) Checked() bool { return x.checked }

// Roots returns the CIDs that the header names; the caller must not change them.
func (x *Index) Roots() []lex.CID { return x.header.roots }

// Blocks returns the number of blocks in the archive; one that is there several times counts once.
func (x *Index) Blocks() int { return len(x.table.rows) }

// Duplicates returns the number of blocks that had been there before. They were checked against their
// CIDs, and are otherwise left alone.
func (x *Index) Duplicates() int { return x.duplicates }

// Find says where the block of c is, and whether the archive has one. It does not read the archive.
func (x *Index) Find(c lex.CID) (Location, bool) {
	number, ok := x.table.find(&c, x.table.hash(digest(&c)))
	if !ok {
		return Location{}, false
	}
	return x.location(number), true
}

// FindAll does for several CIDs what [Index.Find] does for one, in less time. It puts the locations of
// their blocks into locations, which must not be shorter than cids, up to the first CID of which the
// archive has no block, and returns their number.
func (x *Index) FindAll(cids []lex.CID, locations []Location) int {
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
	offset, size := x.table.rows[number].place()
	return Location{offset: offset, size: uint32(size), number: uint32(number)}
}

// CID returns the CID of the block at l, which must be of this index; that of another is undefined, or
// some CID of this one.
func (x *Index) CID(l Location) lex.CID {
	if int(l.number) >= len(x.table.rows) {
		return lex.CID{}
	}
	return x.table.rows[l.number].cid()
}

// Get reads the block of c, as [Index.Read] does. If the archive has none, the error wraps [ErrNotFound].
func (x *Index) Get(c lex.CID, buf []byte) ([]byte, error) {
	l, ok := x.Find(c)
	if !ok {
		return nil, &Error{Offset: -1, CID: c, Err: ErrNotFound}
	}
	return x.Read(l, buf)
}

// Read returns the block at l. From a file it is read into buf, or into a new slice if buf has not the
// capacity, and checked against its CID unless [Index.Checked]. From memory it is a part of the archive, which the caller
// must not change.
//
// An error is an [*Error] that wraps [ErrHash], [ErrTruncated], or what the source returned; or
// [ErrNotFound] if l is not of this index.
func (x *Index) Read(l Location, buf []byte) ([]byte, error) {
	if int(l.number) >= len(x.table.rows) || x.location(int(l.number)) != l {
		return nil, &Error{Offset: l.offset, Err: ErrNotFound}
	}
	if x.source == nil {
		end := l.offset + int64(l.size)
		return x.bytes[l.offset:end:end], nil
	}
	buf, err := x.read(l.offset, int(l.size), buf)
	if err == nil && !x.checked && sha256.Sum256(buf) != x.table.rows[l.number].digest {
		err = ErrHash
	}
	if err != nil {
		return nil, &Error{Offset: l.offset, CID: x.CID(l), Err: err}
	}
	return buf, nil
}

// Prefetch fetches the blocks of CIDs that are about to be read, as far as there are such, nearer to the
// processor. It pays where several small blocks will be read that lie in different places of memory,
// for they are fetched together. An index of a file does nothing.
func (x *Index) Prefetch(cids []lex.CID) {
	const line = 64 // bytes that are fetched at once
	if x.source != nil {
		return
	}
	var locations [groupSize]Location
	n := x.FindAll(cids[:min(groupSize, len(cids))], locations[:])
	sum := byte(0)
	for _, l := range locations[:n] {
		block := x.bytes[l.offset : l.offset+int64(l.size)]
		for i := 0; i < len(block); i += line {
			sum += block[i]
		}
	}
	runtime.KeepAlive(sum)
}

// read reads from the source into buf, which it makes anew if that is too small.
func (x *Index) read(offset int64, size int, buf []byte) ([]byte, error) {
	if cap(buf) < size {
		buf = make([]byte, size+size/4)
	}
	buf = buf[:size]
	return buf, readAt(x.source, buf, offset)
}

// readAt fills b from source. A source that is shorter than it was said to be is cut short.
func readAt(source io.ReaderAt, b []byte, offset int64) error {
	n, err := source.ReadAt(b, offset)
	if n == len(b) {
		return nil
	}
	return truncated(err)
}
