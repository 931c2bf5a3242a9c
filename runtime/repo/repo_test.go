package repo_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const (
	testDID = syntax.DID("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
	testRev = syntax.TID("3jzfcijpj2z2a")
)

// unsigned signs nothing: no test here looks at signatures.
func unsigned([]byte) ([]byte, error) { return make([]byte, multikey.SignatureSize), nil }

// smallRecords makes n records of some 100 bytes in two collections, in the order of their paths.
func smallRecords(n int) []repo.Record {
	random := rand.New(rand.NewPCG(7, 7))
	records := make([]repo.Record, n)
	for i := range records {
		data := []byte("\xa2\x64text\x78\x40")
		data = fmt.Appendf(data, "%064d", random.Uint64())
		data = append(data, "\x65$type\x70com.example.note"...)
		collection := syntax.NSID("com.example.note")
		if i%3 == 0 {
			collection = "com.example.reply"
		}
		records[i] = repo.Record{
			Collection: collection,
			RecordKey:  syntax.RecordKey(fmt.Sprintf("3k%011d", i)),
			CID:        cid.Of(cid.DagCBOR, data),
			Data:       data,
		}
	}
	slices.SortFunc(records, func(a, b repo.Record) int { return cmp.Compare(path(a), path(b)) })
	return records
}

func path(r repo.Record) string { return string(r.Collection) + "/" + string(r.RecordKey) }

func build(tb testing.TB, records []repo.Record, order repo.Order) []byte {
	tb.Helper()
	var out bytes.Buffer
	if _, err := repo.Build(tb.Context(), &out, repo.Commit{DID: testDID, Rev: testRev}, records, unsigned, order); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// block is a block of an archive that a test writes.
type block struct {
	cid  cid.CID
	data []byte
}

// split returns the blocks of an archive and its root.
func split(tb testing.TB, archive []byte) (root cid.CID, blocks []block) {
	tb.Helper()
	r, err := car.NewReader(bytes.NewReader(archive))
	if err != nil {
		tb.Fatal(err)
	}
	for b, err := range r.Blocks(tb.Context()) {
		if err != nil {
			tb.Fatal(err)
		}
		blocks = append(blocks, block{b.CID, bytes.Clone(b.Data)})
	}
	return r.Roots()[0], blocks
}

// join writes an archive, whatever is wrong with it.
func join(roots []cid.CID, blocks []block) []byte {
	header := append([]byte("\xa2\x65roots"), 0x80|byte(len(roots)))
	for _, root := range roots {
		header = append(append(header, 0xd8, 0x2a, 0x58, 0x25, 0), root[:]...)
	}
	header = append(header, "\x67version\x01"...)
	archive := append(binary.AppendUvarint(nil, uint64(len(header))), header...)
	for _, b := range blocks {
		archive = binary.AppendUvarint(archive, uint64(len(b.cid)+len(b.data)))
		archive = append(append(archive, b.cid[:]...), b.data...)
	}
	return archive
}

// ways are the ways to open a repository.
var ways = []struct {
	name  string
	every int // of many cases, how far apart are those that are tried in this way, which takes its time
	open  func(ctx context.Context, archive []byte, opts ...repo.Option) (*repo.Repo, error)
}{
	{"FromBytes", 1, func(ctx context.Context, archive []byte, opts ...repo.Option) (*repo.Repo, error) {
		return repo.FromBytes(ctx, archive, opts...)
	}},
	{"Open", 3, func(ctx context.Context, archive []byte, opts ...repo.Option) (*repo.Repo, error) {
		return repo.Open(ctx, bytes.NewReader(archive), int64(len(archive)), opts...)
	}},
	{"Read", 3, func(ctx context.Context, archive []byte, opts ...repo.Option) (*repo.Repo, error) {
		return repo.Read(ctx, bytes.NewReader(archive), opts...)
	}},
	{"Read to a file", 10, func(ctx context.Context, archive []byte, opts ...repo.Option) (*repo.Repo, error) {
		return repo.Read(ctx, bytes.NewReader(archive), append([]repo.Option{repo.WithMaxMemory(0)}, opts...)...)
	}},
}

// readAll returns the records of a repository, and the error that ended them.
func readAll(ctx context.Context, r *repo.Repo) (records []repo.Record, err error) {
	for record, err := range r.Records(ctx) {
		if err != nil {
			return records, err
		}
		record.Data = bytes.Clone(record.Data)
		records = append(records, record)
	}
	return records, nil
}

func equalRecords(a, b []repo.Record) bool {
	return slices.EqualFunc(a, b, func(a, b repo.Record) bool {
		return path(a) == path(b) && a.CID == b.CID && bytes.Equal(a.Data, b.Data)
	})
}

func TestRecords(t *testing.T) {
	for _, n := range []int{0, 1, 2, 127, 128, 129, 500} {
		want := smallRecords(n)
		for _, order := range []repo.Order{repo.OrderTree, repo.OrderCID} {
			archive := build(t, want, order)
			for _, way := range ways {
				t.Run(fmt.Sprintf("%d/%d/%s", n, order, way.name), func(t *testing.T) {
					r, err := way.open(t.Context(), archive)
					if err != nil {
						t.Fatal(err)
					}
					if _, ok := r.Counts(); ok {
						t.Error("the records have been counted before they were read")
					}
					for range 2 { // a Repo can be walked again
						got, err := readAll(t.Context(), r)
						if err != nil {
							t.Fatal(err)
						}
						if !equalRecords(got, want) {
							t.Fatalf("%d records, or others than the %d that were written", len(got), n)
						}
					}
					counts, ok := r.Counts()
					if !ok || counts.Records != n || counts.Extra != 0 || counts.Duplicates != 0 || counts.Blocks != 1+counts.Nodes+n {
						t.Errorf("counts are %+v, %v", counts, ok)
					}
					if c := r.Commit(); c.DID != testDID || c.Rev != testRev || c.Prev.Defined() {
						t.Errorf("commit is %+v", c)
					}
					if err := r.Close(); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// TestLeavesAndChunks holds that the other ways to walk see the same leaves.
func TestLeavesAndChunks(t *testing.T) {
	want := smallRecords(500)
	archive := build(t, want, repo.OrderCID)
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			r, err := way.open(t.Context(), archive)
			if err != nil {
				t.Fatal(err)
			}
			i := 0
			for leaf, err := range r.Leaves(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				if leaf.CID != want[i].CID || leaf.Collection != want[i].Collection || leaf.RecordKey != want[i].RecordKey {
					t.Fatalf("leaf %d is %v, want %v", i, leaf, want[i])
				}
				i++
			}
			if i != len(want) {
				t.Fatalf("%d leaves", i)
			}
			// Workers load the records of chunks.
			found := make([]repo.Record, len(want))
			var workers sync.WaitGroup
			at := 0
			for chunk, err := range r.Chunks(t.Context(), 33) {
				if err != nil {
					t.Fatal(err)
				}
				first := at
				at += len(chunk)
				workers.Go(func() {
					for i, leaf := range chunk {
						data, err := r.Load(leaf, nil)
						if err != nil {
							t.Error(err)
						}
						found[first+i] = repo.Record{Collection: leaf.Collection, RecordKey: leaf.RecordKey, CID: leaf.CID, Data: data}
					}
				})
			}
			workers.Wait()
			if !equalRecords(found, want) {
				t.Error("chunks have other records")
			}
			if _, err := r.Load(repo.Leaf{}, nil); !errors.Is(err, car.ErrNotFound) {
				t.Errorf("Load of no leaf: %v", err)
			}
			for _, err := range r.Chunks(t.Context(), 0) {
				if err == nil {
					t.Error("chunks of no leaves")
				}
			}
		})
	}
}

// TestBreak holds that a loop can be left at any time.
func TestBreak(t *testing.T) {
	r, err := repo.FromBytes(t.Context(), build(t, smallRecords(300), repo.OrderTree))
	if err != nil {
		t.Fatal(err)
	}
	for range r.Records(t.Context()) {
		break
	}
	for range r.Leaves(t.Context()) {
		break
	}
	for range r.Chunks(t.Context(), 10) {
		break
	}
	if _, ok := r.Counts(); ok {
		t.Error("records have been counted that were not read")
	}
}

func TestCancel(t *testing.T) {
	archive := build(t, smallRecords(500), repo.OrderTree)
	for _, way := range ways {
		r, err := way.open(t.Context(), archive)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		n := 0
		for _, err = range r.Records(ctx) {
			if err == nil {
				n++
				cancel()
			}
		}
		if !errors.Is(err, context.Canceled) || n >= 500 {
			t.Errorf("%s: after %d records: %v", way.name, n, err)
		}
		if _, err := way.open(ctx, archive); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: opening: %v", way.name, err)
		}
	}
}

// TestExtra has blocks that are not of the repository, and blocks that are there twice: both are
// allowed, and both are checked.
func TestExtra(t *testing.T) {
	want := smallRecords(100)
	root, blocks := split(t, build(t, want, repo.OrderTree))
	extra := block{cid.Of(cid.Raw, []byte("extra")), []byte("extra")}
	blocks = append(blocks, extra, blocks[3], blocks[3])
	for _, way := range ways {
		r, err := way.open(t.Context(), join([]cid.CID{root, extra.cid}, blocks))
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(t.Context(), r)
		counts, _ := r.Counts()
		if err != nil || !equalRecords(got, want) || counts.Extra != 1 || counts.Duplicates != 2 {
			t.Errorf("%s: %d records, %v, counts %+v", way.name, len(got), err, counts)
		}
		for i := len(blocks) - 3; i < len(blocks); i++ {
			altered := slices.Clone(blocks)
			altered[i].data = bytes.Clone(altered[i].data)
			altered[i].data[1] ^= 1
			if err := hostile(t, way.open, join([]cid.CID{root}, altered), want); !errors.Is(err, car.ErrHash) {
				t.Errorf("%s: an altered block that is not of the repository: %v", way.name, err)
			}
		}
	}
}

// hostile reads a repository that has something wrong with it, and returns the error with which that
// ends. Fewer records or others without an error are what must not be.
func hostile(t *testing.T, open func(context.Context, []byte, ...repo.Option) (*repo.Repo, error), archive []byte, want []repo.Record) error {
	t.Helper()
	r, err := open(t.Context(), archive)
	if err != nil {
		return err
	}
	defer r.Close()
	got, err := readAll(t.Context(), r)
	if err == nil && !equalRecords(got, want) {
		t.Fatalf("%d of %d records or others, and no error", len(got), len(want))
	}
	if _, ok := r.Counts(); ok != (err == nil) {
		t.Fatalf("the records have been counted: %v, and the error is %v", ok, err)
	}
	return err
}

// TestCut cuts an archive of 500 records at each boundary of its blocks and at 1,000 other places.
func TestCut(t *testing.T) {
	records := smallRecords(150)
	random := rand.New(rand.NewPCG(1, 2))
	for _, order := range []repo.Order{repo.OrderTree, repo.OrderCID} {
		archive := build(t, records, order)
		root, blocks := split(t, archive)
		var cuts []int
		for i := range blocks {
			cuts = append(cuts, len(join([]cid.CID{root}, blocks[:i])))
		}
		for range 1000 {
			cuts = append(cuts, random.IntN(len(archive)))
		}
		for _, way := range ways {
			for i := 0; i < len(cuts); i += way.every {
				cut := cuts[i]
				if err := hostile(t, way.open, archive[:cut:cut], records); err == nil {
					t.Fatalf("%s: cut at byte %d of %d: no error", way.name, cut, len(archive))
				}
			}
		}
	}
}

// TestFlip flips one bit in each of 1,000 places.
func TestFlip(t *testing.T) {
	records := smallRecords(150)
	random := rand.New(rand.NewPCG(3, 4))
	for _, order := range []repo.Order{repo.OrderTree, repo.OrderCID} {
		archive := build(t, records, order)
		for _, way := range ways {
			for range 1000 / way.every {
				flipped := bytes.Clone(archive)
				i, bit := random.IntN(len(archive)), random.IntN(8)
				flipped[i] ^= 1 << bit
				if err := hostile(t, way.open, flipped, records); err == nil {
					t.Fatalf("%s: bit %d of byte %d of %d flipped: no error", way.name, bit, i, len(archive))
				}
			}
		}
	}
}

// TestMissing leaves out each block of an archive in turn.
func TestMissing(t *testing.T) {
	records := smallRecords(120)
	root, blocks := split(t, build(t, records, repo.OrderCID))
	for _, way := range ways {
		for i, b := range blocks {
			err := hostile(t, way.open, join([]cid.CID{root}, slices.Delete(slices.Clone(blocks), i, i+1)), records)
			var fault *car.Error
			if !errors.Is(err, car.ErrNotFound) || !errors.As(err, &fault) || fault.CID != b.cid {
				t.Fatalf("%s: without block %s: %v", way.name, b.cid, err)
			}
			j := slices.IndexFunc(records, func(r repo.Record) bool { return r.CID == b.cid })
			var record *repo.RecordError
			if (j >= 0) != errors.As(err, &record) {
				t.Fatalf("%s: without block %s: %v", way.name, b.cid, err)
			}
			if j >= 0 && (record.CID != b.cid || record.Collection != records[j].Collection || record.RecordKey != records[j].RecordKey) {
				t.Fatalf("%s: without record %s: %v", way.name, path(records[j]), err)
			}
		}
	}
}

// TestMalformed has repositories whose trees are not trees.
func TestMalformed(t *testing.T) {
	record := smallRecords(1)[0]
	key := func(k string) mst.Entry {
		return mst.Entry{Key: []byte(k), Value: record.CID}
	}
	const ( // of known layers
		keyA = "com.example.record/3jqfcqzm3fo2j" // 0
		keyB = "com.example.record/3jqfcqzm3fp2j" // 0
		keyD = "com.example.record/3jqfcqzm3fs2j" // 1
		keyE = "com.example.record/3jqfcqzm3ft2j" // 0
	)
	for _, test := range []struct {
		name string
		tree func(put func(mst.Node) cid.CID) cid.CID
	}{
		{"keys out of order", func(put func(mst.Node) cid.CID) cid.CID {
			return put(mst.Node{Left: put(mst.Node{Entries: []mst.Entry{key(keyE)}}), Entries: []mst.Entry{key(keyD)}})
		}},
		{"a wrong layer", func(put func(mst.Node) cid.CID) cid.CID {
			return put(mst.Node{Entries: []mst.Entry{key(keyA), key(keyD)}})
		}},
		{"a path twice", func(put func(mst.Node) cid.CID) cid.CID {
			twice := put(mst.Node{Entries: []mst.Entry{key(keyA)}})
			d := key(keyD)
			d.Right = twice
			return put(mst.Node{Left: twice, Entries: []mst.Entry{d}})
		}},
		{"a path that is none", func(put func(mst.Node) cid.CID) cid.CID {
			return put(mst.Node{Entries: []mst.Entry{key("com.example.record")}})
		}},
		{"a layer too deep", func(put func(mst.Node) cid.CID) cid.CID {
			c := put(mst.Node{Entries: []mst.Entry{key(keyA)}})
			for range 1000 {
				c = put(mst.Node{Left: c})
			}
			return put(mst.Node{Left: c, Entries: []mst.Entry{key(keyD)}})
		}},
		{"an empty subtree", func(put func(mst.Node) cid.CID) cid.CID {
			return put(mst.Node{Left: put(mst.Node{}), Entries: []mst.Entry{key(keyD)}})
		}},
		{"an absurd number of entries", func(put func(mst.Node) cid.CID) cid.CID {
			return put(mst.Node{Entries: slices.Repeat([]mst.Entry{key(keyA)}, 5000)})
		}},
		{"the tree is a record", func(func(mst.Node) cid.CID) cid.CID { return record.CID }},
	} {
		blocks := []block{{record.CID, record.Data}}
		commit := repo.Commit{DID: testDID, Rev: testRev, Sig: make([]byte, 64)}
		commit.Data = test.tree(func(n mst.Node) cid.CID {
			data := n.Append(nil)
			blocks = append(blocks, block{cid.Of(cid.DagCBOR, data), data})
			return blocks[len(blocks)-1].cid
		})
		root := block{cid.Of(cid.DagCBOR, commit.Block()), commit.Block()}
		for _, way := range ways {
			if err := hostile(t, way.open, join([]cid.CID{root.cid}, append(blocks, root)), nil); !errors.Is(err, mst.ErrInvalid) {
				t.Errorf("%s: %s: %v", way.name, test.name, err)
			}
		}
	}
}

func TestRoots(t *testing.T) {
	want := smallRecords(10)
	root, blocks := split(t, build(t, want, repo.OrderTree))
	raw := root
	raw[1] = cid.Raw
	for _, test := range []struct {
		name  string
		roots []cid.CID
		err   error
	}{
		{"none", nil, repo.ErrRoot},
		{"of raw bytes", []cid.CID{raw}, repo.ErrCommit},
		{"a record", []cid.CID{want[0].CID}, repo.ErrCommit},
		{"a node", []cid.CID{blocks[1].cid}, repo.ErrCommit},
		{"absent", []cid.CID{cid.Of(cid.DagCBOR, nil)}, car.ErrNotFound},
		{"a record, before the commit", []cid.CID{want[0].CID, root}, repo.ErrCommit},
		{"a record, behind the commit", []cid.CID{root, want[0].CID}, nil},
		{"the commit twice", []cid.CID{root, root}, nil},
	} {
		for _, way := range ways {
			if err := hostile(t, way.open, join(test.roots, blocks), want); !errors.Is(err, test.err) {
				t.Errorf("%s: %s: %v, want %v", way.name, test.name, err, test.err)
			}
		}
	}
}

// TestAllocations holds the promise that a walk does not allocate for each record.
func TestAllocations(t *testing.T) {
	archive := build(t, smallRecords(2000), repo.OrderTree)
	for _, way := range ways[:2] {
		allocations := testing.AllocsPerRun(5, func() {
			r, err := way.open(t.Context(), archive, repo.WithArchiveOptions(car.WithWorkers(1)))
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range r.Records(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
			}
		})
		if allocations > 400 {
			t.Errorf("%s: %v allocations for 2000 records", way.name, allocations)
		}
	}
}

func FuzzArchive(f *testing.F) {
	archive := build(f, smallRecords(12), repo.OrderTree)
	f.Add(archive)
	f.Add(build(f, nil, repo.OrderCID))
	f.Add(archive[:len(archive)/2])
	f.Fuzz(func(t *testing.T, archive []byte) {
		type result struct {
			records []repo.Record
			counts  repo.Counts
			failed  bool
		}
		var results []result
		for _, way := range ways {
			var got result
			r, err := way.open(t.Context(), archive)
			if err == nil {
				got.records, err = readAll(t.Context(), r)
				got.counts, _ = r.Counts()
			}
			got.failed = err != nil
			results = append(results, got)
			if err != nil {
				continue
			}
			// A repository that is sound can be built again, and has the same tree.
			root, err := repo.Build(t.Context(), io.Discard, r.Commit(), got.records, func([]byte) ([]byte, error) { return r.Commit().Sig, nil }, repo.OrderTree)
			if err != nil || root != r.CommitCID() {
				t.Errorf("%s: built again it has the commit %s, %v; it was %s", way.name, root, err, r.CommitCID())
			}
		}
		for _, other := range results[1:] {
			if other.failed != results[0].failed || other.counts != results[0].counts || !other.failed && !equalRecords(other.records, results[0].records) {
				t.Errorf("the ways to read differ: %+v", results)
			}
		}
	})
}
