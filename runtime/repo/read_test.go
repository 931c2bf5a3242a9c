package repo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/tests/corpus"
)

// TestReadFile has an archive that is too large for the memory it may take.
func TestReadFile(t *testing.T) {
	want := smallRecords(300)
	archive := build(t, want, repo.OrderCID)
	size := int64(len(archive))
	for _, memory := range []int64{0, 1, size - 1, size, size + 1} {
		directory := t.TempDir()
		r, err := repo.Read(t.Context(), iotest.HalfReader(bytes.NewReader(archive)), repo.WithMaxMemory(memory), repo.WithTempDir(directory))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := readAll(t.Context(), r); err != nil || !equalRecords(got, want) {
			t.Errorf("with %d bytes of memory: %d records, %v", memory, len(got), err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if files, err := os.ReadDir(directory); err != nil || len(files) > 0 {
			t.Errorf("with %d bytes of memory: files are left: %v, %v", memory, files, err)
		}
		_, err = readAll(t.Context(), r)
		if inFile := memory < size; inFile != (err != nil) {
			t.Errorf("with %d bytes of memory: after Close: %v", memory, err)
		}
	}
	missing := filepath.Join(t.TempDir(), "missing")
	if _, err := repo.Read(t.Context(), bytes.NewReader(archive), repo.WithMaxMemory(0), repo.WithTempDir(missing)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without a directory: %v", err)
	}
}

func TestReadLimits(t *testing.T) {
	archive := build(t, smallRecords(300), repo.OrderCID)
	size := int64(len(archive))
	for _, memory := range []int64{0, 1 << 20} {
		directory := repo.WithTempDir(t.TempDir())
		if _, err := repo.Read(t.Context(), bytes.NewReader(archive), repo.WithMaxSize(size-1), repo.WithMaxMemory(memory), directory); !errors.Is(err, repo.ErrTooLarge) {
			t.Errorf("an archive above the limit: %v", err)
		}
		if _, err := repo.Read(t.Context(), bytes.NewReader(archive), repo.WithMaxSize(size), repo.WithMaxMemory(memory), directory); err != nil {
			t.Errorf("an archive at the limit: %v", err)
		}
		// The connection breaks.
		broken := errors.New("connection reset")
		half := io.MultiReader(bytes.NewReader(archive[:size/2]), iotest.ErrReader(broken))
		_, err := repo.Read(t.Context(), half, repo.WithMaxMemory(memory), directory)
		if !errors.Is(err, broken) || !strings.Contains(err.Error(), fmt.Sprint(size/2)) {
			t.Errorf("a connection that breaks after %d bytes: %v", size/2, err)
		}
		// The server says that it is done, and is not.
		_, err = repo.Read(t.Context(), bytes.NewReader(archive[:size-5]), repo.WithMaxMemory(memory), directory)
		var fault *car.Error
		if !errors.Is(err, car.ErrTruncated) || !errors.As(err, &fault) || fault.Offset < size-300 {
			t.Errorf("cut at byte %d: %v", size-5, err)
		}
		// The caller has had enough.
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		endless := readerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
		if _, err := repo.Read(ctx, io.MultiReader(bytes.NewReader(archive[:100]), endless), repo.WithMaxMemory(memory), directory); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	}
	for name, opt := range map[string]repo.Option{
		"size 0":             repo.WithMaxSize(0),
		"size above all":     repo.WithMaxSize(1 << 62),
		"memory below 0":     repo.WithMaxMemory(-1),
		"option of archives": repo.WithArchiveOptions(car.WithMaxBlocks(0)),
	} {
		for _, way := range ways {
			if _, err := way.open(t.Context(), archive, opt); err == nil {
				t.Errorf("%s: %s takes the option", way.name, name)
			}
		}
	}
	for _, way := range ways {
		if _, err := way.open(t.Context(), archive, repo.WithArchiveOptions(car.WithMaxBlocks(10))); !errors.Is(err, car.ErrTooLarge) {
			t.Errorf("%s: too many blocks: %v", way.name, err)
		}
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestReadAltered has a bad block in a stream that goes to a file: Read notices it as it comes by, wherever it
// is, also where no path leads to it.
func TestReadAltered(t *testing.T) {
	root, blocks := split(t, build(t, smallRecords(300), repo.OrderCID))
	blocks = append(blocks, block{cid.Of(cid.Raw, []byte("extra")), []byte("extra")}, blocks[0])
	for i := range blocks {
		altered := slices.Clone(blocks)
		altered[i].data = bytes.Clone(altered[i].data)
		altered[i].data[0] ^= 1
		_, err := repo.Read(t.Context(), bytes.NewReader(join([]cid.CID{root}, altered)), repo.WithMaxMemory(0), repo.WithTempDir(t.TempDir()))
		var fault *car.Error
		if !errors.Is(err, car.ErrHash) || !errors.As(err, &fault) || fault.CID != altered[i].cid {
			t.Errorf("block %d altered: %v", i, err)
		}
	}
}

// TestMemory holds that an archive in a file is not read into memory: that of 10,000 records has 24 MB.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a repository of 10,000 records")
	}
	const n = 10_000
	file, err := os.Create(filepath.Join(t.TempDir(), "corpus.car"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := corpus.New(n).WriteCAR(file); err != nil {
		t.Fatal(err)
	}
	size, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		limit uint64
		open  func() (*repo.Repo, error)
	}{
		{"a file", 3 << 20, func() (*repo.Repo, error) { return repo.Open(t.Context(), file, size) }},
		{"a stream", 5 << 20, func() (*repo.Repo, error) {
			return repo.Read(t.Context(), io.NewSectionReader(file, 0, size), repo.WithTempDir(t.TempDir()))
		}},
	} {
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		r, err := test.open()
		if err != nil {
			t.Fatal(err)
		}
		count, peak := 0, uint64(0)
		for _, err := range r.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if count++; count%1000 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				peak = max(peak, now.HeapAlloc-min(before.HeapAlloc, now.HeapAlloc))
			}
		}
		if count != n {
			t.Errorf("%s: %d records", test.name, count)
		}
		if peak > test.limit {
			t.Errorf("%s: reading %d bytes takes %d bytes of memory", test.name, size, peak)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestReadMemory measures what reading an archive into memory allocates: hardly more than its size, and that of its index,
// whether the server says its size, says nothing, or lies.
func TestReadMemory(t *testing.T) {
	archive, err := corpus.New(12_000).CAR() // 28 MB
	if err != nil {
		t.Fatal(err)
	}
	for name, said := range map[string]int64{"unknown": 0, "said": int64(len(archive)), "too little": 1000, "too much": 1 << 29} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := repo.Read(t.Context(), iotest.HalfReader(bytes.NewReader(archive)), repo.WithMaxMemory(1<<30), repo.WithSize(said))
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if allocated := after.TotalAlloc - before.TotalAlloc; allocated > uint64(len(archive)/100*107)+(1<<20) {
			t.Errorf("size %s: allocated %d bytes for %d", name, allocated, len(archive))
		}
		n := 0
		for record, err := range r.Records(t.Context()) {
			if err != nil || cid.Of(cid.DagCBOR, record.Data) != record.CID {
				t.Fatal(err)
			}
			n++
		}
		if n != 12_000 {
			t.Errorf("size %s: %d records", name, n)
		}
	}
	// A size that is only said allocates nothing.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err = repo.Read(t.Context(), bytes.NewReader(archive[:1000]), repo.WithMaxMemory(1<<30), repo.WithSize(1<<29))
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, car.ErrTruncated) || allocated > 1<<20 {
		t.Errorf("a size of 512 MiB, and 1000 bytes: allocated %d bytes, %v", allocated, err)
	}
	if _, err := repo.Read(t.Context(), bytes.NewReader(archive), repo.WithSize(1<<30), repo.WithMaxSize(1<<29)); !errors.Is(err, repo.ErrTooLarge) {
		t.Errorf("a size over the limit: %v", err)
	}
	if _, err := repo.Read(t.Context(), bytes.NewReader(archive), repo.WithSize(-1)); err == nil {
		t.Error("a negative size is accepted")
	}
}
