package mst_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
)

// randomPair returns two sets of leaves that differ at a few paths.
func randomPair(r *rand.Rand) (before, after map[string]cid.CID) {
	before = map[string]cid.CID{}
	for range r.IntN(1 << r.IntN(10)) {
		before[fmt.Sprintf("com.example.c%d/%d", r.IntN(3), r.IntN(1<<20))] = cidOf(r.IntN(1000))
	}
	after = maps.Clone(before)
	keys := slices.Sorted(maps.Keys(before))
	for range r.IntN(10) {
		if len(keys) > 0 && r.IntN(3) > 0 {
			delete(after, keys[r.IntN(len(keys))])
		}
		if len(keys) > 0 && r.IntN(3) > 0 {
			after[keys[r.IntN(len(keys))]] = cidOf(r.IntN(1000))
		}
		after[fmt.Sprintf("com.example.c%d/%d", r.IntN(3), r.IntN(1<<20))] = cidOf(r.IntN(1000))
	}
	return before, after
}

func differences(before, after map[string]cid.CID) []mst.Change {
	all := maps.Clone(before)
	maps.Copy(all, after)
	var changes []mst.Change
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if before[path] != after[path] {
			changes = append(changes, mst.Change{Path: path, Old: before[path], New: after[path]})
		}
	}
	return changes
}

func TestDiff(t *testing.T) {
	total, totalNeedless := 0, 0
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 500 {
		before, after := randomPair(r)
		old, stored := blocks{}, blocks{}
		oldRoot, newRoot := old.build(t, before), stored.build(t, after)
		common, needless := blocks{}, 0
		for c, node := range old {
			if _, ok := stored[c]; ok {
				common[c] = node
			}
			stored[c] = node
		}
		loaded := 0
		load := func(c cid.CID, buf []byte) ([]byte, error) {
			loaded++
			if _, ok := common[c]; ok {
				needless++
			}
			return stored.load(c, buf)
		}
		var got []mst.Change
		for change, err := range mst.Diff(oldRoot, newRoot, load) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, change)
		}
		want := differences(before, after)
		if !slices.Equal(got, want) {
			t.Fatalf("pair %d: the difference is %v, want %v", i, got, want)
		}
		if oldRoot == newRoot && loaded > 0 {
			t.Fatalf("pair %d: comparing a tree with itself loads %d nodes", i, loaded)
		}
		total += loaded
		totalNeedless += needless
		for change, err := range mst.Diff(cid.CID{}, newRoot, load) {
			if err != nil || change.Old.Defined() || change.New != after[change.Path] {
				t.Fatal(change, err)
			}
			delete(after, change.Path)
		}
		if len(after) > 0 {
			t.Fatalf("pair %d: compared with nothing, %d paths are not new", i, len(after))
		}
	}
	// A node that is in both trees has to be loaded only where it is below one that was split or joined.
	if totalNeedless > total/50 {
		t.Errorf("%d of the %d nodes that were loaded are in both trees", totalNeedless, total)
	}
}

// TestDiffMissing holds that, with missing nodes, what is yielded is true, and each other difference is in a range that is
// said to be unknown.
func TestDiffMissing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	unknown := 0
	for i := range 2000 {
		before, after := randomPair(r)
		stored := blocks{}
		oldRoot, newRoot := stored.build(t, before), stored.build(t, after)
		lost := map[cid.CID]bool{}
		for _, c := range slices.SortedFunc(maps.Keys(stored), func(a, b cid.CID) int { return slices.Compare(a[:], b[:]) }) {
			if r.IntN(5) == 0 {
				lost[c] = true
			}
		}
		load := func(c cid.CID, buf []byte) ([]byte, error) {
			if lost[c] {
				return nil, mst.ErrSkip
			}
			return stored.load(c, buf)
		}
		got := map[string]mst.Change{}
		var missing []*mst.MissingError
		last := ""
		for change, err := range mst.Diff(oldRoot, newRoot, load) {
			if m, ok := errors.AsType[*mst.MissingError](err); ok {
				if !lost[m.Node] || !errors.Is(err, mst.ErrSkip) {
					t.Fatal(err)
				}
				missing = append(missing, m)
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if change.Path <= last || before[change.Path] != change.Old || after[change.Path] != change.New || change.Old == change.New {
				t.Fatalf("pair %d: %v after %q; before %s, after %s", i, change, last, before[change.Path], after[change.Path])
			}
			last = change.Path
			got[change.Path] = change
		}
		for _, change := range differences(before, after) {
			covered := slices.ContainsFunc(missing, func(m *mst.MissingError) bool {
				return m.After < change.Path && (m.Before == "" || change.Path < m.Before)
			})
			if _, ok := got[change.Path]; ok == covered {
				t.Fatalf("pair %d: %v is yielded: %v, unknown: %v", i, change, ok, covered)
			}
			if covered {
				unknown++
			}
		}
	}
	if unknown < 1000 {
		t.Errorf("only %d differences were unknown", unknown)
	}
}

func TestDiffErrors(t *testing.T) {
	stored := blocks{}
	before, after := map[string]cid.CID{}, map[string]cid.CID{}
	for i := range 100 {
		before[fmt.Sprintf("com.example.c/%d", i)] = cidOf(i)
		after[fmt.Sprintf("com.example.c/%d", i)] = cidOf(i + 1)
	}
	oldRoot, newRoot := stored.build(t, before), stored.build(t, after)
	broken := errors.New("broken disk")
	for _, bad := range []cid.CID{oldRoot, newRoot} {
		load := func(c cid.CID, buf []byte) ([]byte, error) {
			if c == bad {
				return nil, broken
			}
			return stored.load(c, buf)
		}
		turns := 0
		for _, err := range mst.Diff(oldRoot, newRoot, load) {
			turns++
			if fault, ok := errors.AsType[*mst.Error](err); !ok || fault.Node != bad || !errors.Is(err, broken) {
				t.Fatal(err)
			}
		}
		if turns != 1 {
			t.Fatalf("the error came %d times", turns)
		}
	}
	for range mst.Diff(oldRoot, newRoot, stored.load) {
		break
	}
}

// TestCover holds that the nodes that Cover loads are enough to undo an operation, and that they are few.
func TestCover(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for i := range 500 {
		before, after := randomPair(r)
		stored := blocks{}
		oldRoot, newRoot := stored.build(t, before), stored.build(t, after)
		covered := blocks{}
		changes := differences(before, after)
		for _, change := range changes {
			err := mst.Cover(newRoot, change.Path, func(c cid.CID, buf []byte) ([]byte, error) {
				covered[c] = stored[c]
				return stored.load(c, buf)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if limit := 60 * len(changes); len(covered) > limit {
			t.Fatalf("pair %d: %d nodes cover %d changes", i, len(covered), len(changes))
		}
		tree := mst.NewTree(newRoot, covered.load)
		for _, change := range changes {
			if !change.Old.Defined() {
				continue
			}
			if found, err := tree.Put(change.Path, change.Old); err != nil || found != change.New {
				t.Fatalf("pair %d: %v: found %s, %v", i, change, found, err)
			}
		}
		for _, change := range changes {
			if change.Old.Defined() {
				continue
			}
			if found, err := tree.Delete(change.Path); err != nil || found != change.New {
				t.Fatalf("pair %d: %v: found %s, %v", i, change, found, err)
			}
		}
		if root, err := tree.Root(nil); err != nil || root != oldRoot {
			t.Fatalf("pair %d: the root is %s, want %s: %v", i, root, oldRoot, err)
		}
	}
}

// TestStale holds that the nodes that a change makes stale are those that the new tree does not have.
func TestStale(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for i := range 300 {
		before, after := randomPair(r)
		stored, other := blocks{}, blocks{}
		oldRoot, newRoot := stored.build(t, before), other.build(t, after)
		tree := mst.NewTree(oldRoot, stored.load)
		for _, change := range differences(before, after) {
			var err error
			if change.New.Defined() {
				_, err = tree.Put(change.Path, change.New)
			} else {
				_, err = tree.Delete(change.Path)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		stale := slices.Clone(tree.Stale())
		emitted := blocks{}
		if root, err := tree.Root(emitted.put); err != nil || root != newRoot {
			t.Fatal(root, newRoot, err)
		}
		for _, c := range stale {
			delete(stored, c)
		}
		maps.Copy(stored, emitted)
		if !maps.Equal(stored, other) {
			t.Fatalf("pair %d: %d nodes are left, want %d", i, len(stored), len(other))
		}
	}
}
