package moduleproxy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/tests/moduleproxy"
)

// TestRun runs a command of the module in an empty directory.
func TestRun(t *testing.T) {
	environment := append(os.Environ(), moduleproxy.New(t, "../..")...)
	command := exec.CommandContext(t.Context(), "go", "run", moduleproxy.Module+"/cmd/layers@latest", "--version")
	command.Dir, command.Env = t.TempDir(), environment
	out, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "layers version "+moduleproxy.Version) {
		t.Errorf("%v: %s", err, out)
	}
	if left, _ := filepath.Glob(filepath.Join(command.Dir, "*")); len(left) > 0 {
		t.Errorf("files are left: %v", left)
	}
}
