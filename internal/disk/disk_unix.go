//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package disk

import (
	"errors"
	"os"
	"syscall"
)

// openFilesMove says that a file can be renamed and removed while it is open.
const openFilesMove = true

// SyncsDirs says that SyncDir does something.
const SyncsDirs = true

// TryLock locks an open file and reports whether it has: it does not wait when another process, or another open
// file of this one, has it locked. The lock goes with the file, or the process. Where files cannot be locked the
// error is errors.ErrUnsupported, or that of the file system.
func TryLock(f *os.File) (bool, error) {
	for {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err {
		case nil:
			return true, nil
		case syscall.EWOULDBLOCK:
			return false, nil
		case syscall.EINTR:
		default:
			return false, os.NewSyscallError("flock", err)
		}
	}
}

// SyncDir makes the names of new and renamed files in a directory last.
func SyncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := Sync(dir); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err // the others are of file systems that cannot, or need not
	}
	return nil
}

// Rename gives a file another name, and replaces the file that has it.
func Rename(from, to string) error { return os.Rename(from, to) }

// openExisting opens a file, and neither waits for a pipe nor follows a link.
func openExisting(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}
