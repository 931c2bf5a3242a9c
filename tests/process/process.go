// Package process builds and runs programs for tests.
package process

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a program may take to respond after its start, and to end.
const patience = 2 * time.Minute

// Process is a running program. It is safe for concurrent use.
type Process struct {
	command *exec.Cmd
	exited  chan struct{}

	mu     sync.Mutex
	output bytes.Buffer
}

// Build builds the command in the package pkg and returns the path of the program. The module of the working directory
// must contain or require the package.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(pkg))
	if out, err := exec.Command("go", "build", "-o", path, pkg).CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", pkg, err, out)
	}
	return path
}

// Start starts the program at path, and kills it at the end of the test. It adds env to the environment of this process. If
// url is not empty, Start waits until that URL responds.
func Start(t testing.TB, url string, env []string, path string, args ...string) *Process {
	t.Helper()
	p := &Process{command: exec.Command(path, args...), exited: make(chan struct{})}
	p.command.Env = append(os.Environ(), env...)
	p.command.Stdout, p.command.Stderr = p, p
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		p.command.Wait()
	}()
	t.Cleanup(p.Kill)
	for deadline := time.Now().Add(patience); url != ""; time.Sleep(20 * time.Millisecond) {
		if r, err := http.Get(url); err == nil {
			r.Body.Close()
			break
		}
		select {
		case <-p.exited:
			t.Fatalf("%s ended:\n%s", path, p.Output())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s does not answer at %s:\n%s", path, url, p.Output())
		}
	}
	return p
}

// Write implements io.Writer for the program's output.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

// Output returns the end of the program's output.
// It has at most 4 KiB, and includes the standard error.
func (p *Process) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.output.Bytes()
	return string(b[max(0, len(b)-4<<10):])
}

// Exited returns a channel that is closed when the program has ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Stop sends SIGTERM to the program and waits for its end. It kills the program if that takes more than 2 minutes.
func (p *Process) Stop() {
	p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.Kill()
	}
}

// Kill kills the program and waits for its end.
func (p *Process) Kill() {
	p.command.Process.Kill()
	<-p.exited
}

// Address returns an address, "127.0.0.1:PORT", that nothing listens on.
func Address(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr())
}
