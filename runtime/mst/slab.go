package mst

// slab allocates slices in chunks of memory, which it uses again after a reset.
type slab[T any] struct {
	chunks [][]T
	chunk  int // the index of the chunk that is in use
	used   int // how many of its elements are in use
}

const (
	chunkSize = 256 // the elements of a chunk, unless alloc is called for more
	maxChunks = 64  // reset frees the memory if it is larger than that of so many chunks
)

// alloc returns a slice of n elements, whose contents are undefined. Its capacity is n, so that appending copies it.
func (s *slab[T]) alloc(n int) []T {
	for s.chunk < len(s.chunks) && len(s.chunks[s.chunk])-s.used < n {
		s.chunk++
		s.used = 0
	}
	if s.chunk == len(s.chunks) {
		s.chunks = append(s.chunks, make([]T, max(n, chunkSize)))
	}
	b := s.chunks[s.chunk][s.used : s.used+n : s.used+n]
	s.used += n
	return b
}

// reset makes all memory free for new slices; the earlier ones must not be used any more. It drops memory of more than
// maxChunks chunks, so that one large tree does not keep it for ever.
func (s *slab[T]) reset() {
	size := 0
	for _, chunk := range s.chunks {
		size += len(chunk)
	}
	if size > maxChunks*chunkSize {
		s.chunks = nil
	}
	s.chunk, s.used = 0, 0
}
