package corpus_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// TestSame holds that a corpus is the same on every machine, and that nobody changes it unnoticed: the
// figures measured on it would not compare any more.
func TestSame(t *testing.T) {
	archive, err := corpus.New(1000).CAR()
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(archive)
	const want = "5f2a92e7c94f712771f7cad54501d740e48eeca5dc2b0cc39872f6da69ddaaa5"
	if got := hex.EncodeToString(digest[:]); got != want {
		t.Errorf("archive of %d bytes has the hash %s, want %s", len(archive), got, want)
	}
	var written bytes.Buffer
	if err := corpus.New(1000).WriteCAR(&written); err != nil || !bytes.Equal(written.Bytes(), archive) {
		t.Errorf("WriteCAR writes something else, or fails: %v", err)
	}
}

func TestContents(t *testing.T) {
	c := corpus.New(1000)
	archive, err := c.CAR()
	if err != nil {
		t.Fatal(err)
	}
	r, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	if commit := r.Commit(); string(commit.DID) != c.DID() || string(commit.Rev) != c.Rev() {
		t.Errorf("commit is %v", commit)
	}
	counts := map[string]int{}
	cids := map[string]cid.CID{}
	size := 0
	for record, err := range r.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		counts[string(record.Collection)]++
		size += len(record.Data)
		cids["at://"+c.DID()+"/"+string(record.Collection)+"/"+string(record.RecordKey)] = record.CID
	}
	want := map[string]int{
		"pub.layers.corpus.corpus":              1,
		"pub.layers.ontology.ontology":          1,
		"pub.layers.ontology.typeDef":           17,
		"pub.layers.media.media":                5,
		"pub.layers.graph.graphEdge":            20,
		"pub.layers.expression.expression":      192,
		"pub.layers.segmentation.segmentation":  191,
		"pub.layers.annotation.annotationLayer": 382,
		"pub.layers.corpus.membership":          191,
	}
	if !maps.Equal(counts, want) {
		t.Errorf("records are %v, want %v", counts, want)
	}
	if mean := size / 1000; mean < 2100 || mean > 2400 {
		t.Errorf("a record has %d bytes on average, want 2100 to 2400", mean)
	}

	// The pages list the same records, the newest first.
	listed := 0
	var last string
	for page := range c.ListRecords(corpus.CollectionAnnotationLayer, 100) {
		var p struct {
			Records []struct {
				URI   string
				CID   cid.CID
				Value map[string]any
			}
			Cursor string
		}
		if err := json.Unmarshal(page, &p); err != nil {
			t.Fatal(err)
		}
		for _, r := range p.Records {
			listed++
			if last != "" && r.URI >= last {
				t.Errorf("%s comes after %s", r.URI, last)
			}
			last = r.URI
			if r.CID != cids[r.URI] || r.Value["$type"] != corpus.CollectionAnnotationLayer {
				t.Errorf("%s has the CID %s and the type %v", r.URI, r.CID, r.Value["$type"])
			}
		}
		if more := listed < want[corpus.CollectionAnnotationLayer]; more != (p.Cursor != "") || more && len(p.Records) != 100 {
			t.Errorf("after %d records the cursor is %q", listed, p.Cursor)
		}
	}
	if listed != want[corpus.CollectionAnnotationLayer] {
		t.Errorf("%d records are listed", listed)
	}
}

// TestOrder holds the order of the blocks: of descending CIDs within a revision, and so not that of the
// tree, nor with the commit in front.
func TestOrder(t *testing.T) {
	archive, err := corpus.New(1000).CAR()
	if err != nil {
		t.Fatal(err)
	}
	cids := cidsOf(t, archive)
	revisions, before := 1, ""
	for _, c := range cids {
		if c.String() > before && before != "" {
			revisions++
		}
		before = c.String()
	}
	if revisions != 8 {
		t.Errorf("the CIDs descend in %d runs, want 8", revisions)
	}
	r, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.Index(cids, r.CommitCID()); i < 1 || i > len(cids)/8*2 {
		t.Errorf("the commit is block %d of %d", i, len(cids))
	}
}

// cidsOf returns the CIDs of the blocks of an archive in their order.
func cidsOf(t *testing.T, archive []byte) []cid.CID {
	t.Helper()
	reader, err := car.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	var cids []cid.CID
	for block, err := range reader.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		cids = append(cids, block.CID)
	}
	return cids
}
