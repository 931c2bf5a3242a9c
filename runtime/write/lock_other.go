//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package write

import (
	"errors"
	"os"
)

// tryLock cannot lock files across processes here.
func tryLock(*os.File) (bool, error) { return false, errors.ErrUnsupported }

// syncDirectory has nothing that it could do.
func syncDirectory(string) error { return nil }
