package readme

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKeep starts the demo with --keep and runs the commands that it prints, with the variables that it prints.
func TestKeep(t *testing.T) {
	t.Parallel()
	layers := filepath.Join(tools(t), "layers")
	keep := exec.CommandContext(t.Context(), layers, "demo", "--keep")
	var stdout watched
	keep.Stdout = &stdout
	if err := keep.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- keep.Wait() }()
	for !strings.Contains(stdout.String(), "\n    layers tail ") {
		select {
		case err := <-ended:
			t.Fatalf("%v\n%s", err, stdout.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
	_, printed, _ := strings.Cut(stdout.String(), "The network keeps running")
	environment, directory := os.Environ(), t.TempDir()
	commands := 0
	for line := range strings.Lines(printed) {
		line = strings.TrimSpace(line)
		if variable, ok := strings.CutPrefix(line, "export "); ok {
			environment = append(environment, variable)
		}
		if !strings.HasPrefix(line, "layers ") || strings.HasPrefix(line, "layers tail ") {
			continue
		}
		commands++
		command := exec.CommandContext(t.Context(), layers, strings.Fields(line)[1:]...)
		command.Dir, command.Env = directory, environment
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, out)
		}
	}
	if commands < 5 {
		t.Errorf("only %d commands in\n%s", commands, printed)
	}
	if err := keep.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-ended
	if status := keep.ProcessState.ExitCode(); status != 130 {
		t.Errorf("status %d", status)
	}
	_, session, _ := strings.Cut(printed, "LAYERS_AUTH_FILE=")
	session, _, _ = strings.Cut(session, "\n")
	if _, err := os.Stat(filepath.Dir(session)); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", filepath.Dir(session), err)
	}
}
