package repo_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
)

// change returns records with one removed, one altered and three added, and the four that are new.
func change(all []repo.Record) (changed, fresh []repo.Record) {
	changed = slices.Delete(slices.Clone(all), 20, 21)
	set := func(r repo.Record, data string) repo.Record {
		r.Data = []byte(data)
		r.CID = cid.Of(cid.DagCBOR, r.Data)
		return r
	}
	changed[100] = set(changed[100], "\xa1\x64text\x67altered")
	fresh = append(fresh, changed[100])
	for i := range 3 {
		added := set(all[10*i], fmt.Sprintf("\xa1\x64text\x66added%d", i))
		added.RecordKey += "x"
		fresh = append(fresh, added)
		changed = append(changed, added)
	}
	byPath := func(a, b repo.Record) int { return bytes.Compare([]byte(path(a)), []byte(path(b))) }
	slices.SortFunc(changed, byPath)
	slices.SortFunc(fresh, byPath)
	return changed, fresh
}

// since returns the archive of the blocks of now that are not among those of before.
func since(tb testing.TB, now, before []byte) []byte {
	tb.Helper()
	_, old := split(tb, before)
	root, blocks := split(tb, now)
	return join([]cid.CID{root}, slices.DeleteFunc(blocks, func(b block) bool {
		return slices.ContainsFunc(old, func(o block) bool { return o.cid == b.cid })
	}))
}

func TestPartial(t *testing.T) {
	s := newSigner(t)
	all := smallRecords(500)
	changed, fresh := change(all)
	now := s.signed(t, changed)
	diff := since(t, now, s.signed(t, all))
	if len(diff) > len(now)/4 {
		t.Fatalf("the difference has %d of %d bytes", len(diff), len(now))
	}
	for _, way := range ways {
		// Without the option it is an archive of which blocks are missing.
		if err := hostile(t, way.open, diff, changed); !errors.Is(err, car.ErrNotFound) {
			t.Errorf("%s: without the option: %v", way.name, err)
		}
		r, err := way.open(t.Context(), diff, repo.WithPartial())
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Verify(testDID, s.key); err != nil {
			t.Errorf("%s: %v", way.name, err)
		}
		got, err := readAll(t.Context(), r)
		if err != nil || !equalRecords(got, fresh) {
			t.Errorf("%s: %d records, %v; want %d", way.name, len(got), err, len(fresh))
		}
		counts, ok := r.Counts()
		if !ok || counts.Records != 4 || counts.Extra != 0 || counts.Blocks != 1+counts.Nodes+4 || counts.SkippedTrees < 10 || counts.SkippedRecords < 5 {
			t.Errorf("%s: counts are %+v", way.name, counts)
		}
		var paths []string
		for leaf, err := range r.Leaves(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			paths = append(paths, string(leaf.Collection)+"/"+string(leaf.RecordKey))
		}
		for d, err := range r.Decode(t.Context(), records.Lookup, nil) {
			if err != nil {
				t.Fatal(err)
			}
			if len(paths) == 0 || path(d.Record) != paths[0] || d.Envelope().Trust != rec.Signed {
				t.Fatalf("%s: decoded %s, leaves %v", way.name, d.URI(), paths)
			}
			paths = paths[1:]
		}
		if len(paths) > 0 {
			t.Errorf("%s: not decoded: %v", way.name, paths)
		}
		// A whole repository is the part that lacks nothing.
		r, err = way.open(t.Context(), now, repo.WithPartial())
		if err != nil {
			t.Fatal(err)
		}
		got, err = readAll(t.Context(), r)
		if counts, _ := r.Counts(); err != nil || !equalRecords(got, changed) || counts.SkippedTrees != 0 || counts.SkippedRecords != 0 {
			t.Errorf("%s: of all: %d records, %v, counts %+v", way.name, len(got), err, counts)
		}
	}
}

// TestPartialUnchanged has what a server sends where there is little new, or nothing at all.
func TestPartialUnchanged(t *testing.T) {
	archive := build(t, smallRecords(50), repo.OrderTree)
	root, blocks := split(t, archive)
	for _, way := range ways {
		_, err := way.open(t.Context(), join([]cid.CID{root}, nil), repo.WithPartial())
		if !errors.Is(err, repo.ErrUnchanged) {
			t.Errorf("%s: no block: %v", way.name, err)
		}
		if _, err := way.open(t.Context(), join([]cid.CID{root}, nil)); !errors.Is(err, car.ErrNotFound) {
			t.Errorf("%s: no block, without the option: %v", way.name, err)
		}
		if _, err := way.open(t.Context(), join([]cid.CID{root}, blocks[1:]), repo.WithPartial()); !errors.Is(err, car.ErrNotFound) {
			t.Errorf("%s: no commit: %v", way.name, err)
		}
		// A new commit with the tree of the one before it.
		r, err := way.open(t.Context(), join([]cid.CID{root}, blocks[:1]), repo.WithPartial())
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(t.Context(), r)
		if counts, ok := r.Counts(); err != nil || len(got) > 0 || !ok || counts != (repo.Counts{Blocks: 1, SkippedTrees: 1}) {
			t.Errorf("%s: a commit alone: %d records, %v, counts %+v", way.name, len(got), err, counts)
		}
	}
}

// TestPartialHostile leaves out blocks and alters one: whatever comes out is a part of what went in.
func TestPartialHostile(t *testing.T) {
	all := smallRecords(200)
	want := map[string]cid.CID{}
	for _, r := range all {
		want[path(r)] = r.CID
	}
	root, blocks := split(t, build(t, all, repo.OrderTree))
	random := rand.New(rand.NewPCG(4, 5))
	for round := range 100 {
		part := []block{blocks[0]}
		for _, b := range blocks[1:] {
			if random.IntN(5) > 0 {
				part = append(part, b)
			}
		}
		for _, way := range ways {
			r, err := way.open(t.Context(), join([]cid.CID{root}, part), repo.WithPartial())
			if err != nil {
				t.Fatal(err)
			}
			got, err := readAll(t.Context(), r)
			if err != nil || len(got) == 0 && round < 3 {
				t.Fatalf("%s: %d records, %v", way.name, len(got), err)
			}
			for _, record := range got {
				if want[path(record)] != record.CID || cid.Of(cid.DagCBOR, record.Data) != record.CID {
					t.Fatalf("%s: %s is another record", way.name, path(record))
				}
			}
			counts, _ := r.Counts()
			if counts.Records != len(got) || 1+counts.Nodes+counts.Records+counts.Extra != len(part) {
				t.Fatalf("%s: %d blocks and %d records; counts are %+v", way.name, len(part), len(got), counts)
			}
			// What is there is hashed, also where no path leads to it.
			altered := slices.Clone(part)
			i := random.IntN(len(altered))
			altered[i].data = bytes.Clone(altered[i].data)
			altered[i].data[random.IntN(len(altered[i].data))] ^= 1 << random.IntN(8)
			r, err = way.open(t.Context(), join([]cid.CID{root}, altered), repo.WithPartial())
			if err == nil {
				_, err = readAll(t.Context(), r)
			}
			if !errors.Is(err, car.ErrHash) {
				t.Fatalf("%s: block %d altered: %v", way.name, i, err)
			}
		}
	}
	// A tree that is malformed where it is there.
	node := mst.Node{Left: all[0].CID, Entries: []mst.Entry{{Key: []byte("com.example.record/3jqfcqzm3fo2j"), Value: all[0].CID}}}
	data := node.Append(nil)
	commit := repo.Commit{DID: testDID, Rev: testRev, Sig: make([]byte, 64), Data: cid.Of(cid.DagCBOR, data)}
	top := block{cid.Of(cid.DagCBOR, commit.Block()), commit.Block()}
	r, err := repo.FromBytes(t.Context(), join([]cid.CID{top.cid}, []block{top, {commit.Data, data}}), repo.WithPartial())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(t.Context(), r); !errors.Is(err, mst.ErrInvalid) {
		t.Errorf("a malformed tree: %v", err)
	}
}
