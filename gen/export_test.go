package gen

import (
	"testing"
)

// For the tests of this package.
var (
	FindExports   = findExports
	TypeCheckWith = typeCheck
)

// SetRename replaces the function that renames files for one test.
func SetRename(t *testing.T, f func(from, to string) error) {
	before := rename
	rename = f
	t.Cleanup(func() { rename = before })
}
