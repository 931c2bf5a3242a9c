// Package disk has what it takes to write files so that a crash at any time leaves the old state or the new one:
// locks that end with their process, files that get their name when they are whole, and names that last.
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
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// The pauses between two attempts to get a lock.
const (
	firstPause = time.Millisecond
	lastPause  = 50 * time.Millisecond
)

// Lock locks the file at path, which is made, readable for its owner alone, if it is not there, and waits for the
// lock until ctx ends. The lock lasts until the returned file is closed or its process ends, however that happens.
// The file must not be removed: another process may be waiting at it.
//
// Where files cannot be locked across processes the error is errors.ErrUnsupported.
func Lock(ctx context.Context, path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		locked, err := TryLock(f)
		if locked {
			return f, nil
		}
		if err == nil {
			err = wait(ctx, pause)
		}
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
	}
}

func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// observer is what [Observe] set.
var observer atomic.Pointer[func(*os.File)]

// Observe has observe called after each successful [Sync] in this process, also of directories, with the open file. It is
// for tests that find out what a crash would leave: package disktest.
func Observe(observe func(*os.File)) { observer.Store(&observe) }

// Sync returns when the content of f is on the disk. All files that have to survive a crash go through it, so that tests
// can tell which did.
func Sync(f *os.File) error {
	if err := f.Sync(); err != nil {
		return err
	}
	if observe := observer.Load(); observe != nil {
		(*observe)(f)
	}
	return nil
}

// MkdirAll makes a directory and those above it as [os.MkdirAll] does, and makes the names of those that it made last.
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
