package car

import (
	"bufio"
	"bytes"
	"io"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// Scanner reads the blocks of an archive in memory one after the other. Unlike [Reader] and [Index], it does not check
// the blocks against their CIDs, and it allocates nothing for an archive with one root. So a caller that needs few of the
// blocks can check only those. The zero Scanner has no blocks. A Scanner must not be used by several goroutines at once.
type Scanner struct {
	archive []byte
	offset  int64
	roots   [1]cid.CID
}

// The header of an archive with one root is oneRoot, the CID, and afterRoot.
const (
	oneRoot   = "\x3a\xa2\x65roots\x81\xd8\x2a\x58\x25\x00"
	afterRoot = "\x67version\x01"
)

// Reset makes s read archive from its beginning. The archive must not change as long as s or one of its blocks is in use.
// Reset returns the roots, which are valid until the next Reset. An error is an [*Error]; after it, s has no blocks.
func (s *Scanner) Reset(archive []byte) (roots []cid.CID, err error) {
	s.archive, s.offset = archive, int64(len(archive))
	const size = len(oneRoot) + cidSize + len(afterRoot)
	if len(archive) >= size && string(archive[:len(oneRoot)]) == oneRoot && string(archive[size-len(afterRoot):size]) == afterRoot {
		if root, err := cid.FromBytes(archive[len(oneRoot) : len(oneRoot)+cidSize]); err == nil {
			s.roots[0], s.offset = root, int64(size)
			return s.roots[:], nil
		}
	}
	h, err := readHeader(bufio.NewReader(bytes.NewReader(archive)), DefaultMaxHeaderSize)
	if err != nil {
		return nil, err
	}
	s.offset = h.start
	return h.roots, nil
}

// Next returns the CID and the bytes of the next block, which are a part of the archive. It does not check that they match.
// At the end of the archive, the error is [io.EOF]; any other error is an [*Error], after which s has no more blocks.
func (s *Scanner) Next() (c cid.CID, block []byte, err error) {
	if s.offset >= int64(len(s.archive)) {
		return cid.CID{}, nil, io.EOF
	}
	var next section
	err = next.parse(s.archive[s.offset:], s.offset, DefaultMaxBlockSize)
	if err == nil && next.end() > int64(len(s.archive)) {
		err = &Error{Offset: s.offset, CID: next.cid, Err: ErrTruncated}
	}
	if err != nil {
		s.offset = int64(len(s.archive))
		return cid.CID{}, nil, err
	}
	s.offset = next.end()
	return next.cid, s.archive[next.data:next.end()], nil
}
