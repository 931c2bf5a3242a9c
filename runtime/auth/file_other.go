//go:build windows || plan9

package auth

import (
	"io/fs"
	"os"
	"time"
)

// private reports true: who may read a file is not in its mode here. A file in the user's directories is the user's.
func private(fs.FileMode) bool { return true }

// rename replaces a file. It fails while another process has that open, which takes no longer than reading it.
func rename(from, to string) (err error) {
	for pause := time.Millisecond; pause < 2*time.Second; pause *= 2 {
		if err = os.Rename(from, to); err == nil {
			return nil
		}
		time.Sleep(pause)
	}
	return err
}

// syncDir does nothing: directories cannot be synced here.
func syncDir(string) error { return nil }
