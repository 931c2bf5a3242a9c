package disk

import (
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// openFilesMove reports whether a file can be renamed and removed while it is open.
const openFilesMove = false

// SyncsDirs reports whether SyncDir has an effect.
const SyncsDirs = false

// TryLock locks an open file, which unlike that of [Lock] may have content, and reports whether it did. It does not wait:
// it returns false if another process, or another open file of this one, holds the lock. The lock ends when the file is
// closed or the process ends. It covers a byte far beyond the content, since other processes cannot read locked bytes.
func TryLock(f *os.File) (bool, error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	switch err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 20}); err {
	case nil:
		return true, nil
	case windows.ERROR_LOCK_VIOLATION, windows.ERROR_IO_PENDING:
		return false, nil
	default:
		return false, os.NewSyscallError("LockFileEx", err)
	}
}

// SyncDir does nothing: the system itself writes names to the disk.
func SyncDir(string) error { return nil }

// Rename renames a file, and replaces an existing file called to. Renaming fails while another process has that file
// open, so Rename tries again for about 2 seconds, in which another process should have read the file.
func Rename(from, to string) (err error) {
	for pause := time.Millisecond; pause < 2*time.Second; pause *= 2 {
		if err = os.Rename(from, to); err == nil {
			return nil
		}
		time.Sleep(pause)
	}
	return err
}

func openExisting(name string) (*os.File, error) { return os.OpenFile(name, os.O_RDWR, 0) }
