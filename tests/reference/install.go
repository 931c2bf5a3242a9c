package reference

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	//go:embed package.json
	packageJSON []byte
	//go:embed package-lock.json
	lockfile []byte
	//go:embed server.mjs
	script []byte
	//go:embed lex/package.json
	lexJSON []byte
	//go:embed lex/package-lock.json
	lexLock []byte
)

// bundle is a set of npm packages that are installed together.
type bundle struct {
	name              string // the beginning of the name of its directory in the cache; a hash follows
	what              string // a description for messages, with %s for the directory
	packages, lock    []byte // package.json and package-lock.json
	dependsOnPlatform bool   // whether installing it compiles a package for the platform
}

var (
	servers = bundle{"reference", "the reference servers (PDS and PLC directory) from npm into %s: 250 MB, once, some minutes", packageJSON, lockfile, true}
	lex     = bundle{"lex", "the lexicon tools from npm into %s: 25 MB, once", lexJSON, lexLock, false}
)

const (
	oldestNode = 20
	// installTimeout is how long tests wait for an installation. It is less than the ten minutes that go test allows for
	// all tests of a package. [Install] has no such limit.
	installTimeout = 6 * time.Minute
	// staleAfter is the age after which an unfinished installation is taken for one that was killed.
	staleAfter = time.Hour
	logTail    = 4 << 10
)

// installation has the paths of node and of the script that starts the servers.
type installation struct{ node, script string }

// unavailableError says why the servers cannot be installed on this machine. Tests skip on such an error, unless CI=true is
// in the environment, and fail on any other error.
type unavailableError struct{ reason string }

func (e *unavailableError) Error() string { return e.reason }

func unavailable(format string, args ...any) error {
	return &unavailableError{fmt.Sprintf(format, args...)}
}

// Install installs the servers and the lexicon tools into the cache, unless they are there already, and writes to log
// what it does. It stops when ctx ends.
func Install(ctx context.Context, log io.Writer) error {
	say := func(text string) { fmt.Fprintln(log, text) }
	in, err := install(ctx, say)
	if err != nil {
		return err
	}
	say("the reference servers are in " + filepath.Dir(in.script))
	_, tools, err := lex.install(ctx, say)
	if err == nil {
		say("the lexicon tools are in " + tools)
	}
	return err
}

// Lex returns the path of node, and the directory whose node_modules has the lexicon tools of the AT Protocol, the npm
// package @atproto/lex with its installer. It installs them unless they are there already. If that is not possible, it
// skips the test, or fails it if CI=true is in the environment.
func Lex(t testing.TB) (node, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), installTimeout)
	defer cancel()
	node, dir, err := lex.install(ctx, announce)
	if err == nil && testing.Short() {
		err = unavailable("-short is given")
	}
	if err != nil {
		fail(t, err)
	}
	return node, dir
}

// announce writes text, which says what a test is waiting for, to standard error. The go command may hold back the output
// of tests, so announce also writes to the terminal if there is one.
func announce(text string) {
	fmt.Fprintln(os.Stderr, text)
	if terminal, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0); err == nil {
		fmt.Fprintln(terminal, text)
		terminal.Close()
	}
}

// install finds Node.js, and installs the servers and their script into the cache unless they are there. Before it installs
// the servers, it calls say with a text for the user.
func install(ctx context.Context, say func(string)) (installation, error) {
	node, dir, err := servers.install(ctx, say)
	if err != nil {
		return installation{}, err
	}
	// The script finds its packages beside itself.
	path := filepath.Join(dir, "server-"+hash(script)+".mjs")
	if !exists(path) {
		if err := writeFile(path, script); err != nil {
			return installation{}, err
		}
	}
	return installation{node: node, script: path}, nil
}

// install finds Node.js, and installs the packages into the cache unless they are there. It returns the path of node and
// the directory of the packages.
func (b *bundle) install(ctx context.Context, say func(string)) (node, dir string, err error) {
	if node, err = exec.LookPath("node"); err != nil {
		return "", "", unavailable("Node.js is not installed: no node on the PATH")
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", "", unavailable("npm is not installed: no npm on the PATH")
	}
	platform, err := nodePlatform(node)
	if err != nil {
		return "", "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", "", err
	}
	parts := [][]byte{b.packages, b.lock}
	if b.dependsOnPlatform {
		parts = append(parts, []byte(platform))
	}
	dir = filepath.Join(cache, b.name+"-"+hash(parts...))
	if !exists(dir) {
		err = b.installInto(ctx, say, npm, cache, dir)
	}
	return node, dir, err
}

// nodePlatform returns the properties of Node.js and the system that a compiled package depends on, such as
// "115-linux-x64". It fails if Node.js is older than version 20.
func nodePlatform(node string) (string, error) {
	const program = `[process.versions.node, process.versions.modules, process.platform, process.arch].join("-")`
	out, err := exec.Command(node, "-p", program).Output()
	if err != nil {
		return "", unavailable("node does not run: %v", err)
	}
	version, platform, _ := strings.Cut(strings.TrimSpace(string(out)), "-")
	number, _, _ := strings.Cut(version, ".")
	if major, err := strconv.Atoi(number); err != nil || major < oldestNode {
		return "", unavailable("Node.js is too old: %s, and the servers need %d", version, oldestNode)
	}
	return platform, nil
}

func cacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil { // no home directory
		base = os.TempDir()
	}
	dir := filepath.Join(base, "layers-go")
	return dir, os.MkdirAll(dir, 0o755)
}

// installInto runs npm in a temporary directory and renames it to dir when npm is done, so that dir is never incomplete.
// Other processes that install at the same time wait.
func (b *bundle) installInto(ctx context.Context, say func(string), npm, cache, dir string) error {
	say("installing " + fmt.Sprintf(b.what, dir))
	unlock, err := lockWithin(ctx, filepath.Join(cache, "reference.lock"))
	if err != nil {
		return err
	}
	defer unlock()
	if exists(dir) {
		return nil
	}
	removeStale(filepath.Join(cache, b.name+"-*.tmp-*"))

	tmp, err := os.MkdirTemp(cache, filepath.Base(dir)+".tmp-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := os.WriteFile(filepath.Join(tmp, "package.json"), b.packages, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tmp, "package-lock.json"), b.lock, 0o644); err != nil {
		return err
	}

	cmd := exec.CommandContext(ctx, npm, "ci",
		"--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts=false", "--fetch-retries=1")
	cmd.Dir = tmp
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return tooSlow()
	}
	if err != nil {
		return unavailable("npm could not install them (%v; no network?):\n%s", err, tail(out))
	}
	if err := os.Rename(tmp, dir); err != nil && !exists(dir) {
		return err
	}
	return nil
}

// lockWithin is lock, except that it stops waiting when ctx ends.
func lockWithin(ctx context.Context, path string) (unlock func(), err error) {
	type result struct {
		unlock func()
		err    error
	}
	done := make(chan result)
	go func() {
		unlock, err := lock(path)
		select {
		case done <- result{unlock, err}:
		case <-ctx.Done():
			if err == nil {
				unlock()
			}
		}
	}()
	select {
	case r := <-done:
		return r.unlock, r.err
	case <-ctx.Done():
		return nil, tooSlow()
	}
}

// tooSlow is the error of an installation that takes longer than a test may.
func tooSlow() error {
	return unavailable("installing them takes longer than a test may: install them first, with go run ./tests/reference/install")
}

// removeStale removes the directories of killed installations that match pattern.
func removeStale(pattern string) {
	paths, _ := filepath.Glob(pattern)
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && time.Since(info.ModTime()) > staleAfter {
			os.RemoveAll(path)
		}
	}
}

// writeFile writes a file atomically: other processes see the whole file or none.
func writeFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func hash(parts ...[]byte) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d\n", len(part))
		h.Write(part)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

func tail(log []byte) string {
	if len(log) > logTail {
		log = log[len(log)-logTail:]
	}
	return string(bytes.TrimSpace(log))
}
