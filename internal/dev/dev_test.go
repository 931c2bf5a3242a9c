package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestModules holds that no module of the repository is left out.
func TestModules(t *testing.T) {
	root := filepath.Join("..", "..")
	var found []string
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "node_modules" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if err == nil && entry.Name() == "go.mod" {
			name, _ := filepath.Rel(root, filepath.Dir(path))
			found = append(found, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := slices.Sorted(slices.Values(allModules))
	slices.Sort(found)
	if !slices.Equal(found, want) {
		t.Errorf("the modules are %v, and lint checks %v", found, want)
	}
}

// TestDocumented holds that CONTRIBUTING names each command, and none that does not exist.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, m := range regexp.MustCompile(`go run \./internal/dev ([a-z]+)`).FindAllStringSubmatch(string(text), -1) {
		named[m[1]] = true
	}
	for _, c := range commands {
		if !named[c.name] {
			t.Errorf("CONTRIBUTING does not name go run ./internal/dev %s", c.name)
		}
		delete(named, c.name)
	}
	if len(named) > 0 {
		t.Errorf("CONTRIBUTING names commands that do not exist: %v", named)
	}
}

// TestMisuse holds that a wrong command is an error.
func TestMisuse(t *testing.T) {
	for _, args := range [][]string{{"nonsense"}, {"lint", "x"}} {
		if err := run(args[0], args[1:]); err == nil || !strings.Contains(err.Error(), args[0]) {
			t.Errorf("%v: %v", args, err)
		}
	}
}
