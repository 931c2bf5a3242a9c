package repo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const writableDID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

func revision(n int) syntax.TID {
	return syntax.TID("2222222222222").Add(time.Duration(n) * time.Second)
}

func record(n int) []byte { return append([]byte("\xa1\x61n\x19"), byte(n>>8)|1, byte(n)) }

// TestWritable changes a repository at random. After each change its archive, and proofs of paths, read as what was written.
func TestWritable(t *testing.T) {
	for _, curve := range []multikey.Curve{multikey.K256, multikey.P256} {
		r := rand.New(rand.NewPCG(1, uint64(curve)))
		key := multikey.Generate(curve)
		w := repo.NewWritable(writableDID, key)
		want := map[string][]byte{}
		for step := range 60 {
			before := maps.Clone(want)
			var writes []repo.Write
			for range r.IntN(8) {
				path := fmt.Sprintf("com.example.c%d/%d", r.IntN(3), r.IntN(40))
				write := repo.Write{Path: path, Data: record(r.IntN(1000))}
				if r.IntN(3) == 0 {
					write.Data = nil
				}
				writes = append(writes, write)
				delete(want, path)
				if write.Data != nil {
					want[path] = write.Data
				}
			}
			changed, err := w.Apply(t.Context(), revision(step+1), writes...)
			if err != nil {
				t.Fatal(err)
			}
			checkOps(t, changed, before, want)
			if step == 30 { // goes on from an archive
				w = reload(t, w, key)
			}
			checkArchive(t, w, key, want)
			path := fmt.Sprintf("com.example.c%d/%d", r.IntN(3), r.IntN(40))
			var proof bytes.Buffer
			if err := w.Prove(t.Context(), &proof, path); err != nil {
				t.Fatal(err)
			}
			collection, recordKey, _ := mst.SplitKey(path)
			got, err := repo.ReadProof(t.Context(), &proof, writableDID, collection, recordKey, key.Public())
			if err != nil || !bytes.Equal(got.Record.Data, want[path]) || got.Found != (want[path] != nil) {
				t.Fatalf("proof of %s: %+v, %v", path, got, err)
			}
			if c, data := w.Get(path); !bytes.Equal(data, want[path]) || c.Defined() != (data != nil) {
				t.Fatalf("%s is %s, %x", path, c, data)
			}
		}
	}
}

func checkOps(t *testing.T, changed *repo.Changed, before, after map[string][]byte) {
	t.Helper()
	of := func(data []byte) cid.CID {
		if data == nil {
			return cid.CID{}
		}
		return cid.Of(cid.DagCBOR, data)
	}
	all := maps.Clone(before)
	maps.Copy(all, after)
	var want []repo.Op
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if op := repo.NewOp(path, of(before[path]), of(after[path])); op.CID != op.Prev {
			want = append(want, op)
		}
	}
	if !slices.Equal(changed.Ops, want) {
		t.Fatalf("operations are %v, want %v", changed.Ops, want)
	}
}

func checkArchive(t *testing.T, w *repo.Writable, key multikey.PrivateKey, want map[string][]byte) {
	t.Helper()
	var archive bytes.Buffer
	if err := w.Archive(t.Context(), &archive); err != nil {
		t.Fatal(err)
	}
	r, err := repo.FromBytes(t.Context(), archive.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(writableDID, key.Public()); err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	for record, err := range r.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got[string(record.Collection)+"/"+string(record.RecordKey)] = bytes.Clone(record.Data)
	}
	if !maps.EqualFunc(got, want, bytes.Equal) {
		t.Fatalf("the archive has %d records, want %d", len(got), len(want))
	}
	counts, ok := r.Counts()
	if !ok || counts.Extra != 0 {
		t.Fatalf("the archive has blocks of before: %+v", counts)
	}
	if nodes, records := w.Kept(); nodes != counts.Nodes || records != counts.Blocks-counts.Nodes-1 {
		t.Fatalf("%d nodes and %d records are kept, but the archive has %+v", nodes, records, counts)
	}
}

func reload(t *testing.T, w *repo.Writable, key multikey.PrivateKey) *repo.Writable {
	t.Helper()
	var archive bytes.Buffer
	if err := w.Archive(t.Context(), &archive); err != nil {
		t.Fatal(err)
	}
	r, err := repo.FromBytes(t.Context(), archive.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := repo.LoadWritable(t.Context(), r, key)
	if err != nil {
		t.Fatal(err)
	}
	_, before := w.Commit()
	if _, after := loaded.Commit(); before != after {
		t.Fatalf("the commit is %s, want %s", after, before)
	}
	return loaded
}

// TestWritableErrors holds that what is not valid leaves the repository unchanged.
func TestWritableErrors(t *testing.T) {
	key := multikey.Generate(multikey.K256)
	w := repo.NewWritable(writableDID, key)
	if err := w.Archive(t.Context(), &bytes.Buffer{}); err == nil {
		t.Error("a repository without a commit has an archive")
	}
	if _, err := w.Head(t.Context()); err == nil {
		t.Error("a repository without a commit has a head")
	}
	good := repo.Write{Path: "com.example.c/1", Data: record(1)}
	if _, err := w.Apply(t.Context(), revision(1), good); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		rev   syntax.TID
		write repo.Write
		want  error
	}{
		"the same revision":   {revision(1), good, repo.ErrOlderRevision},
		"an older revision":   {revision(0), good, repo.ErrOlderRevision},
		"not a revision":      {"x", good, nil},
		"not a path":          {revision(2), repo.Write{Path: "com.example.c", Data: record(2)}, mst.ErrInvalid},
		"deletion of no path": {revision(2), repo.Write{Path: "com.example.c"}, mst.ErrInvalid},
	} {
		_, before := w.Commit()
		_, err := w.Apply(t.Context(), test.rev, repo.Write{Path: "com.example.c/2", Data: record(2)}, test.write)
		if err == nil || test.want != nil && !errors.Is(err, test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if _, after := w.Commit(); before != after {
			t.Errorf("%s: there is a commit", name)
		}
		checkArchive(t, w, key, map[string][]byte{good.Path: good.Data})
	}
	if _, err := repo.NewWritable("x", key).Apply(t.Context(), revision(1)); err == nil {
		t.Error("a repository without a DID has a commit")
	}
	if _, err := repo.NewWritable(writableDID, multikey.PrivateKey{}).Apply(t.Context(), revision(1)); !errors.Is(err, multikey.ErrKey) {
		t.Errorf("a commit without a key: %v", err)
	}
	if err := w.Prove(t.Context(), &bytes.Buffer{}, "x"); !errors.Is(err, mst.ErrInvalid) {
		t.Errorf("a proof of no path: %v", err)
	}
}

// This example changes a repository as a server does, and makes the message for its subscribers.
func ExampleWritable() {
	w := repo.NewWritable(writableDID, multikey.Generate(multikey.K256))
	ctx := context.Background()
	changed, err := w.Apply(ctx, "3kdbyhpfzs22c", repo.Write{Path: "com.example.note/1", Data: []byte("\xa1\x64text\x65hello")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(changed.Ops[0].Action, changed.Ops[0].Path, changed.Ops[0].CID)
	// Output: create com.example.note/1 bafyreidefdycgbfy3oglcb6ism3eqhyp5llsrpzxjsuac2gsy4mtrtx244
}
