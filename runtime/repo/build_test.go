package repo_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/repo"
)

func TestOrder(t *testing.T) {
	records := smallRecords(200)
	root, blocks := split(t, build(t, records, repo.OrderTree))
	if blocks[0].cid != root {
		t.Error("in the order of the tree the commit is not first")
	}
	// The records are in the order of their paths.
	var inOrder []cid.CID
	for _, b := range blocks {
		if slices.ContainsFunc(records, func(r repo.Record) bool { return r.CID == b.cid }) {
			inOrder = append(inOrder, b.cid)
		}
	}
	for i, c := range inOrder {
		if c != records[i].CID {
			t.Fatalf("record %d is %s, want %s", i, c, records[i].CID)
		}
	}
	_, byCID := split(t, build(t, records, repo.OrderCID))
	if !slices.IsSortedFunc(byCID, func(a, b block) int { return strings.Compare(b.cid.String(), a.cid.String()) }) {
		t.Error("the CIDs do not descend")
	}
	if len(byCID) != len(blocks) {
		t.Errorf("%d blocks in one order, %d in the other", len(byCID), len(blocks))
	}
}

// TestBuildUnsorted holds that the order in which records are given is nothing to the result.
func TestBuildUnsorted(t *testing.T) {
	records := smallRecords(50)
	reversed := slices.Clone(records)
	slices.Reverse(reversed)
	if !bytes.Equal(build(t, records, repo.OrderTree), build(t, reversed, repo.OrderTree)) {
		t.Error("records in another order give another archive")
	}
}

// TestBuildCollections has collections that begin alike: a path is sorted as a whole.
func TestBuildCollections(t *testing.T) {
	var records []repo.Record
	for _, collection := range []string{"com.example.a", "com.example.a.b", "com.example.aB", "com.example-b.a"} {
		r := smallRecords(1)[0]
		r.Collection = "com.example.note"
		if err := r.Collection.UnmarshalText([]byte(collection)); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	r, err := repo.FromBytes(t.Context(), build(t, records, repo.OrderTree))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readAll(t.Context(), r); err != nil || len(got) != len(records) {
		t.Errorf("%d records, %v", len(got), err)
	}
	// One record block stands for all, for their data are the same.
	if counts, _ := r.Counts(); counts.Records != 4 || counts.Blocks != 2+counts.Nodes {
		t.Errorf("counts are %+v", counts)
	}
}

func TestBuildRefuses(t *testing.T) {
	good := repo.Commit{DID: testDID, Rev: testRev}
	one := smallRecords(1)
	two := append(smallRecords(1), smallRecords(1)...)
	noKey := smallRecords(1)
	noKey[0].RecordKey = ".."
	failed := errors.New("the key is locked away")
	for _, test := range []struct {
		name    string
		commit  repo.Commit
		records []repo.Record
		sign    func([]byte) ([]byte, error)
		message string
	}{
		{"no DID", repo.Commit{Rev: testRev}, one, unsigned, "did"},
		{"no revision", repo.Commit{DID: testDID}, one, unsigned, "tid"},
		{"a path twice", good, two, unsigned, "does not come after"},
		{"a bad record key", good, noKey, unsigned, ".."},
		{"no signature", good, one, func([]byte) ([]byte, error) { return nil, nil }, "0 bytes"},
		{"signing fails", good, one, func([]byte) ([]byte, error) { return nil, failed }, "locked away"},
	} {
		_, err := repo.Build(t.Context(), io.Discard, test.commit, test.records, test.sign, repo.OrderTree)
		if err == nil || !strings.Contains(err.Error(), test.message) {
			t.Errorf("%s: %v, want %q", test.name, err, test.message)
		}
	}
	full := fmt.Errorf("the disk is full")
	if _, err := repo.Build(t.Context(), failingWriter{full}, good, smallRecords(100), unsigned, repo.OrderTree); !errors.Is(err, full) {
		t.Errorf("Build returns %v, not the error of the writer", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
