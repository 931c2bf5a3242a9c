package repo_test

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"os"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/repo"
)

// TestAcceptance reads a repository that the reference server wrote, and compares it with what the
// server listed.
func TestAcceptance(t *testing.T) {
	const name = "../../tests/testdata/acceptance"
	cids := map[string]cid.CID{}
	lines, err := os.Open(name + ".jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer lines.Close()
	for lines := json.NewDecoder(bufio.NewReader(lines)); ; {
		var line struct {
			URI string
			CID cid.CID
		}
		if err := lines.Decode(&line); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		cids[line.URI] = line.CID
	}
	archive, err := os.ReadFile(name + ".car")
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			r, err := way.open(t.Context(), archive)
			if err != nil {
				t.Fatal(err)
			}
			if did := r.Commit().DID; did != "did:plc:dlkuiatgml2qsceoi5njkvs7" {
				t.Errorf("the account is %s", did)
			}
			records, err := readAll(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if len(records) != 395 || len(cids) != 395 {
				t.Errorf("%d records, %d listed", len(records), len(cids))
			}
			if !slices.IsSortedFunc(records, func(a, b repo.Record) int { return cmp.Compare(path(a), path(b)) }) {
				t.Error("the records are not in the order of their paths")
			}
			for _, record := range records {
				uri := "at://" + string(r.Commit().DID) + "/" + path(record)
				if cids[uri] != record.CID || cid.Of(cid.DagCBOR, record.Data) != record.CID {
					t.Errorf("%s has the CID %s, the server says %s", uri, record.CID, cids[uri])
				}
			}
			if counts, ok := r.Counts(); !ok || counts.Extra != 0 || counts.Blocks != 516 || counts.Records != 395 {
				t.Errorf("counts are %+v", counts)
			}
		})
	}
	// The same records give the same tree.
	r, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	records, err := readAll(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	sign := func([]byte) ([]byte, error) { return r.Commit().Sig, nil }
	root, err := repo.Build(t.Context(), io.Discard, r.Commit(), records, sign, repo.OrderCID)
	if err != nil || root != r.CommitCID() {
		t.Errorf("built again it has the commit %s, %v; it was %s", root, err, r.CommitCID())
	}
}
