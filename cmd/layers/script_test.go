package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/layers-pub/layers-go/runtime/atptest/layersview"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/reference"
)

// TestMain lets the test binary be the command: for the scripts, and for tests that kill it.
func TestMain(m *testing.M) {
	if os.Getenv("LAYERS_TEST_MAIN") != "" {
		if os.Getenv("LAYERS_TEST_READY") != "" {
			go tellReady()
		}
		main()
	}
	testscript.Main(withServers{m}, map[string]func(){"layers": main})
}

// tellReady closes the file 3 when main catches signals: before that they would end the process.
func tellReady() {
	ready, stacks := os.NewFile(3, "ready"), make([]byte, 1<<16)
	for !strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "created by github.com/layers-pub/layers-go/cmd/layers/internal/exit.WithSignals") {
		time.Sleep(time.Millisecond)
	}
	ready.Close()
}

// withServers stops the reference servers when the tests are over.
type withServers struct{ m *testing.M }

func (w withServers) Run() int { return reference.Main(w.m) }

// TestScripts runs the commands against the reference servers. Each script has accounts of its own:
// $HANDLE, $DID and $PASSWORD, and $OTHER_HANDLE and $OTHER_DID of somebody else.
func TestScripts(t *testing.T) {
	servers := reference.Start(t)
	appview := httptest.NewServer(corpora(t))
	t.Cleanup(appview.Close)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			account, other := servers.Account(t), servers.Account(t)
			env.Setenv("LAYERS_PLC", servers.PLC)
			env.Setenv("LAYERS_PDS", servers.PDS)
			env.Setenv("LAYERS_APPVIEW", appview.URL)
			env.Setenv("LAYERS_ALLOW_PRIVATE", "1")
			env.Setenv("LAYERS_AUTH_FILE", env.WorkDir+"/state/auth.json")
			env.Setenv("type", "$type") // in what cmpenv compares
			env.Setenv("PDS", servers.PDS)
			env.Setenv("HANDLE", account.Handle)
			env.Setenv("DID", account.DID)
			env.Setenv("FILE_DID", strings.ReplaceAll(account.DID, ":", "-"))
			env.Setenv("PASSWORD", account.AppPassword(t))
			env.Setenv("OTHER_HANDLE", other.Handle)
			env.Setenv("OTHER_DID", other.DID)
			env.Setenv("OTHER_PASSWORD", other.AppPassword(t))
			return os.WriteFile(env.WorkDir+"/password.txt", []byte(env.Getenv("PASSWORD")+"\n"), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"mode":   checkMode,
			"expand": expand,
		},
	})
}

// TestMisuse calls the commands wrongly: that has a status of its own, and asks no server.
func TestMisuse(t *testing.T) {
	t.Setenv("LAYERS_AUTH_FILE", t.TempDir()+"/auth.json")
	for _, args := range [][]string{
		{"nonsense"}, {"resolve"}, {"resolve", "not a handle"}, {"resolve", "--nonsense", "a.test"}, {"describe", "a", "b"},
		{"get", "nonsense"}, {"show"}, {"show", "at://x"}, {"show", "at://a.test/corpus.corpus"}, {"show", "a.json", "--from", "b.json"}, {"show", "at://a.test/corpus.corpus/1", "--from", "b.json"}, {"get", "at://a.test/com.example.note"}, {"get", "at://a.test/com.example.note/1", "--cid", "x"},
		{"list", "a.test"}, {"list", "a.test", "nonsense"}, {"list", "a.test", "corpus.corpus", "--limit", "-1"},
		{"pull"}, {"tail", "x"}, {"tail", "--relay", "ftp://x"}, {"tail", "--limit", "-1"}, {"follow"}, {"follow", "-o", "x", "--relay", "wss://a.test", "--server", "https://b.test"}, {"follow", "-o", "x", "--relay", "ftp://x"}, {"follow", "-o", "x", "--relay", "wss://a.test", "--collection", "nonsense"}, {"query"}, {"query", "corpus.listCorpora"}, {"blob"}, {"blob", "get", "a.test", "x"}, {"blob", "put"},
		{"login"}, {"logout", "a"}, {"logout", "--all", "--as", "a.test"}, {"switch"}, {"switch", "not a handle"}, {"whoami", "--as", "x y"}, {"version", "x"}, {"collections", "nonsense"}, {"collections", "a", "b"}, {"decode", "x.car", "--verify", "--did-doc", "y"}, {"blob", "ls"}, {"blob", "ls", "a.test", "--missing"}, {"blob", "ls", "a.test", "--cursor", "x", "--records"}, {"blob", "ls", "a.test", "--limit", "-1"}, {"create", "nonsense"}, {"put", "nonsense"}, {"put", "corpus.corpus/1", "--swap", "x"}, {"delete"}, {"apply"}, {"import"}, {"import", "conllu"}, {"import", "conllu", "a", "--did", "x"}, {"validate"}, {"validate", "a.conllu"}, {"apply", "a.conllu"}, {"export"}, {"export", "conllu"}, {"export", "conllu", "at://x"},
	} {
		status, stdout, stderr := layers(t, strings.NewReader(""), args...)
		if status != 2 || stdout != "" || !strings.HasPrefix(stderr, "layers: ") || !strings.Contains(stderr, "\nSee layers ") || !strings.HasSuffix(stderr, "--help.\n") {
			t.Errorf("%v: status %d, %s%s", args, status, stdout, stderr)
		}
	}
	for _, args := range [][]string{{"whoami"}, {"logout"}, {"switch", "a.test"}, {"decode", "nowhere.car"}, {"validate", "nowhere.json"}, {"blob", "put", "story"}, {"apply", "nowhere.jsonl"}, {"resolve", "did:web:localhost%3A1"}} {
		if status, stdout, stderr := layers(t, strings.NewReader(""), args...); status != 1 || stdout != "" || !strings.HasPrefix(stderr, "layers: ") {
			t.Errorf("%v: status %d, %s%s", args, status, stdout, stderr)
		}
	}
}

// TestHelp looks in the help of each command for what users look for.
func TestHelp(t *testing.T) {
	for _, name := range []string{
		"demo", "decode", "convert", "resolve", "describe", "get", "show", "list", "pull", "query", "tail", "follow", "login", "logout", "switch", "whoami", "version", "create", "put", "delete", "apply", "blob get", "blob put", "blob ls", "collections", "validate", "import conllu", "export conllu",
	} {
		status, stdout, _ := layers(t, nil, append(strings.Fields(name), "--help")...)
		if status != 0 || !strings.Contains(stdout, "Examples:\n  layers "+name) && !strings.Contains(stdout, "| layers "+name) {
			t.Errorf("%s: status %d, no example: %s", name, status, stdout)
		}
		first, _, _ := strings.Cut(stdout, "\n")
		verb := name[strings.LastIndexByte(name, ' ')+1:]
		if !strings.HasPrefix(strings.ToLower(first), verb+" ") {
			t.Errorf("%s: the help begins with %q", name, first)
		}
		for _, want := range []string{"Usage:", "Exit status:\n", "Environment:\n", "LAYERS_AUTH_FILE"} {
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: no %q: %s", name, want, stdout)
			}
		}
		if strict := strings.Contains(stdout, "--strict "); strings.Contains(stdout, "\n  3  ") != strict {
			t.Errorf("%s: --strict is %v: %s", name, strict, stdout)
		}
		if strings.Contains(stdout, "LAYERS_PASSWORD  ") != (name == "login") {
			t.Errorf("%s: LAYERS_PASSWORD: %s", name, stdout)
		}
	}
}

// expand is the script command "expand FILE": it replaces the environment's variables in a file.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: expand FILE")
	}
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// checkMode is the script command "mode MODE FILE".
func checkMode(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: mode MODE FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().String(); got != args[0] {
		ts.Fatalf("%s has the mode %s", args[1], got)
	}
}

// corpora returns an appview with two corpora.
func corpora(t *testing.T) http.Handler {
	view := layersview.New()
	for _, key := range []string{"1", "2"} {
		data, err := lex.JSONToCBOR([]byte(`{"$type":"pub.layers.corpus.corpus","name":"Tales ` + key + `","createdAt":"2026-01-02T03:04:05Z"}`))
		if err != nil {
			t.Fatal(err)
		}
		uri := syntax.ATURI("at://did:plc:ewvi7nxzyoun6zhxrhs64oiz/pub.layers.corpus.corpus/" + key)
		if err := view.Put(uri, cid.Of(cid.DagCBOR, data), data); err != nil {
			t.Fatal(err)
		}
	}
	return view
}
