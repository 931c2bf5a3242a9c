package car

import (
	"fmt"
	"slices"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/digests"
)

const (
	cidSize   = len(cid.CID{})
	maxVarint = 9 // the longest length prefix: 63 bits
	// maxPrefix is the size of the longest beginning of a section, up to its block: the length and the CID.
	maxPrefix = maxVarint + cidSize
)

// section describes one section of an archive: the CID of its block, and where the section and the block are.
type section struct {
	cid    cid.CID
	offset int64  // of the section
	data   int64  // offset of the block
	size   int    // of the block
	hash   uint64 // the result of table.hash, set by table.prepare
}

// parse sets s to the section at offset. b is its beginning, of maxPrefix bytes or up to the end of the
// archive; maxSize is the limit of a block.
func (s *section) parse(b []byte, offset int64, maxSize int) error {
	length, n := uvarint(b)
	if n <= 0 {
		err := ErrTruncated
		if n < 0 {
			err = fmt.Errorf("%w: its length is not a canonical varint", ErrSection)
		}
		return &Error{Offset: offset, Err: err}
	}
	if length > uint64(maxSize)+uint64(cidSize) {
		return &Error{Offset: offset, Err: fmt.Errorf("%w: block of %d bytes, limit %d", ErrTooLarge, length-uint64(cidSize), maxSize)}
	}
	b = b[n:min(n+min(cidSize, int(length)), len(b))]
	if len(b) < min(cidSize, int(length)) {
		return &Error{Offset: offset, Err: ErrTruncated}
	}
	c, err := cid.FromBytes(b)
	if err != nil {
		return &Error{Offset: offset, Err: fmt.Errorf("%w: %w", ErrSection, err)}
	}
	s.cid = c
	s.offset, s.data, s.size = offset, offset+int64(n+cidSize), int(length)-cidSize
	return nil
}

// end returns the offset of the first byte after the section.
func (s *section) end() int64 { return s.data + int64(s.size) }

// check checks the block of the section against its CID.
func (s *section) check(block []byte) error {
	if !s.cid.Matches(block) {
		return s.hashError()
	}
	return nil
}

func (s *section) hashError() error { return &Error{Offset: s.offset, CID: s.cid, Err: ErrHash} }

// check checks the blocks of sections against their CIDs, groupSize of them at a time. The function block returns the
// block of a section.
func check(sections []section, block func(*section) []byte) error {
	var blocks [groupSize][]byte
	var sums [groupSize][digests.Size]byte
	for group := range slices.Chunk(sections, groupSize) {
		for i := range group {
			blocks[i] = block(&group[i])
		}
		digests.SHA256(sums[:], blocks[:len(group)])
		for i := range group {
			if !group[i].cid.MatchesDigest(sums[i]) {
				return group[i].hashError()
			}
		}
	}
	return nil
}

// uvarint reads an unsigned varint as multiformats define it: at most 9 bytes, in the shortest form.
// n is its length in bytes, 0 if b ends within it, and negative if it is malformed.
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
