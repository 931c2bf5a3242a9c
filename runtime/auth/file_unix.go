//go:build !windows && !plan9

package auth

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// private reports whether nobody but its owner can do anything with a file of this mode.
func private(mode fs.FileMode) bool { return mode.Perm()&0o077 == 0 }

func rename(from, to string) error { return os.Rename(from, to) }

// syncDir makes a rename in a directory last.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err // the others are of file systems that cannot, or need not
	}
	return nil
}
