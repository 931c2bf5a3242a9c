package reference_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/tests/reference"
)

// The lockfiles work with any registry: they name none. They pin what package.json asks for.
func TestLockfile(t *testing.T) {
	for dir, least := range map[string]int{".": 100, "lex": 50} {
		var project struct{ Dependencies map[string]string }
		var lock struct {
			Packages map[string]struct{ Version, Resolved, Integrity string }
		}
		for name, out := range map[string]any{"package.json": &project, "package-lock.json": &lock} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err == nil {
				err = json.Unmarshal(data, out)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(lock.Packages) < least {
			t.Fatalf("%s: the lockfile has %d packages", dir, len(lock.Packages))
		}
		for name, p := range lock.Packages {
			if p.Resolved != "" {
				t.Errorf("%s: %s: the lockfile names an address: %s", dir, name, p.Resolved)
			}
			if name != "" && p.Integrity == "" {
				t.Errorf("%s: %s: the lockfile has no hash", dir, name)
			}
		}
		for name, version := range project.Dependencies {
			if got := lock.Packages["node_modules/"+name].Version; got != version {
				t.Errorf("%s: %s: the lockfile has %s, package.json asks for %s", dir, name, got, version)
			}
		}
	}
}

// TestChild does nothing by itself. The tests below run it as another process: it starts the servers and waits.
func TestChild(t *testing.T) {
	if os.Getenv("REFERENCE_CHILD") == "" {
		return
	}
	servers := reference.Start(t)
	fmt.Printf("PDS %s\n", servers.PDS)
	os.Stdin.Read(make([]byte, 1))
}

// child runs TestChild with variables of the environment replaced.
func child(t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run=^TestChild$", "-test.v", "-test.timeout=2m")
	cmd.Env = append(append(os.Environ(), "REFERENCE_CHILD=1"), env...)
	return cmd
}

func run(cmd *exec.Cmd) (output string, err error) {
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestUnavailable(t *testing.T) {
	empty := t.TempDir()
	for _, test := range []struct {
		name string
		path string
		want string
	}{
		{"no Node", empty, "Node.js is not installed: no node on the PATH"},
		{"no npm", tools(t, "exit 0", ""), "npm is not installed: no npm on the PATH"},
		{"old Node", tools(t, "echo 18.20.1-108-linux-x64", "exit 0"), "Node.js is too old: 18.20.1"},
		{"broken Node", tools(t, "exit 3", "exit 0"), "node does not run: exit status 3"},
		{"npm fails", tools(t, "echo 20.1.2-115-linux-x64", "echo no network; exit 1"),
			"npm could not install them (exit status 1; no network?)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cache := t.TempDir()
			env := []string{"PATH=" + test.path, cacheVariable(t) + "=" + cache}
			out, err := run(child(t, append(env, "CI=")...))
			if err != nil || !strings.Contains(out, "--- SKIP: TestChild") || !strings.Contains(out, test.want) ||
				!strings.Contains(out, "skipped, since it runs against the reference servers") {
				t.Errorf("without CI: %v\n%s", err, out)
			}
			out, err = run(child(t, append(env, "CI=true")...))
			if err == nil || !strings.Contains(out, "--- FAIL: TestChild") || !strings.Contains(out, test.want) {
				t.Errorf("with CI=true: %v\n%s", err, out)
			}
			if dirs, _ := filepath.Glob(filepath.Join(cache, "*", "reference-*")); len(dirs) != 0 {
				t.Errorf("left behind: %s", dirs)
			}
		})
	}
}

// Servers that are installed and do not start are a failure, with or without CI.
func TestBroken(t *testing.T) {
	node := `case "$1" in -p) echo 20.1.2-115-linux-x64;; *) echo "no such module" >&2; exit 1;; esac`
	out, err := run(child(t, "PATH="+tools(t, node, "exit 0"), cacheVariable(t)+"="+t.TempDir(), "CI="))
	if err == nil || !strings.Contains(out, "--- FAIL: TestChild") || !strings.Contains(out, "no such module") {
		t.Errorf("%v\n%s", err, out)
	}
}

// Processes that start together install once. One that was killed while it installed leaves nothing that is taken for
// an installation.
func TestInstallOnce(t *testing.T) {
	cache, log := t.TempDir(), filepath.Join(t.TempDir(), "log")
	env := func(npm string) []string {
		node := `case "$1" in
			-p) echo 20.1.2-115-linux-x64;;
			*)  read line; echo started >>` + log + `; echo "{}"; cat;;
		esac`
		return []string{"PATH=" + tools(t, node, npm), cacheVariable(t) + "=" + cache, "CI=true"}
	}

	killed := child(t, env("mkdir node_modules; echo begun >>"+log+"; exec sleep 100")...)
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return count(log, "begun") == 1 })
	killed.Process.Kill()
	killed.Wait()
	installed := func() int {
		dirs, _ := filepath.Glob(filepath.Join(cache, "layers-go", "reference-????????????????"))
		return len(dirs)
	}
	if n := installed(); n != 0 {
		t.Fatal("what is left of an installation is taken for one")
	}
	stale, _ := filepath.Glob(filepath.Join(cache, "layers-go", "*.tmp-*"))
	if len(stale) != 1 {
		t.Fatalf("left behind: %s", stale)
	}
	hourAgo := time.Now().Add(-time.Hour)
	if err := os.Chtimes(stale[0], hourAgo, hourAgo); err != nil {
		t.Fatal(err)
	}

	complete := env("mkdir node_modules; sleep 0.2; echo installed >>" + log)
	var wg sync.WaitGroup
	for range 4 {
		cmd := child(t, complete...)
		wg.Go(func() { cmd.Run() })
	}
	wg.Wait()
	if n := count(log, "installed"); n != 1 || installed() != 1 {
		t.Errorf("npm ran %d times", n)
	}
	if n := count(log, "started"); n != 4 {
		t.Errorf("%d processes started servers, want 4", n)
	}
	if left, _ := filepath.Glob(filepath.Join(cache, "layers-go", "*.tmp-*")); len(left) != 0 {
		t.Errorf("left behind: %s", left)
	}
}

// A test process that is killed leaves no servers and no files behind.
func TestKilled(t *testing.T) {
	reference.Start(t) // skips where there are no servers
	tmp := t.TempDir()
	cmd := child(t, "TMPDIR="+tmp, "LAYERS_REFERENCE_LOG=")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var address string
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if origin, ok := strings.CutPrefix(lines.Text(), "PDS "); ok {
			u, err := url.Parse(origin)
			if err != nil {
				t.Fatal(err)
			}
			address = u.Host
			break
		}
	}
	answers := func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	}
	data := func() []string {
		dirs, _ := filepath.Glob(filepath.Join(tmp, "layers-reference-*"))
		return dirs
	}
	if !answers() || len(data()) != 1 {
		t.Fatalf("no server at %q with its data in %s", address, data())
	}
	cmd.Process.Kill()
	cmd.Wait()
	eventually(t, func() bool { return !answers() && len(data()) == 0 })
}

// tools makes a directory with shell scripts for node and npm, and nothing else but what they need. "": none.
func tools(t *testing.T, node, npm string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs shell scripts")
	}
	dir := t.TempDir()
	for name, script := range map[string]string{"node": node, "npm": npm} {
		if script == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"cat", "mkdir", "sleep"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skip(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// cacheVariable names the variable that moves os.UserCacheDir.
func cacheVariable(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "darwin" {
		return "HOME"
	}
	return "XDG_CACHE_HOME"
}

func count(path, line string) int {
	data, _ := os.ReadFile(path)
	return strings.Count(string(data), line+"\n")
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it has not come about within a minute")
		}
	}
}
