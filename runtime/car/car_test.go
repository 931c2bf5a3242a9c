package car_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	carv2 "github.com/ipld/go-car/v2"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
)

// block makes a block of data, in DAG-CBOR as far as its CID says.
func block(data string) car.Block {
	return car.Block{CID: cid.Of(cid.DagCBOR, []byte(data)), Data: []byte(data)}
}

// blocks makes n blocks of different sizes, some of them raw.
func blocks(n int) []car.Block {
	random := rand.New(rand.NewPCG(1, 2))
	made := make([]car.Block, n)
	for i := range made {
		data := make([]byte, random.IntN(300))
		for j := range data {
			data[j] = byte(random.Uint32())
		}
		data = binary.BigEndian.AppendUint32(data, uint32(i))
		codec := cid.DagCBOR
		if i%5 == 0 {
			codec = cid.Raw
		}
		made[i] = car.Block{CID: cid.Of(codec, data), Data: data}
	}
	return made
}

// archive writes blocks as CAR version 1, by hand so that it can be wrong: the header, and then a
// section for each block.
func archive(roots []cid.CID, blocks ...car.Block) [][]byte {
	header := append([]byte("\xa2\x65roots"), 0x80|byte(len(roots)))
	for _, root := range roots {
		header = append(append(header, 0xd8, 0x2a, 0x58, 0x25, 0), root[:]...)
	}
	header = append(header, "\x67version\x01"...)
	parts := [][]byte{section(header)}
	for _, b := range blocks {
		parts = append(parts, section(b.CID[:], b.Data))
	}
	return parts
}

func section(parts ...[]byte) []byte {
	content := bytes.Join(parts, nil)
	return append(binary.AppendUvarint(nil, uint64(len(content))), content...)
}

func join(parts [][]byte) []byte { return bytes.Join(parts, nil) }

// version2 wraps an archive of version 1, with some padding before it and something like an index after it.
func version2(t testing.TB, v1 []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	out.Write(carv2.Pragma)
	header := carv2.NewHeader(uint64(len(v1))).WithDataPadding(17)
	if _, err := header.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	out.Write(make([]byte, 17))
	out.Write(v1)
	out.WriteString("an index")
	return out.Bytes()
}

// readers are the ways to read a whole archive.
var readers = []struct {
	name string
	read func(b []byte, opts ...car.Option) ([]cid.CID, []car.Block, error)
}{
	{"Reader", func(b []byte, opts ...car.Option) ([]cid.CID, []car.Block, error) {
		return readStream(bytes.NewReader(b), opts...)
	}},
	{"Reader, byte by byte", func(b []byte, opts ...car.Option) ([]cid.CID, []car.Block, error) {
		return readStream(iotest.OneByteReader(bytes.NewReader(b)), opts...)
	}},
	{"Index of bytes", func(b []byte, opts ...car.Option) ([]cid.CID, []car.Block, error) {
		index, err := car.NewIndexBytes(context.Background(), b, opts...)
		return readIndex(index, err)
	}},
	{"Index of a ReaderAt", func(b []byte, opts ...car.Option) ([]cid.CID, []car.Block, error) {
		index, err := car.NewIndex(context.Background(), bytes.NewReader(b), int64(len(b)), opts...)
		return readIndex(index, err)
	}},
	{"Index of a stream", func(b []byte, opts ...car.Option) ([]cid.CID, []car.Block, error) {
		return indexStream(bytes.NewReader(b), opts...)
	}},
	{"Index of a stream, piece by piece", func(b []byte, opts ...car.Option) ([]cid.CID, []car.Block, error) {
		return indexStream(pieces{bytes.NewReader(b), 7}, opts...)
	}},
}

// memory is a store.
type memory struct{ bytes.Buffer }

func (m *memory) ReadAt(p []byte, offset int64) (int, error) {
	return bytes.NewReader(m.Bytes()).ReadAt(p, offset)
}

// indexStream reads the archive from r. The store gets each block once, after its CID, and nothing else.
func indexStream(r io.Reader, opts ...car.Option) ([]cid.CID, []car.Block, error) {
	var store memory
	index, err := car.NewIndexStream(context.Background(), r, &store, opts...)
	roots, read, err := readIndex(index, err)
	var want []byte
	for _, b := range read {
		want = append(want, section(b.CID[:], b.Data)...)
	}
	if err == nil && !bytes.Equal(store.Bytes(), want) {
		return nil, nil, fmt.Errorf("the store holds other bytes than the %d of the sections: %d", len(want), store.Len())
	}
	return roots, read, err
}

func readStream(r io.Reader, opts ...car.Option) ([]cid.CID, []car.Block, error) {
	reader, err := car.NewReader(r, opts...)
	if err != nil {
		return nil, nil, err
	}
	var read []car.Block
	for b, err := range reader.Blocks(context.Background()) {
		if err != nil {
			return nil, nil, err
		}
		read = append(read, car.Block{CID: b.CID, Data: bytes.Clone(b.Data)})
	}
	return reader.Roots(), read, nil
}

func readIndex(index *car.Index, err error) ([]cid.CID, []car.Block, error) {
	if err != nil {
		return nil, nil, err
	}
	var read []car.Block
	for _, l := range index.NewSet().Others() {
		c := index.CID(l)
		data, err := index.Get(c, nil)
		if err != nil {
			return nil, nil, err
		}
		read = append(read, car.Block{CID: c, Data: data})
	}
	return index.Roots(), read, nil
}

func equalBlocks(a, b []car.Block) bool {
	return slices.EqualFunc(a, b, func(a, b car.Block) bool { return a.CID == b.CID && bytes.Equal(a.Data, b.Data) })
}

func TestRead(t *testing.T) {
	many := blocks(5000)
	for _, test := range []struct {
		name   string
		roots  []cid.CID
		blocks []car.Block
	}{
		{"nothing", nil, nil},
		{"one root", []cid.CID{many[0].CID}, many[:1]},
		{"two roots", []cid.CID{many[1].CID, many[7].CID}, many[:10]},
		{"an empty block", nil, []car.Block{block("")}},
		{"many blocks", []cid.CID{many[0].CID}, many},
		{"a block larger than buffers", nil, []car.Block{many[0], block(strings.Repeat("x", 500_000)), many[1]}},
	} {
		b := join(archive(test.roots, test.blocks...))
		for _, reader := range readers {
			t.Run(test.name+"/"+reader.name, func(t *testing.T) {
				roots, read, err := reader.read(b)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(roots, test.roots) {
					t.Errorf("roots are %v, want %v", roots, test.roots)
				}
				if !equalBlocks(read, test.blocks) {
					t.Errorf("read %d blocks, or others than the %d that were written", len(read), len(test.blocks))
				}
			})
		}
	}
}

// TestGoCAR compares the loop over sections with that of go-car.
func TestGoCAR(t *testing.T) {
	b := join(archive([]cid.CID{block("a").CID}, blocks(500)...))
	peer, err := carv2.NewBlockReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	reader, err := car.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for got, err := range reader.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		want, err := peer.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.CID[:], want.Cid().Bytes()) || !bytes.Equal(got.Data, want.RawData()) {
			t.Fatalf("block at byte %d is %s, go-car reads %s", got.Offset, got.CID, want.Cid())
		}
	}
	if _, err := peer.Next(); err != io.EOF {
		t.Errorf("go-car has more: %v", err)
	}
}

// TestVersion2 has archives of CAR version 2, whole and cut: each way to read says what they are and what to do.
func TestVersion2(t *testing.T) {
	whole := version2(t, join(archive([]cid.CID{block("a").CID}, blocks(20)...)))
	for _, end := range []int{len(carv2.Pragma), 30, 55, 80, len(whole)} {
		for _, reader := range readers {
			_, _, err := reader.read(whole[:end])
			var fault *car.Error
			if !errors.Is(err, car.ErrHeader) || !errors.As(err, &fault) || fault.Offset != 0 ||
				!strings.Contains(err.Error(), "CAR version 2") || !strings.Contains(err.Error(), "layers convert") {
				t.Errorf("%d bytes: %s: %v", end, reader.name, err)
			}
		}
	}
	short := whole[:len(carv2.Pragma)-1]
	for _, reader := range readers {
		if _, _, err := reader.read(short); !errors.Is(err, car.ErrHeader) || !errors.Is(err, car.ErrTruncated) {
			t.Errorf("a part of the pragma: %s: %v", reader.name, err)
		}
	}
}

// brokenArchive is an archive that is not sound, and the error.
type brokenArchive struct {
	name   string
	bytes  []byte
	want   error
	offset int64 // -1: the ways to read differ
	cid    cid.CID
}

// brokenArchives returns archives with something wrong in each of their parts.
func brokenArchives(t testing.TB) []brokenArchive {
	a, b := block("a"), block("b")
	good := archive([]cid.CID{a.CID}, a, b)
	first := int64(len(good[0]))          // where the first section begins
	second := first + int64(len(good[1])) // and the second
	with := func(sections ...[]byte) []byte { return join(append(good[:1:1], sections...)) }
	bad := b
	bad.Data = []byte("B")
	forged := b
	copy(forged.CID[:12], a.CID[:12])
	header := func(root string, digest int) []byte {
		return section([]byte("\xa2\x65roots\x81\xd8\x2a\x58"), []byte{byte(1 + len(root) + digest), 0}, []byte(root), make([]byte, digest), []byte("\x67version\x01"))
	}
	return []brokenArchive{
		{"empty", nil, car.ErrTruncated, 0, cid.CID{}},
		{"not an archive", []byte("<!DOCTYPE html><html><body>Bad Gateway: the server is gone</body></html>"), car.ErrHeader, 0, cid.CID{}},
		{"header cut short", good[0][:40], car.ErrTruncated, 0, cid.CID{}},
		{"version 2 with roots", section([]byte("\xa2\x65roots\x80\x67version\x02")), car.ErrHeader, 17, cid.CID{}},
		{"version 3", section([]byte("\xa2\x65roots\x80\x67version\x03")), car.ErrHeader, 17, cid.CID{}},
		{"header too long", section(make([]byte, 70_000)), car.ErrTooLarge, 0, cid.CID{}},
		{"header of an absurd length", binary.AppendUvarint(nil, 1<<62), car.ErrTooLarge, 0, cid.CID{}},
		{"root of version 0", header("\x12\x20", 32), cid.ErrInvalid, 9, cid.CID{}},
		{"root of another codec", header("\x01\x70\x12\x20", 32), cid.ErrInvalid, 9, cid.CID{}},
		{"empty section", with([]byte{0}), car.ErrSection, first, cid.CID{}},
		{"section without room for a CID", with(section(a.CID[:35])), car.ErrSection, first, cid.CID{}},
		{"CID of version 0", with(section([]byte("\x12\x20"), make([]byte, 32))), cid.ErrInvalid, first, cid.CID{}},
		{"CID of another codec", with(section([]byte("\x01\x70\x12\x20"), make([]byte, 32))), cid.ErrInvalid, first, cid.CID{}},
		{"CID of another hash", with(section([]byte("\x01\x71\x1b\x20"), make([]byte, 32))), cid.ErrInvalid, first, cid.CID{}},
		{"CID of a longer digest", with(section([]byte("\x01\x71\x13\x40"), make([]byte, 64))), cid.ErrInvalid, first, cid.CID{}},
		{"length not in its shortest form", with([]byte{0xa5, 0x00}, a.CID[:], a.Data), car.ErrSection, first, cid.CID{}},
		{"length of ten bytes", with(bytes.Repeat([]byte{0xff}, 20)), car.ErrSection, first, cid.CID{}},
		{"length cut short", with(good[1], []byte{0x80}), car.ErrTruncated, second, cid.CID{}},
		{"CID cut short", with(good[1], good[2][:20]), car.ErrTruncated, second, cid.CID{}},
		{"block cut short", with(good[1], good[2][:37]), car.ErrTruncated, second, b.CID},
		{"block too large", with(binary.AppendUvarint(nil, 36+2<<20+1), a.CID[:]), car.ErrTooLarge, first, cid.CID{}},
		{"block of an absurd size", with(binary.AppendUvarint(nil, 1<<62), a.CID[:]), car.ErrTooLarge, first, cid.CID{}},
		{"altered block", with(good[1], section(bad.CID[:], bad.Data)), car.ErrHash, -1, b.CID},
		{"altered copy of a block", with(good[1], good[2], section(bad.CID[:], bad.Data)), car.ErrHash, -1, b.CID},
		{"a CID that begins as another", with(good[1], section(forged.CID[:], forged.Data)), car.ErrHash, -1, forged.CID},
	}
}

func TestBroken(t *testing.T) {
	for _, test := range brokenArchives(t) {
		for _, reader := range readers {
			t.Run(test.name+"/"+reader.name, func(t *testing.T) {
				_, read, err := reader.read(test.bytes)
				if err == nil {
					t.Fatalf("no error, %d blocks", len(read))
				}
				if test.want != nil && !errors.Is(err, test.want) {
					t.Errorf("error is %q, want %q", err, test.want)
				}
				var fault *car.Error
				if !errors.As(err, &fault) {
					t.Fatalf("error is a %T, want a *car.Error", err)
				}
				if test.offset >= 0 && fault.Offset != test.offset {
					t.Errorf("error is at byte %d, want %d: %v", fault.Offset, test.offset, err)
				}
				if (test.offset >= 0 || test.cid.Defined()) && fault.CID != test.cid {
					t.Errorf("error is about %s, want %s: %v", fault.CID, test.cid, err)
				}
				if !strings.Contains(err.Error(), test.cid.String()) {
					t.Errorf("error does not name the CID: %v", err)
				}
			})
		}
	}
}

func TestLimits(t *testing.T) {
	b := join(archive([]cid.CID{block("a").CID}, block("a"), block("bcd"), block("efghi")))
	for _, test := range []struct {
		name string
		opt  car.Option
		ok   bool
	}{
		{"blocks, enough", car.WithMaxBlocks(3), true},
		{"blocks, too many", car.WithMaxBlocks(2), false},
		{"block size, enough", car.WithMaxBlockSize(5), true},
		{"block size, too large", car.WithMaxBlockSize(4), false},
		{"header size, enough", car.WithMaxHeaderSize(58), true},
		{"header size, too large", car.WithMaxHeaderSize(57), false},
	} {
		for _, reader := range readers {
			t.Run(test.name+"/"+reader.name, func(t *testing.T) {
				_, _, err := reader.read(b, test.opt)
				if test.ok && err != nil || !test.ok && !errors.Is(err, car.ErrTooLarge) {
					t.Errorf("error is %v", err)
				}
			})
		}
	}
	for name, opt := range map[string]car.Option{
		"no blocks":      car.WithMaxBlocks(0),
		"negative size":  car.WithMaxBlockSize(-1),
		"unpackable":     car.WithMaxBlockSize(1 << 24),
		"header of none": car.WithMaxHeaderSize(0),
	} {
		for _, reader := range readers {
			if _, _, err := reader.read(b, opt); err == nil {
				t.Errorf("%s: %s takes the option", name, reader.name)
			}
		}
	}
}

func TestWithoutVerification(t *testing.T) {
	altered := block("a")
	altered.Data = []byte("b")
	b := join(archive(nil, altered))
	_, read, err := readStream(bytes.NewReader(b), car.WithoutVerification())
	if err != nil || !equalBlocks(read, []car.Block{altered}) {
		t.Errorf("read %v, %v", read, err)
	}
}

func TestIndex(t *testing.T) {
	all := blocks(3000)
	b := join(archive(nil, append(all, all[:100]...)...))
	fromBytes, err := car.NewIndexBytes(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	fromSource, err := car.NewIndex(t.Context(), bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	fromStream, err := car.NewIndexStream(t.Context(), bytes.NewReader(b), new(memory))
	if err != nil {
		t.Fatal(err)
	}
	if !fromBytes.Checked() || fromSource.Checked() || !fromStream.Checked() {
		t.Error("an index has been checked, or has not been")
	}
	for name, index := range map[string]*car.Index{"bytes": fromBytes, "source": fromSource, "stream": fromStream} {
		t.Run(name, func(t *testing.T) {
			if index.Blocks() != len(all) || index.Duplicates() != 100 {
				t.Errorf("%d blocks, %d duplicates", index.Blocks(), index.Duplicates())
			}
			set := index.NewSet()
			buf := make([]byte, 400)
			for i, want := range all {
				l, ok := index.Find(want.CID)
				if !ok || l.Size() != len(want.Data) {
					t.Fatalf("Find(%s) = %v, %v", want.CID, l, ok)
				}
				data, err := index.Read(l, buf)
				if err != nil || !bytes.Equal(data, want.Data) {
					t.Fatalf("Read(%s) = %x, %v", want.CID, data, err)
				}
				if i%3 != 0 {
					set.Add(l)
				}
			}
			others := set.Others()
			if len(others) != 1000 {
				t.Fatalf("%d blocks are not in the set, want 1000", len(others))
			}
			for i, l := range others {
				if c := index.CID(l); c != all[3*i].CID {
					t.Fatalf("block %d that is not in the set is %s, want %s", i, c, all[3*i].CID)
				}
			}
			absent := block("absent").CID
			if _, err := index.Get(absent, nil); !errors.Is(err, car.ErrNotFound) || !strings.Contains(err.Error(), absent.String()) {
				t.Errorf("Get of an absent block: %v", err)
			}
			alike := all[1].CID
			alike[35]++
			if _, ok := index.Find(alike); ok {
				t.Errorf("Find of a CID that differs in its last byte finds something")
			}
			other := all[1].CID // the same digest with the other codec is another CID
			other[1] ^= cid.DagCBOR ^ cid.Raw
			if _, err := index.Get(other, nil); !errors.Is(err, car.ErrNotFound) {
				t.Errorf("Get of a CID with another codec: %v", err)
			}
		})
	}
}

// TestAlike has an archive whose CIDs are made up, all but equal. It must not take longer to index than
// another: in a row of slots each block would have to pass all those before it.
func TestAlike(t *testing.T) {
	const n = 50_000
	alike, other := join(archive(nil)), join(archive(nil))
	for i := range uint32(n) {
		c := block("").CID
		binary.BigEndian.PutUint32(c[len(c)-4:], i)
		alike = append(alike, section(c[:])...)
		c = block(fmt.Sprint(i)).CID
		other = append(other, section(c[:])...)
	}
	took := func(b []byte) (least time.Duration) {
		for run := range 2 {
			start := time.Now()
			index, err := car.NewIndex(t.Context(), bytes.NewReader(b), int64(len(b)))
			if err != nil || index.Blocks() != n {
				t.Fatal(err)
			}
			if d := time.Since(start); run == 0 || d < least {
				least = d
			}
		}
		return least
	}
	// A row of slots takes a hundred times as long and more, a machine that is busy does not.
	if least, most := took(other), took(alike); most > 20*least+time.Second {
		t.Errorf("indexing %d blocks took %v, and %v if they are alike", n, least, most)
	}
}

// TestBadSource has a source that is shorter than it was said to be, and sources that fail.
func TestBadSource(t *testing.T) {
	b := join(archive(nil, blocks(100)...))
	if _, err := car.NewIndex(t.Context(), bytes.NewReader(b[:len(b)-1]), int64(len(b))); !errors.Is(err, car.ErrTruncated) {
		t.Errorf("short source: %v", err)
	}
	broken := errors.New("the disk is broken")
	if _, err := car.NewIndex(t.Context(), failingAt{bytes.NewReader(b), broken}, int64(len(b))); !errors.Is(err, broken) {
		t.Errorf("failing source: %v", err)
	}
	for i := range len(b) {
		_, _, err := readStream(io.MultiReader(bytes.NewReader(b[:i]), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) {
			t.Fatalf("stream that fails at byte %d: %v", i, err)
		}
	}
}

// failingAt can be read from its beginning alone.
type failingAt struct {
	*bytes.Reader
	err error
}

func (f failingAt) ReadAt(p []byte, offset int64) (int, error) {
	if offset > 0 {
		return 0, f.err
	}
	return f.Reader.ReadAt(p, offset)
}

func TestCancel(t *testing.T) {
	b := join(archive(nil, blocks(3000)...))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	reader, err := car.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err = range reader.Blocks(ctx) {
		if err != nil {
			break
		}
		if n++; n == 5 {
			cancel()
		}
	}
	if !errors.Is(err, context.Canceled) || n > 1000 {
		t.Errorf("after %d blocks: %v", n, err)
	}
	if _, err := car.NewIndexBytes(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("NewIndexBytes: %v", err)
	}
	if _, err := car.NewIndexStream(ctx, bytes.NewReader(b), new(memory)); !errors.Is(err, context.Canceled) {
		t.Errorf("NewIndexStream: %v", err)
	}
	// The reader goes on where it stopped.
	for _, err := range reader.Blocks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 3000 {
		t.Errorf("%d blocks in all, want 3000", n)
	}
}

func TestWriter(t *testing.T) {
	all := blocks(300)
	var out bytes.Buffer
	writer, err := car.NewWriter(&out, all[3].CID, all[1].CID)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range append(all, all[:10]...) {
		if err := writer.Write(t.Context(), b.CID, b.Data); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Flush(); err != nil {
		t.Fatal(err)
	}
	if want := join(archive([]cid.CID{all[3].CID, all[1].CID}, all...)); !bytes.Equal(out.Bytes(), want) {
		t.Errorf("wrote %d bytes, want %d", out.Len(), len(want))
	}
	if _, err := car.NewWriter(&out, cid.CID{}); err == nil {
		t.Error("NewWriter takes an undefined root")
	}
	if err := writer.Write(t.Context(), cid.CID{}, nil); err == nil {
		t.Error("Write takes an undefined CID")
	}
}

func FuzzCAR(f *testing.F) {
	v1 := join(archive([]cid.CID{block("a").CID}, blocks(5)...))
	f.Add(v1)
	f.Add(version2(f, v1))
	f.Add(v1[:len(v1)-1])
	f.Add([]byte("\x11\xa2\x65roots\x80\x67version\x01"))
	for _, test := range headers() {
		f.Add(section([]byte(test.header)))
	}
	for _, test := range brokenArchives(f) {
		f.Add(test.bytes)
	}
	f.Add([]byte("\x91\x00\xa2\x65roots\x80\x67version\x01"))
	f.Add(join(archive(nil, blocks(17)...)))
	f.Add(join(archive(nil, block(strings.Repeat("x", 1001)))))
	// Limits that a fuzzer reaches.
	limits := []car.Option{car.WithMaxBlocks(16), car.WithMaxBlockSize(1000), car.WithMaxHeaderSize(1000)}
	f.Fuzz(func(t *testing.T, b []byte) {
		// All ways to read agree on whether the archive is sound and on what it holds; an index counts
		// a block that is there twice once.
		_, streamed, streamErr := readers[0].read(b, limits...)
		seen := map[cid.CID]bool{}
		streamed = slices.DeleteFunc(streamed, func(b car.Block) bool {
			twice := seen[b.CID]
			seen[b.CID] = true
			return twice
		})
		for _, reader := range readers[2:] {
			_, read, err := reader.read(b, limits...)
			if (err == nil) != (streamErr == nil) || !equalBlocks(read, streamed) {
				t.Errorf("%s: %d blocks, %v; streamed: %d blocks, %v", reader.name, len(read), err, len(streamed), streamErr)
			}
		}
		// What is sound here is so for go-car, which allows more, but for further fields of a header: a map of others
		// than two.
		_, n := binary.Uvarint(b)
		if streamErr != nil || !bytes.HasPrefix(b[n:], []byte("\xa2")) {
			return
		}
		peer, err := carv2.NewBlockReader(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("go-car does not read the header: %v", err)
		}
		for err == nil {
			_, err = peer.Next()
		}
		if err != io.EOF {
			t.Errorf("go-car does not read a section: %v", err)
		}
	})
}
