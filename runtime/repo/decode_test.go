package repo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// note is a record whose decoding calls a function.
type note struct {
	lex.Map
	decoding func()
}

func (n *note) DecodeLex(d *lex.Decoder) {
	n.Map.DecodeLex(d)
	n.decoding()
}

func (n *note) RecordType() syntax.NSID { return "com.example.note" }

// notes looks types up: that of all records is note.
func notes(decoding func()) func(syntax.NSID) (lex.RecordDef, bool) {
	return func(syntax.NSID) (lex.RecordDef, bool) {
		return lex.RecordDef{New: func() lex.Record { return &note{decoding: decoding} }}, true
	}
}

// decodeAll decodes a repository to its end. panicked is what it panicked with.
func decodeAll(ctx context.Context, r *repo.Repo, workers int, lookup func(syntax.NSID) (lex.RecordDef, bool)) (n int, panicked any, err error) {
	defer func() { panicked = recover() }()
	for d, failed := range r.Decode(ctx, lookup, &repo.DecodeOptions{Workers: workers}) {
		if err = failed; err == nil && d.Value != nil {
			n++
		}
	}
	return n, nil, err
}

// TestDecodePanic has a type that panics while it decodes one of the records: the error names that record, and what
// comes before it is yielded.
func TestDecodePanic(t *testing.T) {
	all := smallRecords(500)
	archive := build(t, all, repo.OrderTree)
	for _, way := range ways {
		for _, workers := range []int{1, 2, 7} {
			for _, at := range []int{0, 1, 63, 64, 300, 499} {
				r, err := way.open(t.Context(), archive)
				if err != nil {
					t.Fatal(err)
				}
				fault := fmt.Errorf("fault of %d", at)
				n, panicked, err := decodeAll(t.Context(), r, workers, func(syntax.NSID) (lex.RecordDef, bool) {
					return lex.RecordDef{New: func() lex.Record { return &bomb{at: all[at].Data, fault: fault} }}, true
				})
				name := fmt.Sprintf("%s, %d workers, record %d", way.name, workers, at)
				if panicked != nil {
					t.Fatalf("%s: panicked with %v", name, panicked)
				}
				record, ok := errors.AsType[*repo.RecordError](err)
				if !ok || record.CID != all[at].CID || record.RecordKey != all[at].RecordKey || n != at {
					t.Fatalf("%s: after %d records: %v", name, n, err)
				}
				if uri := "at://" + string(testDID) + "/" + path(all[at]); !strings.Contains(err.Error(), uri) || !strings.Contains(err.Error(), record.CID.String()) {
					t.Errorf("%s: the error %q does not name the record", name, err)
				}
				p, ok := errors.AsType[*repo.PanicError](err)
				if !ok || p.Value != fault || !errors.Is(err, fault) || !strings.Contains(string(p.Stack), "(*bomb).DecodeLex") {
					t.Errorf("%s: %+v", name, p)
				}
				r.Close()
			}
		}
	}
}

// bomb is a record that panics when it decodes some bytes.
type bomb struct {
	note
	at    []byte
	fault error
}

func (b *bomb) DecodeLex(d *lex.Decoder) {
	b.Map.DecodeLex(d)
	if again, err := lex.EncodeCBOR(&b.Map); err == nil && bytes.Equal(again, b.at) {
		panic(b.fault)
	}
}

// TestEntriesPanic holds that [repo.Entries] gives the same error.
func TestEntriesPanic(t *testing.T) {
	r, err := repo.FromBytes(t.Context(), build(t, smallRecords(10), repo.OrderTree))
	if err != nil {
		t.Fatal(err)
	}
	for entry, err := range repo.Entries[faulty](t.Context(), r, nil) {
		if p, ok := errors.AsType[*repo.PanicError](err); !ok || entry != nil || !errors.Is(err, io.ErrShortBuffer) {
			t.Errorf("%v, %+v", err, p)
		}
	}
}

// faulty is a record that always panics.
type faulty struct{ note }

func (f *faulty) DecodeLex(*lex.Decoder) { panic(io.ErrShortBuffer) }

// TestCallersPanic has what the caller gave panic: lookup, and the source of the archive. The panic comes out in the
// caller's goroutine.
func TestCallersPanic(t *testing.T) {
	archive := build(t, smallRecords(500), repo.OrderTree)
	for _, workers := range []int{1, 4} {
		r, err := repo.FromBytes(t.Context(), archive)
		if err != nil {
			t.Fatal(err)
		}
		_, panicked, err := decodeAll(t.Context(), r, workers, func(syntax.NSID) (lex.RecordDef, bool) { panic("lookup") })
		if panicked != "lookup" {
			t.Errorf("%d workers: %v, panicked with %v", workers, err, panicked)
		}
		source := &panickingSource{Reader: bytes.NewReader(archive), left: 1 << 30}
		if r, err = repo.Open(t.Context(), source, int64(len(archive))); err != nil {
			t.Fatal(err)
		}
		for _, left := range []int64{0, 1, 2, 100, 400} { // the first is read by the walk, others by workers
			source.calls.Store(0)
			source.left = left
			_, panicked, err := decodeAll(t.Context(), r, workers, notes(func() {}))
			if panicked != "source" {
				t.Errorf("%d workers, after %d reads: %v, panicked with %v", workers, left, err, panicked)
			}
		}
	}
	store := &panickingStore{}
	func() {
		defer func() {
			if panicked := recover(); panicked != "store" {
				t.Errorf("store: panicked with %v", panicked)
			}
		}()
		_, err := car.NewIndexStream(t.Context(), bytes.NewReader(archive), store)
		t.Errorf("store: %v", err)
	}()
	func() {
		defer func() {
			if panicked := recover(); panicked != "stream" {
				t.Errorf("stream: panicked with %v", panicked)
			}
		}()
		stream := io.MultiReader(bytes.NewReader(archive[:len(archive)/2]), panickingReader{})
		_, err := repo.Read(t.Context(), stream, repo.WithMaxMemory(100))
		t.Errorf("stream: %v", err)
	}()
}

type panickingSource struct {
	*bytes.Reader
	calls atomic.Int64
	left  int64
}

func (s *panickingSource) ReadAt(b []byte, offset int64) (int, error) {
	if s.calls.Add(1) > s.left {
		panic("source")
	}
	return s.Reader.ReadAt(b, offset)
}

type panickingStore struct{ bytes.Reader }

func (*panickingStore) Write([]byte) (int, error) { panic("store") }

type panickingReader struct{}

func (panickingReader) Read([]byte) (int, error) { panic("stream") }

// TestGoexit ends goroutines in functions of the caller, as t.FailNow does. If it is one of the workers, that is an error,
// and not a loop that waits for ever. The loop's own goroutine ends, as it would in the loop's body.
func TestGoexit(t *testing.T) {
	archive := build(t, smallRecords(500), repo.OrderTree)
	inLoop := func() bool {
		stack := make([]byte, 16<<10)
		return !bytes.Contains(stack[:runtime.Stack(stack, false)], []byte("created by sync.(*WaitGroup).Go"))
	}
	for _, test := range []struct {
		name             string
		inLookup, inLoop bool
	}{
		{"lookup in a worker", true, false},
		{"lookup in the loop's goroutine", true, true},
		{"the source in a worker", false, false},
	} {
		exiting := make(chan struct{})
		var once sync.Once
		exit := func() {
			if inLoop() == test.inLoop {
				once.Do(func() { close(exiting) })
				runtime.Goexit()
			}
			if test.inLookup { // nothing is locked
				<-exiting
			}
		}
		source := &endingSource{Reader: bytes.NewReader(archive), at: func() {}}
		r, err := repo.Open(t.Context(), source, int64(len(archive)))
		if err != nil {
			t.Fatal(err)
		}
		lookup := func(syntax.NSID) (lex.RecordDef, bool) { return lex.RecordDef{}, false }
		if test.inLookup {
			lookup = func(syntax.NSID) (lex.RecordDef, bool) { exit(); return lex.RecordDef{}, false }
		} else {
			source.at = exit
		}
		n, returned := 0, false
		var failed error
		done := make(chan struct{})
		go func() {
			defer close(done)
			for _, failed = range r.Decode(t.Context(), lookup, &repo.DecodeOptions{Workers: 3}) {
				if n++; !test.inLoop {
					<-exiting
				}
			}
			returned = true
		}()
		<-done
		if returned == test.inLoop || returned && (failed == nil || n >= 500) {
			t.Errorf("%s: the loop returned: %v, after %d records: %v", test.name, returned, n, failed)
		}
	}
}

// endingSource calls a function when it is read.
type endingSource struct {
	*bytes.Reader
	at func()
}

func (s *endingSource) ReadAt(b []byte, offset int64) (int, error) {
	s.at()
	return s.Reader.ReadAt(b, offset)
}

// TestAhead holds that workers decode a bounded amount ahead of the loop: one record under many paths makes an archive
// that is small and decoded records that are not.
func TestAhead(t *testing.T) {
	data := append([]byte("\xa1\x6bannotations\x99\x03\x84"), bytes.Repeat([]byte{0xa0}, 900)...)
	all := make([]repo.Record, 800) // more than twice the limit of 4 workers
	for i := range all {
		all[i] = repo.Record{Collection: "com.example.note", RecordKey: syntax.RecordKey(fmt.Sprintf("%04d", i)), Data: data}
	}
	r, err := repo.FromBytes(t.Context(), build(t, all, repo.OrderTree))
	if err != nil {
		t.Fatal(err)
	}
	var spent int64
	if err := lex.Decode(t.Context(), data, new(annotation.AnnotationLayer), lex.DecodeOptions{Spent: &spent}); err == nil || spent < 300*900 {
		t.Fatalf("%v, %d bytes of memory: not what the test needs", err, spent)
	}
	for _, workers := range []int{2, 4} {
		// What workers may be ahead by, and the record that each worker, and the loop, is at.
		limit := int64(workers)*repo.MaxAhead/spent + 1 + int64(workers) + 1
		var decoded atomic.Int64
		lookup := func(syntax.NSID) (lex.RecordDef, bool) {
			return lex.RecordDef{New: func() lex.Record { return &counted{decoded: &decoded} }}, true
		}
		yielded, most := int64(0), int64(0)
		for d, err := range r.Decode(t.Context(), lookup, &repo.DecodeOptions{Workers: workers}) {
			if err != nil || len(d.Issues) < 900 {
				t.Fatalf("%v, %d issues", err, len(d.Issues))
			}
			for before := int64(-1); yielded == 0 && (before < decoded.Load() || before <= int64(workers)); time.Sleep(50 * time.Millisecond) {
				before = decoded.Load() // give the workers time to be ahead, and to do what they should not
			}
			most = max(most, decoded.Load()-yielded)
			yielded++
		}
		if yielded != int64(len(all)) || most > limit || most <= int64(workers) {
			t.Errorf("%d workers: %d records, up to %d ahead, limit %d", workers, yielded, most, limit)
		}
	}
}

// counted counts how often it is decoded.
type counted struct {
	annotation.AnnotationLayer
	decoded *atomic.Int64
}

func (c *counted) DecodeLex(d *lex.Decoder) {
	c.AnnotationLayer.DecodeLex(d)
	c.decoded.Add(1)
}

// TestDecodeCancel holds that decoding ends with its context also within a chunk, and with the context's error.
func TestDecodeCancel(t *testing.T) {
	r, err := repo.FromBytes(t.Context(), build(t, smallRecords(500), repo.OrderTree))
	if err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 3} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		decoded := atomic.Int64{}
		n, _, err := decodeAll(ctx, r, workers, notes(func() {
			if decoded.Add(1) == 5 {
				cancel()
			}
		}))
		if !errors.Is(err, context.Canceled) || n > 5+workers || decoded.Load() > int64(5+workers) {
			t.Errorf("%d workers: after %d records, %d decoded: %v", workers, n, decoded.Load(), err)
		}
	}
}
