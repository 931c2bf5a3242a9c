//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package disk

import (
	"errors"
	"os"
)

// openFilesMove reports whether a file can be renamed and removed while it is open.
const openFilesMove = false

// SyncsDirs reports whether SyncDir has an effect.
const SyncsDirs = false

// TryLock returns errors.ErrUnsupported: this system cannot lock files across processes.
func TryLock(*os.File) (bool, error) { return false, errors.ErrUnsupported }

// SyncDir does nothing: this system cannot sync directories.
func SyncDir(string) error { return nil }

// Rename renames a file, and replaces an existing file called to.
func Rename(from, to string) error { return os.Rename(from, to) }

func openExisting(string) (*os.File, error) { return nil, errors.ErrUnsupported }
