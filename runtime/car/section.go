package car

import (
	"fmt"

	"github.com/layers-pub/layers-go/runtime/lex"
)

const (
	cidSize   = len(lex.CID{})
	maxVarint = 9 // the longest length prefix: 63 bits
	// maxPrefix is how much of a section is needed to know what block it holds: its length and its CID.
	maxPrefix = maxVarint + cidSize
)

// section is one section of an archive without its block: a length, a CID, and where the block is.
type section struct {
	cid    lex.CID
	offset int64 // of the section
	data   int64 // offset of the block
	size   int   // of the block
}

// parseSection reads the beginning of the section at offset. b is that beginning, of maxPrefix bytes or
// up to the end of the archive; maxSize is the limit of a block.
func parseSection(b []byte, offset int64, maxSize int) (section, error) {
	length, n := uvarint(b)
	if n <= 0 {
		err := ErrTruncated
		if n < 0 {
			err = fmt.Errorf("%w: its length is not a canonical varint", ErrSection)
		}
		return section{}, &Error{Offset: offset, Err: err}
	}
	b = b[n:]
	if length > uint64(maxSize)+uint64(cidSize) {
		return section{}, &Error{Offset: offset, Err: fmt.Errorf("%w: block of %d bytes, limit %d", ErrTooLarge, length-uint64(cidSize), maxSize)}
	}
	b = b[:min(len(b), cidSize, int(length))]
	if len(b) < cidSize && uint64(len(b)) < length {
		return section{}, &Error{Offset: offset, Err: ErrTruncated}
	}
	c, err := lex.CIDFromBytes(b)
	if err != nil {
		return section{}, &Error{Offset: offset, Err: fmt.Errorf("%w: %w", ErrSection, err)}
	}
	return section{cid: c, offset: offset, data: offset + int64(n+cidSize), size: int(length) - cidSize}, nil
}

// uvarint reads an unsigned varint as multiformats define it: at most 9 bytes, in the shortest form.
// n is the number of bytes it takes, 0 if b ends before it does, and negative if it is malformed.
func uvarint(b []byte) (value uint64, n int) {
	for i, c := range b {
		if i == maxVarint {
			return 0, -1
		}
		value |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			if c == 0 && i > 0 {
				return 0, -1
			}
			return value, i + 1
		}
	}
	if len(b) >= maxVarint {
		return 0, -1
	}
	return 0, 0
}
