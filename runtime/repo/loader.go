package repo

import "github.com/layers-pub/layers-go/runtime/car"

// loadedTogether is how many bytes of records a loader loads at once at most; a larger record is loaded by itself.
const loadedTogether = 256 << 10

// loader loads records, several at once, which takes less time than one by one. The next load reuses its memory.
type loader struct {
	repo      *Repo
	memory    []byte // of the records of an archive in a file
	locations []car.Location
	records   [][]byte
}

// load loads the records of the first of leaves, as many as it loads at once, and returns them. If there is an error, it is
// that of the leaf after those.
func (l *loader) load(leaves []Leaf) ([][]byte, error) {
	size := 0
	l.locations = l.locations[:0]
	for i := range leaves {
		at := leaves[i].at
		if size += at.Size(); size > loadedTogether && i > 0 {
			break
		}
		l.locations = append(l.locations, at)
	}
	if !l.repo.index.InMemory() && cap(l.memory) < size {
		l.memory = make([]byte, 0, size)
	}
	for len(l.records) < len(l.locations) {
		l.records = append(l.records, nil)
	}
	n, err := l.repo.index.ReadAll(l.locations, l.memory, l.records)
	if err != nil {
		err = l.repo.recordError(&leaves[n].Leaf, err)
	}
	return l.records[:n], err
}
