package auth_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/xrpc"
	"github.com/layers-pub/layers-go/tests/reference"
)

const childVariable = "LAYERS_AUTH_TEST_CHILD"

// TestMain lets the test binary be another process that uses the same store, too.
func TestMain(m *testing.M) {
	if task := os.Getenv(childVariable); task != "" {
		if err := child(task, os.Args[1]); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(reference.Main(m))
}

// child is a process that uses the store at path.
func child(task, path string) error {
	ctx := context.Background()
	o, err := realOptions(path)
	if err != nil {
		return err
	}
	c, err := auth.Resume(ctx, "", o.options()...)
	if err != nil {
		return err
	}
	switch task {
	case "call": // when all are there
		fmt.Println("ready")
		if _, err := os.Stdin.Read(make([]byte, 1)); err != nil {
			return err
		}
		return whoami(ctx, c)
	case "renew": // until it is killed
		for {
			if err := c.Renew(ctx); err != nil {
				return err
			}
			fmt.Println("renewed")
		}
	}
	return errors.New("unknown task")
}

// realOptions are of a real network and a real store.
func realOptions(path string) (*settings, error) {
	store, err := auth.OpenStore(path)
	return &settings{Network: network.Network{AllowPrivate: true}, Store: store, XRPC: []xrpc.Option{xrpc.WithPace(0, 0)}}, err
}

// startChild starts a process that does a task, and returns it with its output.
func startChild(t *testing.T, task, path string) (cmd *exec.Cmd, lines *bufio.Scanner, start func()) {
	t.Helper()
	cmd = exec.Command(os.Args[0], path)
	cmd.Env = append(os.Environ(), childVariable+"="+task)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(stdout), func() { fmt.Fprintln(stdin) }
}

// checkProcesses lets several processes call at once with a session that has ended.
func checkProcesses(t *testing.T, path string) {
	t.Helper()
	var children []*exec.Cmd
	var starts []func()
	for range 3 {
		cmd, lines, start := startChild(t, "call", path)
		if !lines.Scan() || lines.Text() != "ready" {
			t.Fatalf("a process says %q", lines.Text())
		}
		children, starts = append(children, cmd), append(starts, start)
	}
	for _, start := range starts {
		start()
	}
	for _, cmd := range children {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

// checkKills kills processes that do nothing but renew the session, and looks each time at what is left. inFlight
// tells that the server is answering a renewal.
func checkKills(t *testing.T, path string, kills int, inFlight <-chan struct{}) {
	t.Helper()
	for i := range kills {
		cmd, lines, _ := startChild(t, "renew", path)
		for range rand.IntN(3) {
			if !lines.Scan() || lines.Text() != "renewed" {
				t.Fatalf("process %d says %q", i, lines.Text())
			}
		}
		switch {
		case i%2 == 0: // at any time
			time.Sleep(rand.N(8 * time.Millisecond))
		default: // while a new session is on its way, or being written
			for len(inFlight) > 0 {
				<-inFlight
			}
			<-inFlight
			time.Sleep(rand.N(500 * time.Microsecond))
		}
		cmd.Process.Kill()
		cmd.Wait()

		o, err := realOptions(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := auth.Resume(t.Context(), "", o.options()...)
		if err != nil {
			t.Fatalf("after kill %d: %v", i, err)
		}
		if err := whoami(t.Context(), c); err != nil {
			t.Fatalf("after kill %d: %v", i, err)
		}
		if i%5 == 0 {
			if err := c.Renew(t.Context()); err != nil {
				t.Fatalf("after kill %d: %v", i, err)
			}
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) > 4 { // the store, two locks, and one that a crash has left
		t.Errorf("%v, %v", entries, err)
	}
}

// tee passes on to a handler, and tells of renewals when they have been answered.
func tee(h http.Handler, inFlight chan<- struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		if strings.HasSuffix(r.URL.Path, refreshSession) {
			w.(http.Flusher).Flush()
			select {
			case inFlight <- struct{}{}:
			default:
			}
		}
	})
}

func newRealFake(t *testing.T) (f *fake, path string, inFlight chan struct{}) {
	t.Helper()
	f = newFake()
	f.graceful = true
	inFlight = make(chan struct{}, 1)
	server := httptest.NewServer(tee(f, inFlight))
	t.Cleanup(server.Close)
	path = filepath.Join(t.TempDir(), "auth.json")
	o, err := realOptions(path)
	if err != nil {
		t.Fatal(err)
	}
	o.Issuer = server.URL
	login(t, o)
	return f, path, inFlight
}

func TestProcesses(t *testing.T) {
	f, path, _ := newRealFake(t)
	f.expire()
	checkProcesses(t, path)
	checkCount(t, f, refreshSession, 1)
}

func TestKill(t *testing.T) {
	_, path, inFlight := newRealFake(t)
	kills := 20
	if testing.Short() {
		kills = 4
	}
	checkKills(t, path, kills, inFlight)
}

// A process that is killed when the server has renewed the session, and before it knows, leaves a spent refresh token
// in the store; the lock goes with the process. The server's period of grace saves the session.
func TestKillAfterRotation(t *testing.T) {
	f, path, _ := newRealFake(t)
	release, rotated := make(chan struct{}), make(chan struct{}, 1)
	f.set(func(w http.ResponseWriter, r *http.Request, method string) bool {
		if method == refreshSession {
			f.mu.Lock()
			f.spent[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] = true
			f.grant(w)
			f.mu.Unlock()
			rotated <- struct{}{}
			<-release
		}
		return method == refreshSession
	})
	cmd, _, _ := startChild(t, "renew", path)
	<-rotated
	cmd.Process.Kill()
	cmd.Wait()
	f.set(nil)
	close(release)
	f.expire()
	// Half a file that another has left is no harm, either.
	if err := os.WriteFile(path+".tmp", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := realOptions(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := auth.Resume(t.Context(), "", o.options()...)
	if err != nil {
		t.Fatal(err)
	}
	if _, refresh := c.Session().Tokens(); refresh == f.refresh {
		t.Error("the process knew of the new session")
	}
	mustCall(t, c)
	if _, err := os.Stat(path + ".tmp"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
