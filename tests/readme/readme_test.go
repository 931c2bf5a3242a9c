// Package readme holds the README's program against the compiler, and runs it.
package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program returns the README's first Go block, which is to be a complete program.
func program(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "```go\n")
	code, _, closed := strings.Cut(rest, "```\n")
	if !found || !closed || !strings.HasPrefix(code, "package main\n") {
		t.Fatal("the README's first Go block is no program")
	}
	return code
}

func TestProgram(t *testing.T) {
	// The file is not part of the module, but is compiled with what the module has.
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "run", file, "../testdata/acceptance.car").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if want := "6 expressions, 233 failures, 2 unknown"; lines[len(lines)-1] != want {
		t.Errorf("the last line is %q, want %q", lines[len(lines)-1], want)
	}
	// 6 expressions, at least one issue for each failure, and the counts.
	if len(lines) < 6+233+1 {
		t.Errorf("only %d lines", len(lines))
	}
}
