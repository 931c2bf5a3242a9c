// Package readme holds the README's code against the compiler, and runs it.
package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// block returns the README's Go block of the given number.
func block(t *testing.T, number int) string {
	t.Helper()
	blocks := strings.Split(readFile(t, "README.md"), "```go\n")
	if len(blocks) <= number {
		t.Fatalf("the README has %d Go blocks", len(blocks)-1)
	}
	code, _, closed := strings.Cut(blocks[number], "```\n")
	if !closed {
		t.Fatalf("the README's Go block %d has no end", number)
	}
	return code
}

// writeFile writes a file that is not part of the module, but is compiled with what the module has.
func writeFile(t *testing.T, code string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestProgram runs the first block, which is to be a complete program.
func TestProgram(t *testing.T) {
	code := block(t, 1)
	if !strings.HasPrefix(code, "package main\n") {
		t.Fatal("the README's first Go block is no program")
	}
	file := writeFile(t, code)
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

// TestSnippet compiles and runs the second block, with what it leaves out around it.
func TestSnippet(t *testing.T) {
	file := writeFile(t, `package main

import (
	"fmt"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/runtime/lex"
)

func main() {
	body := []byte("{\"$type\":\"pub.layers.expression.expression\",\"id\":\"1\",\"kind\":\"document\",\"createdAt\":\"1985-04-12T23:20:50.123Z\"," +
		"\"anchor\":{\"textSpan\":{\"byteStart\":0,\"byteEnd\":-1}}}")
`+block(t, 2)+`	_, _ = block, err
}
`)
	out, err := exec.Command("go", "run", file).CombinedOutput()
	if want := "/anchor/textSpan/byteEnd: minimum: -1 is below the minimum of 0\n"; err != nil || string(out) != want {
		t.Errorf("%v, %s", err, out)
	}
}

// TestLinks looks for the files that documents link to.
func TestLinks(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`)
	for _, name := range []string{"README.md", "CONTRIBUTING.md", "DESIGN.md", "BENCHMARKS.md", "CHANGELOG.md"} {
		for _, match := range link.FindAllStringSubmatch(readFile(t, name), -1) {
			target := match[1]
			if strings.HasPrefix(target, "https://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
