package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/tests/reference"
)

// TestLexgen does what the first section of docs/lexgen.md says, each command as it is written, from an empty directory to
// a record on the reference PDS.
func TestLexgen(t *testing.T) {
	checkout, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(readFile(t, "docs/lexgen.md"), "## From an empty module to a record on a PDS\n")
	if !found {
		t.Fatal("docs/lexgen.md lacks its first section")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	servers := reference.Start(t)
	account := servers.Account(t)
	directory := t.TempDir()
	environment := append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off", "LAYERS_ALLOW_PRIVATE=1", "LAYERS_PLC="+servers.PLC, "LAYERS_PDS="+servers.PDS, "LAYERS_PASSWORD="+account.AppPassword(t))
	var last string
	commands := 0
	parts := strings.Split(section, "```")
	for i := 1; i < len(parts); i += 2 {
		language, code, _ := strings.Cut(parts[i], "\n")
		if language == "go" {
			if err := os.WriteFile(filepath.Join(directory, "main.go"), []byte(code), 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		for line := range strings.Lines(code) {
			line = strings.ReplaceAll(line, "=../layers-go", "="+checkout)
			line = strings.ReplaceAll(line, "alice.example.com", account.Handle)
			fields := strings.Fields(line)
			command := exec.Command(fields[0], fields[1:]...)
			command.Dir, command.Env = directory, environment
			out, err := command.CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s", line, err, out)
			}
			last, commands = string(out), commands+1
		}
	}
	want := regexp.MustCompile(`at://` + account.DID + `/com\.example\.app\.note/[2-7a-z]{13} signed Hello\n$`)
	if commands != 7 || !want.MatchString(last) {
		t.Errorf("after %d commands, the last prints\n%s", commands, last)
	}
}
