package gen

import (
	"testing"

	"github.com/layers-pub/layers-go/gen/emit"
)

// For the tests of this package.
var (
	FindExports = findExports
	TypeCheck   = typeCheck
	// SourceAndLock is Source, with the name lock.
	SourceAndLock = source
)

// NewOutput returns an output of files that were not checked.
func NewOutput(directories []string, files ...emit.File) *Output {
	return &Output{Files: files, directories: directories}
}

// SetRename replaces the function that renames files for one test.
func SetRename(t *testing.T, f func(from, to string) error) {
	before := rename
	rename = f
	t.Cleanup(func() { rename = before })
}
