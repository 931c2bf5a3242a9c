package boltstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"go.etcd.io/bbolt"

	"github.com/layers-pub/layers-go/internal/disk"
)

// The suffixes of files next to the store. To request a snapshot, a process creates a file with wantedSuffix. The
// process that has the store open renames that file so that it has writingSuffix, writes the snapshot to the file with
// snapshotSuffix, and removes the renamed file. So when neither of the first two files exists any more, the snapshot
// was begun after the request.
const (
	wantedSuffix   = ".wanted"
	writingSuffix  = ".writing"
	snapshotSuffix = ".snapshot"
)

// lookInterval is the interval at which each process looks for the files of the other.
const lookInterval = 100 * time.Millisecond

// servePatience is how long a reader waits for the process that has the store open to take up the request.
var servePatience = 5 * time.Second

// Snapshot writes the current state of the store to a file, which another process can open while this process keeps
// using the store. It does not block other calls of the store. It replaces the file at path once the new one is
// complete.
func (s *Store) Snapshot(path string) error {
	f, err := disk.NewPartial(path)
	if err != nil {
		return fmt.Errorf("boltstore: snapshot: %w", err)
	}
	defer f.Discard()
	err = s.db.View(func(tx *bbolt.Tx) error {
		_, err := tx.WriteTo(f)
		return err
	})
	if err == nil {
		err = f.Keep()
	}
	if err != nil {
		return fmt.Errorf("boltstore: snapshot: %w", err)
	}
	return nil
}

// ServeSnapshots writes a snapshot whenever another process waits for one in [OpenSnapshot]. When ctx ends, it removes
// the last snapshot and returns. It returns the first error in writing a snapshot, or nil.
func (s *Store) ServeSnapshots(ctx context.Context) error {
	defer os.Remove(s.path + snapshotSuffix)
	writing := s.path + writingSuffix
	os.Remove(writing) // left by a process that was killed
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := os.Rename(s.path+wantedSuffix, writing); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return fmt.Errorf("boltstore: snapshot: %w", err)
		}
		err := s.Snapshot(s.path + snapshotSuffix)
		if err != nil {
			os.Remove(s.path + snapshotSuffix) // it is an old snapshot
		}
		if err := errors.Join(err, os.Remove(writing)); err != nil {
			return err
		}
	}
}

// OpenSnapshot opens a store for reading, even if another process has it open for writing, provided that the other
// process runs [Store.ServeSnapshots]: then it opens a snapshot that was begun after the call. The error wraps
// [ErrInUse] if the other process does not respond within five seconds. When ctx ends, the error is its cause. Other
// errors are those of [OpenReadOnly].
func OpenSnapshot(ctx context.Context, path string) (*Store, error) {
	s, err := openReadOnly(path, time.Millisecond)
	if !errors.Is(err, ErrInUse) {
		return s, err
	}
	inUse, wanted := err, path+wantedSuffix
	if err := os.WriteFile(wanted, nil, 0o600); err != nil {
		return nil, fmt.Errorf("%w; a snapshot cannot be requested: %w", inUse, err)
	}
	for asked := time.Now(); ; {
		waiting, err := exists(wanted)
		if err != nil {
			return nil, err
		}
		if !waiting {
			if waiting, err = exists(path + writingSuffix); err != nil {
				return nil, err
			} else if !waiting {
				break
			}
		} else if time.Since(asked) > servePatience {
			os.Remove(wanted)
			return nil, inUse
		}
		// The other process may have ended.
		if s, err := openReadOnly(path, time.Millisecond); !errors.Is(err, ErrInUse) {
			os.Remove(wanted)
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lookInterval):
		}
	}
	s, err = openReadOnly(path+snapshotSuffix, lockTimeout)
	if errors.Is(err, fs.ErrNotExist) { // it could not be written, or the other process has just ended
		return openReadOnly(path, lockTimeout)
	}
	return s, err
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
