// Package disk helps to write files so that a crash at any time leaves the old state or the new one. It has locks that
// end with their process, files that appear under their name only when they are complete, and functions that sync
// directories, so that file names survive a crash, too.
//
//	p, err := disk.NewPartial("story.mp3")
//	if err != nil {
//		return err
//	}
//	defer p.Discard()
//	if _, err := io.Copy(p, source); err != nil {
//		return err
//	}
//	return p.Keep()
package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
)

// lockPause is the pause between two attempts to get a lock.
const lockPause = 10 * time.Millisecond

// Lock locks the file at path, and waits for the lock until ctx ends. If the file does not exist, Lock creates it,
// accessible only to its owner. The lock lasts until it is closed, or the process ends or is killed. The file should
// have no content, since other processes cannot read locked content on Windows. It must not be removed: another process
// may be waiting for its lock.
//
// Where files cannot be locked across processes, the error wraps errors.ErrUnsupported.
func Lock(ctx context.Context, path string) (io.Closer, error) {
	lock := flock.New(path, flock.SetFlag(os.O_RDWR|os.O_CREATE), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, lockPause); err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return lock, nil
}

// observer is the function that [Observe] has set, or nil.
var observer atomic.Pointer[func(*os.File)]

// Observe makes each successful [Sync] in this process, also of a directory, call observe with the open file. It is for
// package disktest, which determines what a crash would leave.
func Observe(observe func(*os.File)) { observer.Store(&observe) }

// Sync writes the content of f to the disk and returns when that is done. Use it instead of f.Sync for all files that must
// survive a crash, so that tests can observe it.
func Sync(f *os.File) error {
	if err := f.Sync(); err != nil {
		return err
	}
	if observe := observer.Load(); observe != nil {
		(*observe)(f)
	}
	return nil
}

// MkdirAll creates a directory and its parents, like [os.MkdirAll], and syncs the names of those that it created, so
// that they survive a crash.
func MkdirAll(path string, perm fs.FileMode) error {
	path = filepath.Clean(path)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	if parent := filepath.Dir(path); parent != path {
		if err := MkdirAll(parent, perm); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, perm); err != nil {
		if info, problem := os.Stat(path); problem == nil && info.IsDir() && errors.Is(err, fs.ErrExist) {
			return nil // another process was faster
		}
		return err
	}
	return SyncDir(filepath.Dir(path))
}
