//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package blob

import (
	"errors"
	"os"
)

// openFilesMove says that a file can be renamed and removed while it is open.
const openFilesMove = false

// lock says that this package does not lock files on these systems.
func lock(*os.File) error { return errors.ErrUnsupported }

func openExisting(string) (*os.File, error) { return nil, errors.ErrUnsupported }
