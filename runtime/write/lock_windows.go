package write

import (
	"os"

	"golang.org/x/sys/windows"
)

// tryLock locks an open file, unless another has it locked: a byte far behind its content, since what is locked cannot
// be read. The lock goes with the file, or the process.
func tryLock(f *os.File) (bool, error) {
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

// syncDirectory has nothing to do: the system writes names by itself.
func syncDirectory(string) error { return nil }
