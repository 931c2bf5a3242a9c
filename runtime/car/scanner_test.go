package car_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
)

func scanAll(archive []byte) (roots []cid.CID, blocks map[cid.CID][]byte, err error) {
	var s car.Scanner
	found, err := s.Reset(archive)
	roots = append(roots, found...)
	blocks = map[cid.CID][]byte{}
	for err == nil {
		var c cid.CID
		var data []byte
		if c, data, err = s.Next(); err == nil {
			blocks[c] = data
		}
	}
	if err == io.EOF {
		return roots, blocks, nil
	}
	if _, _, again := s.Next(); again != io.EOF {
		return nil, nil, errors.New("there are blocks after an error")
	}
	return roots, blocks, err
}

func archiveOf(t testing.TB, roots []cid.CID, blocks ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := car.NewWriter(&b, roots...)
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks {
		if err := w.Write(t.Context(), cid.Of(cid.DagCBOR, []byte(block)), []byte(block)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestScanner cuts archives at every byte. What a Scanner accepts, an Index accepts, and the other way round, but for the
// hashes.
func TestScanner(t *testing.T) {
	a, b := cid.Of(cid.DagCBOR, []byte("a")), cid.Of(cid.DagCBOR, []byte("b"))
	for _, archive := range [][]byte{
		archiveOf(t, []cid.CID{a}, "a", "b", ""),
		archiveOf(t, []cid.CID{a}),
		archiveOf(t, []cid.CID{a, b}, "a", "b"),
		archiveOf(t, nil, "a"),
	} {
		for size := range len(archive) + 1 {
			sameAsIndex(t, archive[:size])
		}
	}
	archive := archiveOf(t, []cid.CID{a}, "a", "b")
	var s car.Scanner
	if n := testing.AllocsPerRun(100, func() {
		_, _ = s.Reset(archive)
		for {
			if _, _, err := s.Next(); err != nil {
				return
			}
		}
	}); n > 0 {
		t.Errorf("a Scanner allocates %v times", n)
	}
}

func sameAsIndex(t *testing.T, archive []byte) {
	t.Helper()
	roots, blocks, err := scanAll(archive)
	index, indexErr := car.NewIndexBytes(t.Context(), archive)
	if errors.Is(indexErr, car.ErrHash) {
		return
	}
	if (err == nil) != (indexErr == nil) {
		t.Fatalf("%x: Scanner %v, Index %v", archive, err, indexErr)
	}
	if err != nil {
		if err.Error() != indexErr.Error() {
			t.Fatalf("%x: Scanner %v, Index %v", archive, err, indexErr)
		}
		return
	}
	if len(blocks) != index.Blocks() || len(roots) != len(index.Roots()) {
		t.Fatalf("%x: %d blocks and %d roots, Index %d and %d", archive, len(blocks), len(roots), index.Blocks(), len(index.Roots()))
	}
	for i, root := range index.Roots() {
		if roots[i] != root {
			t.Fatalf("%x: root %d is %s, want %s", archive, i, roots[i], root)
		}
	}
	for c, data := range blocks {
		if want, err := index.Get(c, nil); err != nil || !bytes.Equal(data, want) {
			t.Fatalf("%x: %s is %x, want %x: %v", archive, c, data, want, err)
		}
	}
}

func FuzzScanner(f *testing.F) {
	a := cid.Of(cid.DagCBOR, []byte("a"))
	f.Add(archiveOf(f, []cid.CID{a}, "a", "b"))
	f.Add(archiveOf(f, nil, "a"))
	f.Fuzz(func(t *testing.T, archive []byte) { sameAsIndex(t, archive) })
}
