package repo_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"runtime"
	"testing"

	"github.com/layers-pub/layers-go/layers/annotation"
	"github.com/layers-pub/layers-go/layers/media"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
)

// TestEntries compares the entries and failures of collections with what decoding everything gives.
func TestEntries(t *testing.T) {
	archive, key := acceptance(t)
	r, err := repo.FromBytes(t.Context(), archive)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Verify(acceptanceDID, key); err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 4} {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(workers))
		entriesOf[annotation.AnnotationLayer](t, r)
		entriesOf[media.Media](t, r)
	}
}

func entriesOf[T any, P lex.RecordPointer[T]](t *testing.T, r *repo.Repo) {
	t.Helper()
	collection := P(new(T)).RecordType()
	var entries []rec.Entry[T]
	var failures []rec.Failure
	for d, err := range r.Decode(t.Context(), records.Lookup, nil) {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case d.Collection != collection:
		case d.Issues != nil:
			failures = append(failures, rec.Failure{Envelope: d.Envelope(), Issues: d.Issues})
		default:
			entries = append(entries, rec.Entry[T]{URI: d.URI(), CID: d.CID, Trust: rec.Signed, Value: d.Value.(P)})
		}
	}
	if len(entries) == 0 || len(failures) == 0 {
		t.Fatalf("%s: %d entries, %d failures: there is nothing to compare", collection, len(entries), len(failures))
	}
	var got []rec.Entry[T]
	var failed []rec.Failure
	for entry, err := range repo.Entries[T, P](t.Context(), r, nil) {
		failure, ok := errors.AsType[*rec.Failure](err)
		switch {
		case ok && entry == nil:
			failed = append(failed, *failure)
		case err != nil:
			t.Fatal(entry, err)
		default:
			got = append(got, *entry)
		}
	}
	if !reflect.DeepEqual(got, entries) || !reflect.DeepEqual(failed, failures) {
		t.Errorf("%s: %d entries and %d failures, want %d and %d", collection, len(got), len(failed), len(entries), len(failures))
	}
	// rec.DecodeAll gives the same.
	batch, err := rec.DecodeAll[T, P](t.Context(), r.Envelopes(t.Context()))
	if err != nil || !reflect.DeepEqual(batch.Entries, entries) || !reflect.DeepEqual(batch.Failures, failures) {
		t.Errorf("%s: DecodeAll: %d entries, %d failures, %v", collection, len(batch.Entries), len(batch.Failures), err)
	}
}

// TestEntriesEnd ends the loops: by the caller, by the context, and by an archive that is damaged in
// another collection.
func TestEntriesEnd(t *testing.T) {
	archive, _ := acceptance(t)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for _, workers := range []int{1, 2} {
		runtime.GOMAXPROCS(workers)
		for _, way := range ways {
			r, err := way.open(t.Context(), archive)
			if err != nil {
				t.Fatal(err)
			}
			for range repo.Entries[media.Media](t.Context(), r, nil) {
				break
			}
			for range r.Envelopes(t.Context()) {
				break
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for entry, err := range repo.Entries[media.Media](ctx, r, nil) {
				if entry != nil || !errors.Is(err, context.Canceled) {
					t.Errorf("%s: cancelled: %v, %v", way.name, entry, err)
				}
			}
			for e, err := range r.Envelopes(ctx) {
				if e.Data != nil || !errors.Is(err, context.Canceled) {
					t.Errorf("%s: cancelled: %v, %v", way.name, e, err)
				}
			}
		}
		at := bytes.Index(archive, []byte("pub.layers.persona.persona"))
		damaged := bytes.Clone(archive)
		damaged[at] ^= 1
		r, err := repo.Open(t.Context(), bytes.NewReader(damaged), int64(len(damaged)))
		if err != nil {
			t.Fatal(err)
		}
		var last error
		ended := 0
		for _, err := range repo.Entries[media.Media](t.Context(), r, nil) {
			if _, ok := errors.AsType[*rec.Failure](err); err != nil && !ok {
				last = err
				ended++
			}
		}
		if !errors.Is(last, car.ErrHash) || ended != 1 {
			t.Errorf("a damaged record of another collection: %d errors, %v", ended, last)
		}
		last = nil
		for _, err := range r.Envelopes(t.Context()) {
			last = err
		}
		if !errors.Is(last, car.ErrHash) {
			t.Errorf("a damaged record: %v", last)
		}
	}
}
