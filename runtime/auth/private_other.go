//go:build windows || plan9

package auth

import "io/fs"

// private always reports true: on these systems the mode of a file does not say who can read it. A file in the user's
// directories is assumed to be private.
func private(fs.FileMode) bool { return true }
