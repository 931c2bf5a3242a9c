package car

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// readerBuffer is how much a [Reader] reads at once.
const readerBuffer = 64 << 10

// contextEvery is the number of blocks after which a loop over an archive checks again whether its context has ended.
const contextEvery = 512

// Block is a block of an archive.
type Block struct {
	CID cid.CID
	// Data is the content of the block. CID has its hash.
	Data []byte
	// Offset is the position of the section that contains the block, in bytes from the beginning of
	// the archive.
	Offset int64
}

// Reader reads an archive from beginning to end. It must not be used by several goroutines at once.
type Reader struct {
	r      *bufio.Reader
	opts   options
	header header
	offset int64 // of the next section
	count  int
	buf    []byte
	err    error // the error that ended the reading, or io.EOF
}

// NewReader returns a Reader of the archive in r, in CAR version 1, and reads its header.
// The limits are the defaults unless opts sets others. An error is an [*Error] that wraps [ErrHeader],
// or that of an option.
//
// A Reader reads ahead from r, in steps of 64 KiB.
func NewReader(r io.Reader, opts ...Option) (*Reader, error) {
	o, err := newOptions(opts)
	if err != nil {
		return nil, err
	}
	buffered := bufio.NewReaderSize(r, readerBuffer)
	h, err := readHeader(buffered, o.maxHeaderSize)
	if err != nil {
		return nil, err
	}
	return &Reader{r: buffered, opts: o, header: h, offset: h.start}, nil
}

// Roots returns the CIDs that the header names; the caller must not change them.
func (r *Reader) Roots() []cid.CID { return r.header.roots }

// Blocks yields the remaining blocks, in the order of the archive, each after its
// bytes have been checked against its CID. A block's Data is valid until the loop's next turn.
//
// An error about the archive, an [*Error], is yielded once and ends the Reader; ctx's error ends only the loop. If the
// archive ends after a whole section, the loop ends without an error, because an archive does not say
// how many blocks it has.
func (r *Reader) Blocks(ctx context.Context) iter.Seq2[Block, error] {
	return func(yield func(Block, error) bool) {
		for r.err == nil {
			if r.count%contextEvery == 0 && ctx.Err() != nil {
				yield(Block{}, ctx.Err())
				return
			}
			block, err := r.next()
			r.err = err
			if err == io.EOF || !yield(block, err) {
				return
			}
		}
	}
}

// next reads the next block. At the end of the archive it returns io.EOF.
func (r *Reader) next() (Block, error) {
	prefix, err := r.r.Peek(maxPrefix)
	if err != nil && err != io.EOF {
		return Block{}, &Error{Offset: r.offset, Err: truncated(err)}
	}
	if len(prefix) == 0 {
		return Block{}, io.EOF
	}
	var s section
	if err := s.parse(prefix, r.offset, r.opts.maxBlockSize); err != nil {
		return Block{}, err
	}
	if r.count == r.opts.maxBlocks {
		return Block{}, tooManyBlocks(r.offset, r.count)
	}
	if _, err := r.r.Discard(int(s.data - s.offset)); err != nil {
		return Block{}, &Error{Offset: s.offset, CID: s.cid, Err: err}
	}
	if cap(r.buf) < s.size {
		r.buf = make([]byte, s.size+s.size/4)
	}
	data := r.buf[:s.size]
	if _, err := io.ReadFull(r.r, data); err != nil {
		return Block{}, &Error{Offset: s.offset, CID: s.cid, Err: truncated(err)}
	}
	if !r.opts.unverified {
		if err := s.check(data); err != nil {
			return Block{}, err
		}
	}
	r.offset = s.end()
	r.count++
	return Block{CID: s.cid, Data: data, Offset: s.offset}, nil
}

func tooManyBlocks(offset int64, limit int) error {
	return &Error{Offset: offset, Err: fmt.Errorf("%w: more than %d blocks", ErrTooLarge, limit)}
}
