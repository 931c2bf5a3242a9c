package dependencies

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const maxLines = 2500

// TestSize holds that no hand-written package has more than 2,500 lines without its tests: a reader takes in no more.
func TestSize(t *testing.T) {
	root := filepath.Join("..", "..")
	lines := map[string]int{}
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "node_modules" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil || bytes.HasPrefix(source, []byte("// Code generated ")) {
			return err
		}
		name, err := filepath.Rel(root, filepath.Dir(path))
		lines[filepath.ToSlash(name)] += bytes.Count(source, []byte("\n"))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if lines["runtime/cid"] == 0 {
		t.Error("no lines of runtime/cid: this test looks in the wrong place")
	}
	for name, count := range lines {
		if count > maxLines {
			t.Errorf("%s has %d lines, maximum %d", name, count, maxLines)
		}
	}
}
