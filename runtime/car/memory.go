package car

import "io"

const (
	chunkBits = 18
	wholeBits = 62 // the bits of a memory with a single chunk
)

// memory is an archive in memory: chunks of 1<<bits bytes, the last of which may be shorter.
type memory struct {
	chunks [][]byte
	bits   uint
	// crossing has, for each chunk, a copy of the block that begins in it and ends in a later one, if there is one.
	crossing [][]byte
}

func contiguous(b []byte) memory { return memory{chunks: [][]byte{b}, bits: wholeBits} }

func inChunks(chunks [][]byte) memory {
	return memory{chunks: chunks, bits: chunkBits, crossing: make([][]byte, len(chunks))}
}

// within returns size bytes from offset on, and whether they are all in one chunk; if not, b is nil. The range must be
// within the archive.
func (m *memory) within(offset int64, size int) (b []byte, ok bool) {
	if size == 0 {
		return []byte{}, true
	}
	chunk, at := m.chunks[offset>>m.bits], int(offset&(1<<m.bits-1))
	if size > len(chunk)-at {
		return nil, false
	}
	return chunk[at : at+size : at+size], true
}

// ReadAt implements [io.ReaderAt].
func (m *memory) ReadAt(p []byte, offset int64) (n int, err error) {
	for n < len(p) {
		i, at := int((offset+int64(n))>>m.bits), int((offset+int64(n))&(1<<m.bits-1))
		if i >= len(m.chunks) || at >= len(m.chunks[i]) {
			return n, io.EOF
		}
		n += copy(p[n:], m.chunks[i][at:])
	}
	return n, nil
}

// keep copies the block at offset if it crosses the end of a chunk. It must be called before [memory.block].
func (m *memory) keep(offset int64, size int) {
	if _, ok := m.within(offset, size); ok {
		return
	}
	b := make([]byte, size)
	_, _ = m.ReadAt(b, offset) // the block is within the archive
	m.crossing[offset>>m.bits] = b
}

// block returns the block of the given size at offset.
func (m *memory) block(offset int64, size int) []byte {
	if b, ok := m.within(offset, size); ok {
		return b
	}
	return m.crossing[offset>>m.bits]
}
