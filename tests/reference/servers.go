package reference

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const logVariable = "LAYERS_REFERENCE_LOG"

const (
	startTimeout   = 2 * time.Minute
	commandTimeout = 3 * time.Minute
	stopTimeout    = 10 * time.Second
)

// Servers is a running PDS with its PLC directory. It is safe for concurrent use.
type Servers struct {
	PDS           string // origin of the PDS, such as http://localhost:40001, as in the accounts' DID documents
	PLC           string // origin of the directory, such as http://127.0.0.1:40002
	ServiceDID    string // the PDS's own DID, the audience of its tokens
	JWTSecret     string // the secret that signs the PDS's tokens (HS256)
	AdminPassword string // the password of the user "admin", for basic authentication

	dir    string // the directory of the servers' data; the servers remove it, too, in case this process is killed
	log    string // the path of the log file
	cmd    *exec.Cmd
	exited chan struct{}
	stop   func()

	mu      sync.Mutex // held during a command: there is one at a time
	stdin   io.WriteCloser
	answers chan answer // closed when the servers' output ends
}

// answer is a line that server.mjs writes when it has started, and as the answer to each command.
type answer struct {
	PDS, PLC, ServiceDID string
	Value                json.RawMessage
	Error                string
}

// Options are the settings of [StartWith]. The zero value starts the same servers as [Start].
type Options struct {
	// RateLimits makes the PDS count requests and send RateLimit-* headers.
	RateLimits bool
	// BlobLimit is the size in bytes of the largest blob that the PDS accepts; 0 means its default, 5 MiB.
	BlobLimit int64
	// SessionDocuments makes the PDS send the account's DID document with a session, as Bluesky's PDSes do.
	SessionDocuments bool
	// PLC is the origin of a directory to use; if it is empty, StartWith starts one.
	PLC string
}

// shared has the servers that [Start] returns, or the error of starting them.
var shared struct {
	sync.Mutex
	servers *Servers
	err     error
}

// Start returns the servers of this test process. The first call starts them. If there is no Node.js, or npm cannot
// install the servers, it skips the test, or fails it if CI=true is in the environment.
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

// StartWith starts a pair of servers for one test, and stops it at the test's end unless [Servers.Stop] has done so. It
// skips or fails the test as [Start] does.
func StartWith(t testing.TB, options Options) *Servers {
	t.Helper()
	s, err := start(options)
	if err != nil {
		fail(t, err)
	}
	t.Cleanup(s.Stop)
	return s
}

// Main runs the tests of a package and stops the servers that they started. It returns the exit status, for TestMain.
func Main(m interface{ Run() int }) int {
	status := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.servers != nil {
		shared.servers.Stop()
		shared.servers, shared.err = nil, errors.New("the reference servers have been stopped")
	}
	return status
}

func fail(t testing.TB, err error) {
	t.Helper()
	var u *unavailableError
	if errors.As(err, &u) && (os.Getenv("CI") != "true" || testing.Short()) {
		t.Skipf("skipped, since it runs against the reference servers (PDS and PLC directory, from npm): %v", err)
	}
	t.Fatalf("starting the reference servers: %v", err)
}

func start(options Options) (_ *Servers, err error) {
	if testing.Short() {
		return nil, unavailable("-short is given")
	}
	ctx, cancel := context.WithTimeout(context.Background(), installTimeout)
	defer cancel()
	in, err := install(ctx, announce)
	if err != nil {
		return nil, err
	}
	s := &Servers{
		JWTSecret:     rand.Text(),
		AdminPassword: rand.Text(),
		exited:        make(chan struct{}),
		answers:       make(chan answer),
	}
	s.stop = sync.OnceFunc(s.end)
	if s.dir, err = os.MkdirTemp("", "layers-reference-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(s.dir)
		}
	}()
	level := "warn"
	if s.log = os.Getenv(logVariable); s.log != "" {
		level = "info"
	} else {
		s.log = filepath.Join(s.dir, "log")
	}
	output, err := os.OpenFile(s.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer output.Close()

	s.cmd = exec.Command(in.node, in.script)
	s.cmd.Env = append(environment(), "LOG_ENABLED=true", "LOG_LEVEL="+level, "LOG_DESTINATION="+s.log)
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

	ready, err := s.say(startTimeout, map[string]any{
		"directory":        s.dir,
		"jwtSecret":        s.JWTSecret,
		"adminPassword":    s.AdminPassword,
		"rateLimits":       options.RateLimits,
		"blobLimit":        options.BlobLimit,
		"sessionDocuments": options.SessionDocuments,
		"plc":              options.PLC,
	})
	if err != nil {
		log := s.Log()
		s.Stop()
		return nil, fmt.Errorf("%w\n%s", err, tail([]byte(log)))
	}
	s.PDS, s.PLC, s.ServiceDID = ready.PDS, ready.PLC, ready.ServiceDID
	return s, nil
}

// read sends the answers in the servers' output to s.answers until the output ends, and then waits for the end of the
// process.
func (s *Servers) read(stdout io.Reader) {
	for lines := json.NewDecoder(stdout); ; {
		var a answer
		if lines.Decode(&a) != nil {
			break
		}
		s.answers <- a
	}
	close(s.answers)
	s.cmd.Wait()
	close(s.exited)
}

// say writes a request, as one line of JSON, to the servers' standard input, and returns the answer. If there is none
// within timeout, it kills the servers.
func (s *Servers) say(timeout time.Duration, request any) (answer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := json.NewEncoder(s.stdin).Encode(request); err != nil {
		return answer{}, fmt.Errorf("the servers have stopped: %w", err)
	}
	select {
	case a, ok := <-s.answers:
		switch {
		case !ok:
			return a, errors.New("the servers have stopped")
		case a.Error != "":
			return a, errors.New(a.Error)
		}
		return a, nil
	case <-time.After(timeout):
		s.cmd.Process.Kill() // a late answer would be taken for the next one's
		return answer{}, fmt.Errorf("the servers do not answer within %v", timeout)
	}
}

// command runs a command of server.mjs and decodes its value into out, unless that is nil.
func (s *Servers) command(t testing.TB, out any, request map[string]any) {
	t.Helper()
	a, err := s.say(commandTimeout, request)
	if err == nil && out != nil {
		err = json.Unmarshal(a.Value, out)
	}
	if err != nil {
		t.Fatalf("%v: %v", request, err)
	}
}

// Stop stops the servers and waits for their end. It is for tests with an unreachable server. Use it only for servers of
// [StartWith]: all tests share those of [Start].
func (s *Servers) Stop() { s.stop() }

func (s *Servers) end() {
	s.stdin.Close()
	go func() {
		for range s.answers { // nobody waits for them
		}
	}()
	select {
	case <-s.exited:
	case <-time.After(stopTimeout):
		s.cmd.Process.Kill()
		<-s.exited
	}
	os.RemoveAll(s.dir)
}

// Identity is an entry in the directory that [Servers.Identities] has made.
type Identity struct{ DID, Handle string }

// Identities adds count entries to the directory. It is faster than [Servers.Account], but the entries have no accounts:
// their DID documents name this PDS, which has no account for them and does not resolve their handles.
func (s *Servers) Identities(t testing.TB, count int) []Identity {
	t.Helper()
	var identities []Identity
	s.command(t, &identities, map[string]any{"command": "createDIDs", "count": count})
	return identities
}

// Log returns the servers' log so far: warnings and errors, or, if LAYERS_REFERENCE_LOG names a file, the content of that
// file, which has every request, too. After Stop, only that file still exists.
func (s *Servers) Log() string {
	data, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// environment returns the environment of this process without the variables that would make the servers use a proxy to
// reach each other.
func environment() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasSuffix(strings.ToLower(name), "_proxy")
	})
}
