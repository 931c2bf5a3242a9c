package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/tests/corpus"
	"github.com/layers-pub/layers-go/tests/reference"
)

// kills is how often a command is killed.
const kills = 12

// TestKilledDownloads kills pull and blob get at any moment: the file is the old one or the whole new one, and
// in the end there is nothing else.
func TestKilledDownloads(t *testing.T) {
	c := corpus.New(400)
	archive, err := c.CAR()
	if err != nil {
		t.Fatal(err)
	}
	story := bytes.Repeat([]byte("and then, "), 100_000)
	id := cid.Of(cid.Raw, story).String()
	server := httptest.NewUnstartedServer(nil)
	origin := "http://" + server.Listener.Addr().String()
	t.Cleanup(server.Close)
	document := strings.ReplaceAll(string(c.DIDDocument()), "https://pds.example.com", origin)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/" + c.DID():
			fmt.Fprint(w, document)
		case "/xrpc/com.atproto.sync.getRepo":
			trickle(w, archive)
		case "/xrpc/com.atproto.sync.getBlob":
			trickle(w, story)
		default:
			http.NotFound(w, r)
		}
	})
	server.Start()
	for _, test := range []struct {
		name string
		args []string
		file string
		want []byte
	}{
		{"pull", []string{"pull", c.DID(), "-o", "."}, strings.ReplaceAll(c.DID(), ":", "-") + ".car", archive},
		{"blob get", []string{"blob", "get", c.DID(), id, "-o", "story"}, "story", story},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			directory := t.TempDir()
			file := filepath.Join(directory, test.file)
			start := func() *exec.Cmd {
				command, stderr := process(t, test.args...)
				t.Cleanup(func() {
					if t.Failed() && stderr.Len() > 0 {
						t.Log(stderr.String())
					}
				})
				command.Dir = directory
				command.Env = append(command.Env, "LAYERS_PLC="+origin, "LAYERS_ALLOW_PRIVATE=1", "LAYERS_PDS=")
				return command
			}
			// How long it takes says when to kill it.
			begun := time.Now()
			if err := start().Run(); err != nil {
				t.Fatal(err)
			}
			whole := time.Since(begun)
			outcomes := map[string]int{}
			for range kills {
				old := []byte("the old file")
				if err := os.WriteFile(file, old, 0o600); err != nil {
					t.Fatal(err)
				}
				command := start()
				kill(t, command, rand.N(whole*5/4))
				got, err := os.ReadFile(file)
				switch {
				case err != nil:
					t.Error(err)
				case bytes.Equal(got, old):
					outcomes["old"]++
				case bytes.Equal(got, test.want):
					outcomes["new"]++
				default:
					t.Errorf("a file of %d bytes, neither the old one nor the new one", len(got))
				}
			}
			t.Logf("%v", outcomes)
			if err := start().Run(); err != nil {
				t.Error(err)
			}
			if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, test.want) {
				t.Errorf("in the end: %d bytes, %v", len(got), err)
			}
			left, err := os.ReadDir(directory)
			if err != nil || len(left) != 1 {
				t.Errorf("killed commands have left files: %v, %v", left, err)
			}
		})
	}
}

// trickle sends b in pieces.
func trickle(w http.ResponseWriter, b []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	for piece := range bytesOf(b, len(b)/20+1) {
		if _, err := w.Write(piece); err != nil {
			return
		}
		http.NewResponseController(w).Flush()
		time.Sleep(2 * time.Millisecond)
	}
}

func bytesOf(b []byte, size int) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			n := min(size, len(b))
			if !yield(b[:n]) {
				return
			}
			b = b[n:]
		}
	}
}

// kill starts a command and kills it after some time.
func kill(t *testing.T, command *exec.Cmd, after time.Duration) {
	t.Helper()
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(after)
	command.Process.Kill()
	command.Wait()
}

// TestKilledApply kills apply at any moment, until it has come to its end: each operation was carried out, and
// none twice.
func TestKilledApply(t *testing.T) {
	servers := reference.Start(t)
	account := servers.Account(t)
	directory := t.TempDir()
	const ops = 60
	var batch bytes.Buffer
	for i := range ops {
		// Of several requests together.
		fmt.Fprintf(&batch, `{"action":"create","value":{"$type":"pub.layers.expression.expression","id":"%d","kind":"sentence","text":"%s","createdAt":"2026-01-02T03:04:05Z"}}`+"\n",
			i, strings.Repeat("x", 9000))
	}
	if err := os.WriteFile(filepath.Join(directory, "batch.jsonl"), batch.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	start := func(args ...string) *exec.Cmd {
		command, stderr := process(t, args...)
		command.Dir = directory
		command.Env = append(command.Env, "LAYERS_PLC="+servers.PLC, "LAYERS_PDS="+servers.PDS, "LAYERS_ALLOW_PRIVATE=1",
			"LAYERS_AUTH_FILE="+filepath.Join(directory, "auth.json"), "LAYERS_PASSWORD="+account.AppPassword(t))
		t.Cleanup(func() {
			if t.Failed() && stderr.Len() > 0 {
				t.Log(stderr.String())
			}
		})
		return command
	}
	if err := start("login", account.DID).Run(); err != nil {
		t.Fatal(err)
	}
	for range kills {
		kill(t, start("apply", "batch.jsonl"), rand.N(150*time.Millisecond))
	}
	if err := start("apply", "batch.jsonl").Run(); err != nil {
		t.Fatal(err)
	}
	out, err := start("list", account.DID, "expression.expression", "--jsonl").Output()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]int{}
	for _, line := range readLines(t, string(out)) {
		ids[line.Value.(map[string]any)["id"].(string)]++
	}
	if len(ids) != ops {
		t.Errorf("%d records, not %d", len(ids), ops)
	}
	for id, n := range ids {
		if n != 1 {
			t.Errorf("record %s was written %d times", id, n)
		}
	}
}
