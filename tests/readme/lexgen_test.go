package readme

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/tests/reference"
)

// lexgenFails are the commands of docs/lexgen.md that find something, and fail for that.
var lexgenFails = []string{"go tool lexgen diff", "go tool lexgen check --breaking", "go tool lexgen status"}

// lexgenMore are commands that the text of docs/lexgen.md names and its blocks lack: as the text has them, and as they are run at the
// end, in this order, when the changes are committed.
var lexgenMore = [][2]string{
	{"lexgen --help", "lexgen --help"},
	{"lexgen COMMAND --help", "lexgen generate --help"},
	{"lexgen generate --rename", "lexgen generate --rename"},
	{"lexgen generate --prove", "lexgen generate --prove"},
	{"lexgen diff OLD", "lexgen diff HEAD"},
	{"lexgen diff OLD NEW", "lexgen diff HEAD^ HEAD^"},
	{"lexgen lock", "lexgen lock"},
	{"lexgen install", "lexgen install"},
	{"lexgen bridge --help", "lexgen bridge --help"},
	{"lexgen bridge", "lexgen bridge --check --rules v1/rules.json"},
}

// TestLexgen does what docs/lexgen.md says, from its beginning to its end, each command as it is written, in a module that begins
// empty, against the reference PDS. A block "json" with a document is put in the place of the document, and a block "text" is
// what the command before it prints. The DNS is one of the test's own, which knows app.bsky.feed.post. At the end come the commands that
// only the text names, of which none may be missing.
func TestLexgen(t *testing.T) {
	t.Parallel()
	const name = "docs/lexgen.md"
	w := newNotes(t)
	output := ""
	ran := make(map[string]bool)
	for _, block := range fences(t, name) {
		switch block.language {
		case "go":
			if strings.HasPrefix(block.code, "package main\n") {
				w.write("main.go", block.code)
			}
		case "json":
			var document struct{ ID string }
			if json.Unmarshal([]byte(block.code), &document) == nil && document.ID != "" {
				w.write("lexicons/"+strings.ReplaceAll(document.ID, ".", "/")+".json", block.code)
			}
		case "sh":
			for i, line := range strings.Split(strings.TrimSuffix(block.code, "\n"), "\n") {
				output = w.run(fmt.Sprintf("%s:%d", name, block.line+i), line, slices.Contains(lexgenFails, line))
				ran[strings.TrimPrefix(line, "go tool ")] = true
			}
		case "text":
			if want := w.plain(block.code); w.plain(output) != want {
				t.Errorf("%s:%d: the command prints\n%swant\n%s", name, block.line, output, want)
			}
		default:
			t.Errorf("%s:%d: what is a block %q?", name, block.line, block.language)
		}
	}
	w.run("the end", "git add .", false)
	w.run("the end", "git commit --quiet --message end", false)
	w.write("v1/rules.json", `{"old": "HEAD^", "output": "v1", "version": "1.0", "rules": {"com.example.app.note": {"text": {"rename": "body"}}}}`)
	for _, more := range lexgenMore {
		w.run(more[0], "go tool "+more[1], false)
		ran[more[0]] = true
	}
	for _, match := range regexp.MustCompile("`(lexgen [a-zA-Z-][^`]*)`").FindAllStringSubmatch(withoutFences(t, name), -1) {
		told := strings.TrimSuffix(match[1], " NSID...")
		if !slices.ContainsFunc(slices.Collect(maps.Keys(ran)), func(line string) bool { return line == told || strings.HasPrefix(line, told+" ") }) {
			t.Errorf("%s names `%s`, which nothing runs", name, match[1])
		}
	}
}

// notes is the module of docs/lexgen.md.
type notes struct {
	t           *testing.T
	directory   string
	checkout    string
	environment []string
	account     *reference.Account
}

func newNotes(t *testing.T) *notes {
	servers := reference.Start(t)
	w := &notes{t: t, directory: t.TempDir(), account: servers.Account(t)}
	var err error
	if w.checkout, err = filepath.Abs(root); err != nil {
		t.Fatal(err)
	}
	w.account.PutRecord(t, "com.atproto.lexicon.schema", "app.bsky.feed.post", json.RawMessage(`{"$type": "com.atproto.lexicon.schema",
		"lexicon": 1, "id": "app.bsky.feed.post", "defs": {"main": {"type": "record", "key": "tid", "record": {"type": "object", "properties": {
			"text": {"type": "string"}, "labels": {"type": "ref", "ref": "app.bsky.feed.defs#labels"}}}}}}`))
	w.account.PutRecord(t, "com.atproto.lexicon.schema", "app.bsky.feed.defs", json.RawMessage(`{"$type": "com.atproto.lexicon.schema",
		"lexicon": 1, "id": "app.bsky.feed.defs", "defs": {"labels": {"type": "array", "items": {"type": "string"}}}}`))
	w.environment = append(os.Environ(), "GOWORK=off", "GOFLAGS=-overlay="+resolver(t, w.checkout, "_lexicon.feed.bsky.app", "did="+w.account.DID),
		"PATH="+tools(t)+string(os.PathListSeparator)+os.Getenv("PATH"), "LAYERS_ALLOW_PRIVATE=1", "LAYERS_PLC="+servers.PLC, "LAYERS_PDS="+servers.PDS,
		"LAYERS_PASSWORD="+w.account.AppPassword(t), "LAYERS_AUTH_FILE="+filepath.Join(t.TempDir(), "auth.json"),
		"GIT_CONFIG_GLOBAL=", "GIT_AUTHOR_NAME=alice", "GIT_AUTHOR_EMAIL=alice@example.com", "GIT_COMMITTER_NAME=alice", "GIT_COMMITTER_EMAIL=alice@example.com")
	return w
}

// resolver writes an overlay for the go command in which lexgen has a DNS of its own, and returns its name.
func resolver(t *testing.T, checkout, name, value string) string {
	t.Helper()
	dir := t.TempDir()
	code := fmt.Sprintf(`package main

import (
	"context"
	"net"
)

func init() {
	lookupTXT = func(_ context.Context, name string) ([]string, error) {
		if name == %q {
			return []string{%q}, nil
		}
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
}
`, name, value)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(checkout, "cmd", "lexgen", "dns.go"): filepath.Join(dir, "dns.go")}})
	if err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string]string{"dns.go": code, "overlay.json": string(overlay)} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "overlay.json")
}

func (w *notes) write(name, content string) {
	w.t.Helper()
	name = filepath.Join(w.directory, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// run runs a command and returns all that it prints.
func (w *notes) run(where, line string, fails bool) string {
	w.t.Helper()
	command := exec.CommandContext(w.t.Context(), "sh", "-e", "-c", strings.NewReplacer("=../layers-go", "="+w.checkout, "alice.example.com", w.account.Handle,
		exampleDID, w.account.DID).Replace(line))
	command.Dir, command.Env = w.directory, w.environment
	out, err := command.CombinedOutput()
	if fails != (err != nil) {
		w.t.Fatalf("%s: %s: %v\n%s", where, line, err, out)
	}
	return strings.TrimSuffix(string(out), "exit status 1\n") // which go tool adds
}

const exampleDID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

// plain returns text with the account's name and keys and CIDs as the document shows them.
func (w *notes) plain(text string) string {
	text = strings.ReplaceAll(text, w.account.DID, exampleDID)
	text = regexp.MustCompile(`/com\.example\.app\.note/[2-7a-z]{13} `).ReplaceAllString(text, "/com.example.app.note/3mbfvwaa2k222 ")
	return regexp.MustCompile(`\bbafyrei[2-7a-z]{52}\b`).ReplaceAllString(text, "bafyrei...")
}
