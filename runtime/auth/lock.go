package auth

import (
	"context"
	"os"
	"path/filepath"

	"github.com/layers-pub/layers-go/internal/disk"
)

// lock locks the lock file whose path is that of the store followed by suffix; it waits until ctx ends, and creates the
// directory if necessary. The system releases the lock when the process ends, however it ends. Lock files are never
// removed, since another process may be waiting for one.
func (s *FileStore) lock(ctx context.Context, suffix string) (unlock func(), err error) {
	dir := filepath.Dir(s.path)
	if err := disk.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if s.own {
		if info, err := os.Stat(dir); err == nil && !private(info.Mode()) {
			if err := os.Chmod(dir, 0o700); err != nil {
				return nil, err
			}
		}
	}
	f, err := disk.Lock(ctx, s.path+suffix)
	if err != nil {
		return nil, err
	}
	return func() { f.Close() }, nil
}
