package mst

// slab hands out slices of memory that is used again after a reset.
type slab[T any] struct {
	chunks [][]T
	chunk  int // the one that is in use
	used   int // of it
}

const (
	chunkSize = 256 // elements of a chunk, unless more are asked for
	maxChunks = 64  // how many are kept
)

// alloc returns n elements, whose contents are undefined. Appending to them copies them.
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

// reset takes everything back. It keeps the memory unless it was much, so that one large tree does not keep it for ever.
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
