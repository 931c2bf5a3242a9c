package car

// Set is a set of blocks of one index. It must not be used by several goroutines at once.
type Set struct {
	index *Index
	bits  []uint64
}

// NewSet returns an empty set of blocks of x.
func (x *Index) NewSet() *Set {
	return &Set{index: x, bits: make([]uint64, (x.Blocks()+63)/64)}
}

// Add adds the block at l, which must be a location of the set's index.
func (s *Set) Add(l Location) {
	if int(l.number) < s.index.Blocks() {
		s.bits[l.number/64] |= 1 << (l.number % 64)
	}
}

// Others returns the blocks of the index that are not in the set, in the order of the archive.
func (s *Set) Others() []Location {
	var others []Location
	for number := range s.index.Blocks() {
		if s.bits[number/64]&(1<<(number%64)) == 0 {
			others = append(others, s.index.location(number))
		}
	}
	return others
}
