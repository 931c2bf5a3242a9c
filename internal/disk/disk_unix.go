//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package disk

import (
	"errors"
	"os"
	"syscall"
)

// openFilesMove reports whether a file can be renamed and removed while it is open.
const openFilesMove = true

// SyncsDirs reports whether SyncDir has an effect.
const SyncsDirs = true

// TryLock locks an open file, which unlike that of [Lock] may have content, and reports whether it did. It does not wait:
// it returns false if another process, or another open file of this one, holds the lock. The lock ends when the file is
// closed or the process ends. If the file system has no locks, TryLock returns the error of the file system.
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

// SyncDir syncs a directory, so that the names of new and renamed files in it survive a crash.
func SyncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := Sync(dir); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err // other errors come from file systems that cannot, or need not, sync directories
	}
	return nil
}

// Rename renames a file, and replaces an existing file called to.
func Rename(from, to string) error { return os.Rename(from, to) }

// openExisting opens a file. It neither waits for the other end of a named pipe nor follows a symbolic link.
func openExisting(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}
