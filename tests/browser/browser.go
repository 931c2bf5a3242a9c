// Package browser opens pages in a headless Chromium for tests.
package browser

import (
	"bytes"
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// patience is how long the browser may take to open a page.
const patience = 2 * time.Minute

// console is the beginning of a line on which Chromium reports a message of a page: a script that fails, or something that
// the page's policy forbids.
var console = regexp.MustCompile(`^\[[^]]*:CONSOLE[:(]`)

// Open opens the page in a file. It returns the document as HTML, after its scripts have run, and the messages on the
// browser's console. A good page causes no messages. Without Chromium on the PATH, Open skips the test, or fails it if
// CI=true is in the environment.
func Open(t testing.TB, file string) (document string, messages []string) {
	t.Helper()
	chromium := find()
	if chromium == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no chromium on the PATH: .ci/run installs it")
		}
		t.Skip("no chromium on the PATH: the page is not opened in a browser")
	}
	file, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	// Processes of the browser may still write there when it has ended, so that t.TempDir could not remove it.
	profile, err := os.MkdirTemp("", "chromium-*")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(profile) })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(file)}
	command := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+profile, "--enable-logging=stderr", "--v=0", "--dump-dom", address.String())
	var out, logged bytes.Buffer
	command.Stdout, command.Stderr = &out, &logged
	command.WaitDelay = 10 * time.Second
	if err := command.Run(); err != nil {
		t.Fatalf("chromium %s: %v\n%s", file, err, logged.Bytes())
	}
	for line := range bytes.Lines(logged.Bytes()) {
		if console.Match(line) {
			messages = append(messages, string(bytes.TrimSpace(line)))
		}
	}
	return out.String(), messages
}

// find returns the path of the browser, or "".
func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
