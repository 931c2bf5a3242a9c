package peers_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/bluesky-social/indigo/atproto/atcrypto"
	"github.com/bluesky-social/indigo/atproto/atdata"
	indigo "github.com/bluesky-social/indigo/atproto/repo"
	indigomst "github.com/bluesky-social/indigo/atproto/repo/mst"
	"github.com/bluesky-social/indigo/atproto/syntax"
	"github.com/ipfs/go-cid"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// readIndigo reads all records of an archive with indigo.
func readIndigo(ctx context.Context, archive []byte, each func(path string, c cid.Cid, data []byte) error) (*indigo.Commit, error) {
	commit, r, err := indigo.LoadRepoFromCAR(ctx, bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	if err := r.MST.Verify(); err != nil {
		return nil, err
	}
	return commit, r.MST.Walk(func(key []byte, value cid.Cid) error {
		collection, recordKey, err := syntax.ParseRepoPath(string(key))
		if err != nil {
			return err
		}
		data, _, err := r.GetRecordBytes(ctx, collection, recordKey)
		if err != nil {
			return err
		}
		return each(string(key), value, data)
	})
}

func archives(t *testing.T) map[string][]byte {
	t.Helper()
	generated, err := corpus.New(1000).CAR()
	if err != nil {
		t.Fatal(err)
	}
	real, err := os.ReadFile("../testdata/acceptance.car")
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{"corpus": generated, "acceptance": real}
}

// TestSameRecords holds that both read the same, and that either reads what is built here.
func TestSameRecords(t *testing.T) {
	for name, archive := range archives(t) {
		r, err := repo.FromBytes(t.Context(), archive)
		if err != nil {
			t.Fatal(err)
		}
		var records []repo.Record
		for record, err := range r.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			records = append(records, record)
		}
		for _, order := range []repo.Order{repo.OrderTree, repo.OrderCID} {
			var built bytes.Buffer
			sign := func([]byte) ([]byte, error) { return r.Commit().Sig, nil }
			if _, err := repo.Build(t.Context(), &built, r.Commit(), records, sign, order); err != nil {
				t.Fatal(err)
			}
			for _, b := range [][]byte{archive, built.Bytes()} {
				i := 0
				_, err := readIndigo(t.Context(), b, func(path string, c cid.Cid, data []byte) error {
					want := records[i]
					i++
					if path != string(want.Collection)+"/"+string(want.RecordKey) || !bytes.Equal(c.Bytes(), want.CID[:]) || !bytes.Equal(data, want.Data) {
						return fmt.Errorf("record %d is %s, want %s/%s", i, path, want.Collection, want.RecordKey)
					}
					return nil
				})
				if err != nil || i != len(records) {
					t.Errorf("%s: indigo reads %d of %d records: %v", name, i, len(records), err)
				}
			}
		}
	}
}

// TestSignature holds the signature of a corpus against indigo.
func TestSignature(t *testing.T) {
	c := corpus.New(1000)
	archive, err := c.CAR()
	if err != nil {
		t.Fatal(err)
	}
	commit, _, err := indigo.LoadRepoFromCAR(t.Context(), bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	key, err := atcrypto.ParsePublicMultibase(c.SigningKey())
	if err != nil {
		t.Fatal(err)
	}
	if err := commit.VerifySignature(key); err != nil {
		t.Error(err)
	}
}

// TestSameUnsigned holds what is signed of a commit against indigo.
func TestSameUnsigned(t *testing.T) {
	for name, archive := range archives(t) {
		r, err := repo.FromBytes(t.Context(), archive)
		if err != nil {
			t.Fatal(err)
		}
		peer, _, err := indigo.LoadRepoFromCAR(t.Context(), bytes.NewReader(archive))
		if err != nil {
			t.Fatal(err)
		}
		want, err := peer.UnsignedBytes()
		if err != nil {
			t.Fatal(err)
		}
		if commit := r.Commit(); !bytes.Equal(commit.Unsigned(), want) {
			t.Errorf("%s: unsigned commit is %x, indigo has %x", name, commit.Unsigned(), want)
		}
	}
}

// TestSameLayer holds the layers of many keys against indigo.
func TestSameLayer(t *testing.T) {
	for i := range 100_000 {
		key := fmt.Appendf(nil, "com.example.record/%d", i)
		if got, want := mst.Layer(key), indigomst.HeightForKey(key); got != want {
			t.Fatalf("layer of %q is %d, indigo says %d", key, got, want)
		}
	}
}

// BenchmarkWalk reads all records of a corpus, verified. "of-floor" is the part of the time that hashing
// the blocks takes, which is measured in turns.
func BenchmarkWalk(b *testing.B) {
	for _, n := range []int{1000, 10_000} {
		archive, err := corpus.New(n).CAR()
		if err != nil {
			b.Fatal(err)
		}
		blocks := blocksOf(b, archive)
		layers := func(each func(repo.Record) error) error {
			r, err := repo.FromBytes(b.Context(), archive)
			if err != nil {
				return err
			}
			for record, err := range r.Records(b.Context()) {
				if err != nil {
					return err
				}
				if err := each(record); err != nil {
					return err
				}
			}
			return nil
		}
		for _, bench := range []struct {
			name string
			read func() error
		}{
			{"layers-go/raw", func() error { return layers(func(repo.Record) error { return nil }) }},
			{"layers-go/map", func() error {
				return layers(func(r repo.Record) error {
					var m lex.Map
					return lex.DecodeCBOR(r.Data, &m)
				})
			}},
			{"indigo/raw", func() error {
				_, err := readIndigo(b.Context(), archive, func(string, cid.Cid, []byte) error { return nil })
				return err
			}},
			{"indigo/map", func() error {
				_, err := readIndigo(b.Context(), archive, func(_ string, _ cid.Cid, data []byte) error {
					_, err := atdata.UnmarshalCBOR(data)
					return err
				})
				return err
			}},
		} {
			b.Run(fmt.Sprintf("%d/%s", n, bench.name), func(b *testing.B) {
				b.SetBytes(int64(len(archive)))
				b.ReportAllocs()
				var floor, total time.Duration
				for b.Loop() {
					b.StopTimer()
					start := time.Now()
					for _, block := range blocks {
						sha256.Sum256(block)
					}
					floor += time.Since(start)
					b.StartTimer()
					start = time.Now()
					if err := bench.read(); err != nil {
						b.Fatal(err)
					}
					total += time.Since(start)
				}
				b.ReportMetric(float64(floor)/float64(total), "of-floor")
			})
		}
	}
}

// blocksOf returns the blocks of an archive, as parts of it.
func blocksOf(tb testing.TB, archive []byte) [][]byte {
	tb.Helper()
	index, err := car.NewIndexBytes(tb.Context(), archive)
	if err != nil {
		tb.Fatal(err)
	}
	var blocks [][]byte
	for _, l := range index.NewSet().Others() {
		blocks = append(blocks, archive[l.Offset():l.Offset()+int64(l.Size())])
	}
	return blocks
}
