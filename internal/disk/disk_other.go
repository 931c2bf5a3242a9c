//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || windows)

package disk

import (
	"errors"
	"os"
)

// openFilesMove says that a file can be renamed and removed while it is open.
const openFilesMove = false

// SyncsDirs says that SyncDir does something.
const SyncsDirs = false

// TryLock cannot lock files across processes here.
func TryLock(*os.File) (bool, error) { return false, errors.ErrUnsupported }

// SyncDir has nothing that it could do.
func SyncDir(string) error { return nil }

// Rename gives a file another name, and replaces the file that has it.
func Rename(from, to string) error { return os.Rename(from, to) }

func openExisting(string) (*os.File, error) { return nil, errors.ErrUnsupported }
