//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package auth

import (
	"errors"
	"os"
)

// tryLock cannot lock files across processes here.
func tryLock(*os.File) (bool, error) { return false, errors.ErrUnsupported }
