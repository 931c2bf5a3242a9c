package repo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// prover returns a function that says what of an archive proves what is at a path.
func prover(tb testing.TB, archive []byte) func(syntax.NSID, syntax.RecordKey) (root cid.CID, blocks []block) {
	tb.Helper()
	index, err := car.NewIndexBytes(tb.Context(), archive)
	if err != nil {
		tb.Fatal(err)
	}
	root := index.Roots()[0]
	return func(collection syntax.NSID, recordKey syntax.RecordKey) (_ cid.CID, blocks []block) {
		get := func(c cid.CID, _ []byte) ([]byte, error) {
			data, err := index.Get(c, nil)
			blocks = append(blocks, block{c, data})
			return data, err
		}
		data, err := get(root, nil)
		if err != nil {
			tb.Fatal(err)
		}
		commit, err := repo.ParseCommit(data)
		if err != nil {
			tb.Fatal(err)
		}
		value, err := mst.Find(commit.Data, collection, recordKey, get)
		if err != nil {
			tb.Fatal(err)
		}
		if value.Defined() {
			if _, err := get(value, nil); err != nil {
				tb.Fatal(err)
			}
		}
		return root, blocks
	}
}

// TestProof proves every third record of repositories, and some that are not there.
func TestProof(t *testing.T) {
	s := newSigner(t)
	fromServer, key := acceptance(t)
	for _, test := range []struct {
		name    string
		archive []byte
		did     syntax.DID
		key     multikey.Key
	}{
		{"by the reference server", fromServer, acceptanceDID, key},
		{"p256", s.signed(t, smallRecords(300)), testDID, s.key},
		{"p256, one record", s.signed(t, smallRecords(1)), testDID, s.key},
		{"p256, empty", s.signed(t, nil), testDID, s.key},
	} {
		r, err := repo.FromBytes(t.Context(), test.archive)
		if err != nil {
			t.Fatal(err)
		}
		all, err := readAll(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		prove := prover(t, test.archive)
		for i := 0; i < len(all); i += 3 {
			want := all[i]
			root, blocks := prove(want.Collection, want.RecordKey)
			p, err := repo.ReadProof(t.Context(), bytes.NewReader(join([]cid.CID{root}, blocks)), test.did, want.Collection, want.RecordKey, test.key)
			if err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
			uri := syntax.ATURI("at://" + string(test.did) + "/" + path(want))
			if !p.Found || !equalRecords([]repo.Record{p.Record}, []repo.Record{want}) || p.CommitCID != root || p.Commit.Rev != r.Commit().Rev || p.URI != uri {
				t.Fatalf("%s: the proof of %s is %+v", test.name, uri, p)
			}
			if e := p.Envelope(); e.Trust != rec.Signed || e.URI != uri || e.CID != want.CID || !bytes.Equal(e.Data, want.Data) || e.Encoding != lex.CBOR {
				t.Fatalf("%s: the envelope of %s is %+v", test.name, uri, e)
			}
		}
		for i := range 20 {
			collection, recordKey := syntax.NSID("com.example.note"), syntax.RecordKey(fmt.Sprintf("absent%d", i))
			root, blocks := prove(collection, recordKey)
			p, err := repo.ReadProof(t.Context(), bytes.NewReader(join([]cid.CID{root}, blocks)), test.did, collection, recordKey, test.key)
			if err != nil || p.Found || p.Record.Data != nil || p.Record.CID.Defined() || p.Envelope().Data != nil {
				t.Fatalf("%s: the proof that %s is not there is %+v, %v", test.name, recordKey, p, err)
			}
			if p.CommitCID != root || p.URI != "at://"+syntax.ATURI(test.did)+"/com.example.note/"+syntax.ATURI(recordKey) {
				t.Fatalf("%s: the proof is of %s", test.name, p.URI)
			}
		}
	}
}

// TestProofRefuses has proofs that are altered, cut, or of something else.
func TestProofRefuses(t *testing.T) {
	s := newSigner(t)
	all := smallRecords(300)
	archive := s.signed(t, all)
	record := all[100]
	root, blocks := prover(t, archive)(record.Collection, record.RecordKey)
	if len(blocks) < 4 {
		t.Fatalf("the proof has %d blocks, too few to test much", len(blocks))
	}
	good := join([]cid.CID{root}, blocks)
	read := func(proof []byte, record repo.Record) error {
		p, err := repo.ReadProof(t.Context(), bytes.NewReader(proof), testDID, record.Collection, record.RecordKey, s.key)
		if err == nil && (p == nil || p.Found && !bytes.Equal(p.Record.Data, record.Data)) {
			t.Fatalf("%s is proved to be something else", path(record))
		}
		if err != nil && p != nil {
			t.Fatalf("%s: a proof and the error %v", path(record), err)
		}
		return err
	}
	if err := read(good, record); err != nil {
		t.Fatal(err)
	}
	for i := range blocks {
		without := join([]cid.CID{root}, slices.Delete(slices.Clone(blocks), i, i+1))
		if err := read(without, record); !errors.Is(err, car.ErrNotFound) {
			t.Errorf("without block %d: %v", i, err)
		}
	}
	for cut := range good {
		if err := read(good[:cut:cut], record); err == nil {
			t.Errorf("cut at byte %d of %d: no error", cut, len(good))
		}
	}
	header := len(join([]cid.CID{{}}, nil))
	random := rand.New(rand.NewPCG(1, 3))
	for range 1000 {
		flipped := bytes.Clone(good)
		i := header + random.IntN(len(good)-header)
		flipped[i] ^= 1 << random.IntN(8)
		if err := read(flipped, record); err == nil {
			t.Errorf("byte %d flipped: no error", i)
		}
	}
	// Blocks that are not needed do no harm, if they are what they say.
	extra := block{cid.Of(cid.Raw, []byte("extra")), []byte("extra")}
	if err := read(join([]cid.CID{root}, append(slices.Clone(blocks), extra, blocks[1])), record); err != nil {
		t.Errorf("with more blocks: %v", err)
	}
	extra.data = []byte("other")
	if err := read(join([]cid.CID{root}, append(slices.Clone(blocks), extra)), record); !errors.Is(err, car.ErrHash) {
		t.Errorf("with an altered block more: %v", err)
	}
	// The proof of one record is not that of another, whether that is there or not.
	for _, other := range all {
		if path(other) == path(record) {
			continue
		}
		if err := read(good, other); !errors.Is(err, car.ErrNotFound) {
			t.Errorf("as the proof of %s: %v", path(other), err)
		}
	}
	// What another account or another key has signed.
	for _, test := range []struct {
		name string
		did  syntax.DID
		key  multikey.Key
		err  error
	}{
		{"another account", testDID + "x", s.key, repo.ErrDID},
		{"another key", testDID, newSigner(t).key, multikey.ErrSignature},
		{"no key", testDID, multikey.Key{}, multikey.ErrSignature},
	} {
		if _, err := repo.ReadProof(t.Context(), bytes.NewReader(good), test.did, record.Collection, record.RecordKey, test.key); !errors.Is(err, test.err) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	// Roots.
	for name, roots := range map[string][]cid.CID{"no root": nil, "the root is a node": {blocks[1].cid}, "the root is the record": {record.CID}} {
		if err := read(join(roots, blocks), record); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// A path that is none.
	record.RecordKey = ".."
	if err := read(good, record); err == nil {
		t.Error("a record key of two dots: no error")
	}
}

// TestProofReading has what can be wrong with the stream.
func TestProofReading(t *testing.T) {
	s := newSigner(t)
	record := smallRecords(1)[0]
	archive := s.signed(t, []repo.Record{record})
	read := func(ctx context.Context, r io.Reader) error {
		_, err := repo.ReadProof(ctx, r, testDID, record.Collection, record.RecordKey, s.key)
		return err
	}
	if err := read(t.Context(), iotest.OneByteReader(bytes.NewReader(archive))); err != nil {
		t.Error(err)
	}
	broken := errors.New("connection reset")
	half := io.MultiReader(bytes.NewReader(archive[:100]), iotest.ErrReader(broken))
	if err := read(t.Context(), half); !errors.Is(err, broken) || err.Error() != "repo: proof: after 100 bytes: connection reset" {
		t.Errorf("a broken connection: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := read(ctx, bytes.NewReader(archive)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	// It does not read on and on.
	taken := 0
	endless := readerFunc(func(p []byte) (int, error) { taken += len(p); return len(p), nil })
	if err := read(t.Context(), endless); !errors.Is(err, repo.ErrTooLarge) || taken > repo.MaxProofSize+1 {
		t.Errorf("an endless answer: after %d bytes %v", taken, err)
	}
	// Up to the limit all is read: here are blocks that nobody needs.
	root, blocks := split(t, archive)
	for i := range 2 {
		data := bytes.Repeat([]byte{byte(i)}, (repo.MaxProofSize-len(archive))/2-36-3) // with a CID, and a length in 3 bytes
		blocks = append(blocks, block{cid.Of(cid.Raw, data), data})
	}
	full := join([]cid.CID{root}, blocks)
	if len(full) > repo.MaxProofSize || len(full) < repo.MaxProofSize-1 {
		t.Fatalf("the archive has %d bytes", len(full))
	}
	if err := read(t.Context(), bytes.NewReader(full)); err != nil {
		t.Errorf("%d bytes: %v", len(full), err)
	}
	if err := read(t.Context(), bytes.NewReader(append(full, make([]byte, repo.MaxProofSize+1-len(full))...))); !errors.Is(err, repo.ErrTooLarge) {
		t.Errorf("a byte more than the limit: %v", err)
	}
}

// TestProofMalformed has a tree that its owner signed, but that is none.
func TestProofMalformed(t *testing.T) {
	s := newSigner(t)
	record := smallRecords(1)[0]
	node := mst.Node{Entries: []mst.Entry{
		{Key: []byte(path(record)), Value: record.CID},
		{Key: []byte("com.example.note/~/~"), Value: record.CID},
	}}
	data := node.Append(nil)
	commit := repo.Commit{DID: testDID, Rev: testRev, Data: cid.Of(cid.DagCBOR, data)}
	var err error
	if commit.Sig, err = s.sign(commit.Unsigned()); err != nil {
		t.Fatal(err)
	}
	root := block{cid.Of(cid.DagCBOR, commit.Block()), commit.Block()}
	archive := join([]cid.CID{root.cid}, []block{root, {commit.Data, data}, {record.CID, record.Data}})
	if _, err := repo.ReadProof(t.Context(), bytes.NewReader(archive), testDID, record.Collection, record.RecordKey, s.key); !errors.Is(err, mst.ErrInvalid) {
		t.Errorf("error is %v", err)
	}
}

func FuzzProof(f *testing.F) {
	s := newSigner(f)
	all := smallRecords(30)
	archive := s.signed(f, all)
	record := all[7]
	root, blocks := prover(f, archive)(record.Collection, record.RecordKey)
	f.Add(join([]cid.CID{root}, blocks))
	f.Add(archive)
	f.Add(join([]cid.CID{root}, blocks[:2]))
	f.Fuzz(func(t *testing.T, proof []byte) {
		p, err := repo.ReadProof(t.Context(), bytes.NewReader(proof), testDID, record.Collection, record.RecordKey, s.key)
		if err == nil && (!p.Found || p.CommitCID != root || p.Record.CID != record.CID || !bytes.Equal(p.Record.Data, record.Data)) {
			t.Errorf("a proof of something else: %+v", p)
		}
	})
}
