package examples_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/atptest"
)

// run builds a program of this module and runs it on a network.
func run(t *testing.T, n *atptest.Network, name string, environment []string, arguments ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./"+name).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Env = append(append(os.Environ(), n.Environment()...), environment...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
	return string(out)
}

// TestPrograms annotates a sentence, and pulls the repository with that and with a broken record.
func TestPrograms(t *testing.T) {
	n := atptest.New(t)
	alice := n.NewAccount("alice.test")
	out := run(t, n, "annotate", []string{"LAYERS_PASSWORD=" + alice.NewAppPassword()}, "alice.test")
	if want := "The DET det cat\ncat NOUN nsubj sleeps\nsleeps VERB root -\n. PUNCT punct sleeps\n"; out != want {
		t.Errorf("annotate prints\n%s", out)
	}
	uri := alice.PutJSON("pub.layers.expression.expression", "3mbfvwaa2k222", `{"$type":"pub.layers.expression.expression","id":"2","createdAt":"2026-01-02T03:04:05Z"}`)
	out = run(t, n, "pull", nil, "alice.test")
	if want := string(uri) + ": /kind: required: required field is missing\n1 expressions, 1 failures, 0 unknown\n"; out != want {
		t.Errorf("pull prints\n%s", out)
	}
}

// TestShort holds the programs to the lengths that a reader takes in at once.
func TestShort(t *testing.T) {
	for name, most := range map[string]int{"annotate": 59, "pull": 39} {
		text, err := os.ReadFile(filepath.Join(name, "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Count(string(text), "\n"); lines > most {
			t.Errorf("%s has %d lines, maximum %d", name, lines, most)
		}
	}
}
