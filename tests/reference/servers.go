package reference

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	startTimeout   = 2 * time.Minute
	commandTimeout = 30 * time.Second
	stopTimeout    = 10 * time.Second
)

// Servers is a running PDS with its PLC directory. It is safe for concurrent use.
type Servers struct {
	PDS           string // origin of the PDS, such as http://localhost:40001, as accounts' documents name it
	PLC           string // origin of the directory, such as http://127.0.0.1:40002
	ServiceDID    string // the PDS's own DID, the audience of its tokens
	JWTSecret     string // signs the PDS's tokens (HS256)
	AdminPassword string // of the user "admin", with basic authentication

	log    string // file
	keep   bool   // the log
	cmd    *exec.Cmd
	exited chan struct{}

	mu    sync.Mutex // one command at a time
	stdin io.WriteCloser
	lines chan []byte // what the servers say; closed at the end
}

// Options are the settings of [StartWith]. The zero value starts what [Start] does.
type Options struct {
	// RateLimits makes the PDS count requests and send RateLimit-* headers.
	RateLimits bool
	// BlobLimit is the size in bytes of the largest blob that the PDS takes. 0: its default, 5 MiB.
	BlobLimit int64
	// PLC is the origin of a directory to use. "": one of its own.
	PLC string
}

// shared are the servers of the process.
var shared struct {
	sync.Mutex
	servers *Servers
	err     error
}

// Start returns the servers of this test process, and starts them the first time. It skips the test where there is no
// Node.js or where npm cannot install the servers, and fails it instead when CI=true is in the environment.
func Start(t testing.TB) *Servers {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.servers == nil && shared.err == nil {
		shared.servers, shared.err = start(Options{})
	}
	if shared.err != nil {
		fail(t, shared.err)
	}
	return shared.servers
}

// StartWith starts a pair of servers for one test and stops it at the test's end. It skips and fails as [Start] does.
func StartWith(t testing.TB, options Options) *Servers {
	t.Helper()
	s, err := start(options)
	if err != nil {
		fail(t, err)
	}
	t.Cleanup(s.stop)
	return s
}

// Main runs the tests of a package and stops the servers that they started. It returns the exit status, for TestMain.
func Main(m interface{ Run() int }) int {
	status := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.servers != nil {
		shared.servers.stop()
		shared.servers, shared.err = nil, errors.New("the reference servers have been stopped")
	}
	return status
}

func fail(t testing.TB, err error) {
	t.Helper()
	var u *unavailableError
	if errors.As(err, &u) && os.Getenv("CI") != "true" {
		t.Skipf("skipped, since it runs against the reference servers (PDS and PLC directory, from npm): %v", err)
	}
	t.Fatalf("starting the reference servers: %v", err)
}

func start(options Options) (_ *Servers, err error) {
	in, err := install()
	if err != nil {
		return nil, err
	}
	s := &Servers{
		JWTSecret:     rand.Text(),
		AdminPassword: rand.Text(),
		exited:        make(chan struct{}),
		lines:         make(chan []byte),
	}
	output, err := s.openLog()
	if err != nil {
		return nil, err
	}
	defer output.Close()

	s.cmd = exec.Command(in.node, in.script)
	s.cmd.Env = s.environment()
	s.cmd.Stderr = output // a file: the process that waits for this one's output does not wait for the servers'
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go s.read(stdout)

	answer, err := s.say(startTimeout, map[string]any{
		"jwtSecret":     s.JWTSecret,
		"adminPassword": s.AdminPassword,
		"rateLimits":    options.RateLimits,
		"blobLimit":     options.BlobLimit,
		"plc":           options.PLC,
	})
	if err != nil {
		log := s.Log()
		s.stop()
		return nil, fmt.Errorf("%w\n%s", err, tail([]byte(log)))
	}
	s.PDS, s.PLC, s.ServiceDID = answer.PDS, answer.PLC, answer.ServiceDID
	return s, nil
}

// answer is a line that the servers say.
type answer struct {
	PDS, PLC, ServiceDID string
	Value, Error         string
}

// read passes the servers' lines on, and waits for their end.
func (s *Servers) read(stdout io.Reader) {
	scanner := bufio.NewScanner(stdout)
	for scanner.Scan() {
		s.lines <- append([]byte(nil), scanner.Bytes()...)
	}
	close(s.lines)
	s.cmd.Wait()
	close(s.exited)
}

// say sends one line and returns the answer.
func (s *Servers) say(timeout time.Duration, request any) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var a answer
	if err := json.NewEncoder(s.stdin).Encode(request); err != nil {
		return a, fmt.Errorf("the servers have stopped: %w", err)
	}
	select {
	case line, ok := <-s.lines:
		if !ok {
			return a, errors.New("the servers have stopped")
		}
		if err := json.Unmarshal(line, &a); err != nil {
			return a, fmt.Errorf("the servers say %q: %w", line, err)
		}
	case <-time.After(timeout):
		return a, fmt.Errorf("the servers do not answer within %v", timeout)
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

// command runs a command of server.mjs and returns its value.
func (s *Servers) command(t testing.TB, name, did, value string) string {
	t.Helper()
	a, err := s.say(commandTimeout, map[string]string{"command": name, "did": did, "value": value})
	if err != nil {
		t.Fatalf("%s %s: %v", name, did, err)
	}
	return a.Value
}

// stop ends the servers and waits until they are gone.
func (s *Servers) stop() {
	s.stdin.Close()
	go func() {
		for range s.lines { // a late answer
		}
	}()
	select {
	case <-s.exited:
	case <-time.After(stopTimeout):
		s.cmd.Process.Kill()
		<-s.exited
	}
	if !s.keep {
		os.Remove(s.log)
	}
}

// Log returns what the servers have logged: warnings and errors, or every request when LAYERS_REFERENCE_LOG names a
// file.
func (s *Servers) Log() string {
	data, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

func (s *Servers) openLog() (*os.File, error) {
	s.log = os.Getenv("LAYERS_REFERENCE_LOG")
	s.keep = s.log != ""
	if s.keep {
		return os.OpenFile(s.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	}
	f, err := os.CreateTemp("", "layers-reference-*.log")
	if err == nil {
		s.log = f.Name()
	}
	return f, err
}

// environment is this process's, without what would make the servers use a proxy to reach each other.
func (s *Servers) environment() []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			env = append(env, v)
		}
	}
	level := "warn"
	if s.keep {
		level = "info"
	}
	return append(env, "LOG_ENABLED=true", "LOG_LEVEL="+level, "LOG_DESTINATION="+s.log)
}
