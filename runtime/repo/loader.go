package repo

import "github.com/layers-pub/layers-go/runtime/car"

// loadedTogether is the total size in bytes of the records that a loader loads at once at most; it loads a larger record
// by itself.
const loadedTogether = 256 << 10

// loader reads records from an archive and checks their hashes, several at once, which takes less time than one by one.
type loader struct {
	repo      *Repo
	memory    []byte // the records, if the archive is in a file
	locations []car.Location
	records   [][]byte
}

// load returns the records of the first of leaves, as many as loadedTogether allows. They are valid until
// the next load. If load returns an error, it is a [*RecordError] about the leaf after those whose records it returns.
func (l *loader) load(leaves []Leaf) ([][]byte, error) {
	n, size := chunkLimit{len(leaves), loadedTogether}.fit(leaves)
	l.locations = l.locations[:0]
	for i := range leaves[:n] {
		l.locations = append(l.locations, leaves[i].at)
	}
	if !l.repo.index.InMemory() && cap(l.memory) < size {
		l.memory = make([]byte, 0, size)
	}
	for len(l.records) < n {
		l.records = append(l.records, nil)
	}
	n, err := l.repo.index.ReadAll(l.locations, l.memory, l.records)
	if err != nil {
		err = l.repo.recordError(&leaves[n].Leaf, err)
	}
	return l.records[:n], err
}
