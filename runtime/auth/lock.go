package auth

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The pauses between two attempts to get a lock.
const (
	firstPoll = time.Millisecond
	lastPoll  = 50 * time.Millisecond
)

// lock takes the lock that the file with this suffix stands for, and makes the directory that it is in. The lock
// goes with the process, however that ends. Lock files are never removed: another process may be waiting at one.
func (s *FileStore) lock(ctx context.Context, suffix string) (unlock func(), err error) {
	dir := filepath.Dir(s.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if s.own {
		if info, err := os.Stat(dir); err == nil && !private(info.Mode()) {
			if err := os.Chmod(dir, 0o700); err != nil {
				return nil, err
			}
		}
	}
	path := s.path + suffix
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for pause := firstPoll; ; pause = min(2*pause, lastPoll) {
		locked, err := tryLock(f)
		if locked {
			return func() { f.Close() }, nil
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

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
