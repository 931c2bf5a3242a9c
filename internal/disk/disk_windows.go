package disk

import (
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// openFilesMove says that a file can be renamed and removed while it is open.
const openFilesMove = false

// SyncsDirs says that SyncDir does something.
const SyncsDirs = false

// TryLock locks an open file and reports whether it has: it does not wait when another process, or another open
// file of this one, has it locked. The lock goes with the file, or the process. It is on a byte far behind the
// content, since what is locked cannot be read.
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

// SyncDir has nothing to do: the system writes names by itself.
func SyncDir(string) error { return nil }

// Rename gives a file another name, and replaces the file that has it. That fails while another process has it
// open, which should take no longer than reading it.
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
