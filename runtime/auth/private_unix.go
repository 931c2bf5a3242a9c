//go:build !windows && !plan9

package auth

import "io/fs"

// private reports whether only the owner can access a file of this mode.
func private(mode fs.FileMode) bool { return mode.Perm()&0o077 == 0 }
