package boltstore_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// served is a store that is open for writing and gives snapshots.
func served(t *testing.T) (store *boltstore.Store, path string, end func()) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "store.db")
	store, err := boltstore.Open(path, boltstore.WithRecords())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- store.ServeSnapshots(ctx) }()
	end = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return store, path, end
}

func add(t *testing.T, s *boltstore.Store, key string) {
	t.Helper()
	if err := s.Apply(t.Context(), &follow.Batch{Changes: []*follow.Change{change(alice, notes, key, key)}}); err != nil {
		t.Error(err)
	}
}

func has(t *testing.T, s *boltstore.Store, key string) bool {
	t.Helper()
	_, ok, err := s.Record(alice, notes, syntax.RecordKey(key))
	if err != nil {
		t.Error(err)
	}
	return ok
}

// TestSnapshots checks that readers see all that was stored before they asked, however many they are, while the store is written.
func TestSnapshots(t *testing.T) {
	store, path, end := served(t)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 5 {
				key := fmt.Sprintf("%d-%d", i, n)
				add(t, store, key)
				snapshot, err := boltstore.OpenSnapshot(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				add(t, store, key+"-later")
				if !has(t, snapshot, key) || has(t, snapshot, key+"-later") {
					t.Errorf("%s: the snapshot is not of the time", key)
				}
				if err := snapshot.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	end()
	for _, suffix := range []string{".wanted", ".writing", ".snapshot"} {
		if _, err := os.Stat(path + suffix); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s remains: %v", suffix, err)
		}
	}
	last, err := boltstore.OpenSnapshot(t.Context(), path) // of the file itself
	if err != nil || !has(t, last, "3-4-later") {
		t.Fatal(err)
	}
	last.Close()
}

// TestSnapshotSlow checks that a reader waits for the snapshot that was begun after its wish, and does not take an old one for it.
func TestSnapshotSlow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	store, err := boltstore.Open(path, boltstore.WithRecords())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Snapshot(path + ".snapshot"); err != nil {
		t.Fatal(err)
	}
	add(t, store, "new")
	read := make(chan bool)
	go func() {
		defer close(read)
		snapshot, err := boltstore.OpenSnapshot(t.Context(), path)
		if err != nil {
			t.Error(err)
			return
		}
		if !has(t, snapshot, "new") {
			t.Error("the snapshot is an old one")
		}
		snapshot.Close()
	}()
	for os.Rename(path+".wanted", path+".writing") != nil {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond) // in which the reader looks more than once
	if err := store.Snapshot(path + ".snapshot"); err != nil {
		t.Error(err)
	}
	if err := os.Remove(path + ".writing"); err != nil {
		t.Error(err)
	}
	<-read
}

// TestSnapshotFaults checks what readers learn that get no snapshot.
func TestSnapshotFaults(t *testing.T) {
	defer boltstore.SetServePatience(300 * time.Millisecond)()
	path := filepath.Join(t.TempDir(), "store.db")
	if _, err := boltstore.OpenSnapshot(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	store, err := boltstore.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := boltstore.OpenSnapshot(t.Context(), path); !errors.Is(err, boltstore.ErrInUse) {
		t.Errorf("nobody answers: %v", err)
	}
	boltstore.SetServePatience(time.Minute)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("enough"))
	defer cancel()
	if _, err := boltstore.OpenSnapshot(ctx, path); err == nil || err.Error() != "enough" {
		t.Errorf("the context has ended: %v", err)
	}
	// A process that was killed left a file, and the next one is about to close the store.
	if err := os.WriteFile(path+".writing", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	go func() {
		time.Sleep(150 * time.Millisecond)
		closed <- store.Close()
	}()
	reader, err := boltstore.OpenSnapshot(t.Context(), path)
	if err := errors.Join(err, <-closed); err != nil {
		t.Fatal(err)
	}
	reader.Close()
	if _, err := os.Stat(path + ".wanted"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the wish remains: %v", err)
	}
}

// TestSnapshotUnwritable checks that a snapshot that cannot be written is an error for both sides, and no old one is taken for it.
func TestSnapshotUnwritable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	store, err := boltstore.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := os.Mkdir(path+".snapshot", 0o700); err != nil { // which no file can replace
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".snapshot/x", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- store.ServeSnapshots(t.Context()) }()
	_, err = boltstore.OpenSnapshot(t.Context(), path)
	if err == nil {
		t.Error("a reader gets a snapshot")
	}
	if err := <-served; err == nil {
		t.Error("the writer learns nothing")
	}
}
