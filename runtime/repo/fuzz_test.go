package repo_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/repo"
)

// rehash replaces the CIDs in the data of blocks, until all are right that can be reached from a root: a block that was
// altered is then one that its parents name, up to the commit. Blocks come after what they refer to, but for those that
// refer to each other in a circle. It returns the CID of the last block.
func rehash(blocks []block) (root cid.CID) {
	for i := range blocks {
		b := &blocks[i]
		now := cid.Of(cid.DagCBOR, b.data)
		for j := i + 1; j < len(blocks); j++ {
			blocks[j].data = bytes.ReplaceAll(blocks[j].data, b.cid[:], now[:])
		}
		b.cid = now
	}
	return blocks[len(blocks)-1].cid
}

// fuzzBlocks returns the blocks of a small repository of several layers: records, the nodes from the lowest layer up, the
// commit.
func fuzzBlocks(tb testing.TB) []block {
	tb.Helper()
	_, blocks := split(tb, build(tb, smallRecords(40), repo.OrderTree))
	var ordered []block
	for len(blocks) > 0 { // those that refer to no block that is left
		var rest []block
		for _, b := range blocks {
			refers := false
			for _, other := range blocks {
				refers = refers || bytes.Contains(b.data, other.cid[:])
			}
			if refers {
				rest = append(rest, b)
			} else {
				ordered = append(ordered, b)
			}
		}
		blocks = rest
	}
	return ordered
}

// TestRehash checks that archives with an altered block have matching hashes again: none of them ends with a hash that does
// not match, and an altered record is yielded.
func TestRehash(t *testing.T) {
	reached := 0
	for i, b := range fuzzBlocks(t) {
		blocks := fuzzBlocks(t)
		blocks[i].data = bytes.Replace(bytes.Clone(b.data), []byte("note"), []byte("NOTE"), 1)
		if bytes.Equal(blocks[i].data, b.data) {
			continue
		}
		r, err := repo.FromBytes(t.Context(), join([]cid.CID{rehash(blocks)}, blocks))
		if err == nil {
			_, err = readAll(t.Context(), r)
		}
		if errors.Is(err, car.ErrHash) || errors.Is(err, car.ErrNotFound) {
			t.Errorf("block %d: %v", i, err)
		}
		if err == nil {
			reached++
		}
	}
	if reached < 40 {
		t.Errorf("%d altered records were reached", reached)
	}
}

// FuzzRepo alters one block of a repository, in which the parents then name the altered one: the fuzzer gets behind
// the hashes, to the tree and the records. All ways to read agree.
func FuzzRepo(f *testing.F) {
	made := fuzzBlocks(f)
	for i, b := range made {
		f.Add(uint8(i), b.data)
	}
	// Nodes in places of others: keys out of order and in wrong layers, subtrees that two nodes share, or that are empty
	// or too deep.
	nodes := made[40 : len(made)-1]
	for i := range nodes {
		f.Add(uint8(40+i), (&mst.Node{}).Append(nil))
		f.Add(uint8(40+i), (&mst.Node{Left: nodes[0].cid}).Append(nil))
		for _, other := range nodes {
			f.Add(uint8(40+i), other.data)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		blocks := slices.Clone(made)
		i := int(which) % len(blocks)
		blocks[i].data = data
		root := rehash(blocks)
		archive := join([]cid.CID{root}, blocks)
		var first []repo.Record
		var failed error
		for n, way := range ways[:2] { // files would take most of the time
			var got []repo.Record
			r, err := way.open(t.Context(), archive)
			if err == nil {
				got, err = readAll(t.Context(), r)
				for _, decoding := range r.Decode(t.Context(), notes(func() {}), nil) {
					if err == nil && decoding != nil {
						t.Errorf("%s: %v, but decoding ends with %v", way.name, err, decoding)
					}
				}
				r.Close()
			}
			if errors.Is(err, car.ErrHash) {
				t.Errorf("%s: %v", way.name, err)
			}
			if n == 0 {
				first, failed = got, err
			} else if (err == nil) != (failed == nil) || err == nil && !equalRecords(got, first) {
				t.Errorf("%s: %v; %s: %v", way.name, err, ways[0].name, failed)
			}
		}
	})
}
