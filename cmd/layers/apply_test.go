package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
)

// nothingThere is a PDS where nothing can be found, and anybody can log in and delete.
func nothingThere(out http.ResponseWriter, r *http.Request) {
	out.Header().Set("Content-Type", "application/json")
	switch path.Base(r.URL.Path) {
	case "com.atproto.server.createSession":
		fmt.Fprintf(out, `{"did":%q,"handle":"alice.test","accessJwt":"secret-access","refreshJwt":"secret-refresh","active":true}`, hostileDID)
	case "com.atproto.identity.resolveHandle":
		did := hostileDID
		if r.URL.Query().Get("handle") != "alice.test" {
			did = "did:web:other.invalid"
		}
		fmt.Fprintf(out, `{"did":%q}`, did)
	case "com.atproto.repo.listRecords":
		fmt.Fprint(out, `{"records":[]}`)
	case "com.atproto.repo.deleteRecord":
		fmt.Fprint(out, `{}`)
	case "com.atproto.repo.getRecord":
		out.WriteHeader(http.StatusBadRequest)
		q := r.URL.Query()
		fmt.Fprintf(out, `{"error":"RecordNotFound","message":"Could not locate record: at://%s/%s/%s"}`, q.Get("repo"), q.Get("collection"), q.Get("rkey"))
	default:
		out.WriteHeader(http.StatusNotImplemented)
		fmt.Fprint(out, `{"error":"MethodNotImplemented","message":"no such method"}`)
	}
}

// signIn logs in at the PDS of w, which is asked for handles, too.
func signIn(t *testing.T, w *world) {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("LAYERS_PDS", w.url)
	t.Setenv("LAYERS_AUTH_FILE", t.TempDir()+"/auth.json")
	t.Setenv("LAYERS_PASSWORD", "secret")
	if status, _, stderr := layers(t, nil, "login", hostileDID); status != 0 {
		t.Fatal(stderr)
	}
}

// TestWrittenByHandle names the record to write by the handle of its account: delete and apply take it alike.
func TestWrittenByHandle(t *testing.T) {
	lookups := 0
	signIn(t, newWorld(t, func(out http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "resolveHandle") {
			lookups++
		}
		nothingThere(out, r)
	}))
	for _, test := range []struct {
		authority string
		status    int
		message   string
	}{
		{hostileDID, 0, ""},
		{"alice.test", 0, ""},
		{"Alice.TEST", 0, ""},
		{"bob.test", 1, "bob.test"},
		{"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", 1, "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"},
	} {
		uri := "at://" + test.authority + "/corpus.corpus/"
		var batch bytes.Buffer
		for i := range 3 {
			fmt.Fprintf(&batch, "{\"action\":\"delete\",\"uri\":\"%s%d\"}\n", uri, i)
		}
		if err := os.WriteFile("batch.jsonl", batch.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"delete", uri + "1"}, {"apply", "batch.jsonl", "--journal", "journal." + test.authority}} {
			lookups = 0
			if status, _, stderr := layers(t, nil, args...); status != test.status || !strings.Contains(stderr, test.message) {
				t.Errorf("%v of %s: status %d: %s", args, test.authority, status, stderr)
			}
			if lookups > 1 {
				t.Errorf("%v of %s: %d look-ups", args, test.authority, lookups)
			}
		}
	}
}

// cutShort is a writer that ends what is written to it when it contains some text.
type cutShort struct {
	bytes.Buffer
	text string
	end  func()
}

func (c *cutShort) Write(p []byte) (int, error) {
	n, err := c.Buffer.Write(p)
	if strings.Contains(c.String(), c.text) {
		c.end()
	}
	return n, err
}

// TestRate has apply wait for write points: it says for how long, until when, and which flag sets that.
func TestRate(t *testing.T) {
	sent := 0
	signIn(t, newWorld(t, func(out http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "getRecord"):
			out.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(out, `{"uri":"at://%s/pub.layers.corpus.corpus/%s","value":{}}`, hostileDID, r.URL.Query().Get("rkey"))
		case strings.HasSuffix(r.URL.Path, "applyWrites"):
			sent++
			out.Header().Set("Content-Type", "application/json")
			body, _ := io.ReadAll(r.Body)
			results := make([]string, bytes.Count(body, []byte("applyWrites#delete")))
			for i := range results {
				results[i] = `{"$type":"com.atproto.repo.applyWrites#deleteResult"}`
			}
			fmt.Fprintf(out, `{"results":[%s]}`, strings.Join(results, ","))
		default:
			nothingThere(out, r)
		}
	}))
	var batch bytes.Buffer
	for i := range 4 {
		fmt.Fprintf(&batch, "{\"action\":\"delete\",\"collection\":\"corpus.corpus\",\"rkey\":\"%d\"}\n", i)
	}
	if err := os.WriteFile("batch.jsonl", batch.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		rate, message string
		sent          int
	}{
		{"1", "waiting 1h0m0s, until ", 1},
		{"1", ", for the account's write points, set by --rate (com.atproto.repo.applyWrites at http://", 1},
		{"3", "waiting 1h0m0s, until ", 1},
	} {
		os.Remove("batch.jsonl.journal")
		sent = 0
		ctx, end := context.WithCancel(t.Context())
		stderr := &cutShort{text: test.message, end: end}
		begun, stop := time.Now(), time.AfterFunc(time.Minute, end)
		status := run(ctx, []string{"apply", "batch.jsonl", "--rate", test.rate, "--timeout", "2h"}, nil, new(bytes.Buffer), stderr)
		if stop.Stop(); status != exit.Failed || !strings.Contains(stderr.String(), test.message) || sent != test.sent || !strings.Contains(stderr.String(), "run the same command again") {
			t.Errorf("--rate %s: status %d after %v, %d requests: %s", test.rate, status, time.Since(begun), sent, stderr)
		}
		end()
	}
	// Any rate, and the one that is usual, do not wait for so few.
	for _, args := range [][]string{{"--rate", "0"}, {"--rate", "4"}, nil} {
		os.Remove("batch.jsonl.journal")
		status, _, stderr := layers(t, nil, append([]string{"apply", "batch.jsonl"}, args...)...)
		if status != 0 || strings.Contains(stderr, "waiting") || !strings.Contains(stderr, "4 written") {
			t.Errorf("%v: status %d: %s", args, status, stderr)
		}
	}
	// What outlasts --timeout is not begun; what is no rate is misuse.
	os.Remove("batch.jsonl.journal")
	ctx, end := context.WithCancel(t.Context())
	defer time.AfterFunc(time.Minute, end).Stop()
	stderr := new(bytes.Buffer)
	if status := run(ctx, []string{"apply", "batch.jsonl", "--rate", "1", "--timeout", "1m"}, nil, new(bytes.Buffer), stderr); status != exit.Failed || !strings.Contains(stderr.String(), "write points takes ") {
		t.Errorf("with --timeout: status %d: %s", status, stderr)
	}
	for _, rate := range []string{"-1", "1000000001", "many", "1.5", "99999999999999999999"} {
		if status, _, stderr := layers(t, nil, "apply", "batch.jsonl", "--rate="+rate); status != exit.Misused || !strings.Contains(stderr, "--rate") {
			t.Errorf("--rate %s: status %d: %s", rate, status, stderr)
		}
	}
}
