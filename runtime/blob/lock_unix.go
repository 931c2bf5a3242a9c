//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package blob

import (
	"os"
	"syscall"
)

// openFilesMove says that a file can be renamed and removed while it is open.
const openFilesMove = true

// lock locks a file until it is closed, or the process ends, and does not wait: it returns errLocked if
// another process, or another open file of this one, has locked it, and another error where files cannot
// be locked, as in some that come over a network.
func lock(file *os.File) error {
	for {
		switch err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err {
		case syscall.EINTR:
		case syscall.EWOULDBLOCK:
			return errLocked
		default:
			return err
		}
	}
}

// openExisting opens a file, and neither waits for a pipe nor follows a link.
func openExisting(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
}
