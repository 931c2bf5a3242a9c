package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// writer answers as the PDS of the account that [newWorld] has, to which anybody may log in. What write answers is up to
// write, unless that returns false.
func writer(write func(http.ResponseWriter, *http.Request) bool) http.HandlerFunc {
	const ref = `"uri":"at://` + hostileDID + `/pub.layers.corpus.corpus/3mabcdefghi2a","cid":"bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"`
	return func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "application/json")
		switch method := strings.TrimPrefix(r.URL.Path, "/xrpc/com.atproto."); {
		case method == "server.createSession":
			fmt.Fprintf(out, `{"did":%q,"handle":"alice.test","accessJwt":"a.b.c","refreshJwt":"d.e.f"}`, hostileDID)
		case write(out, r):
		case method == "repo.getRecord":
			out.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(out, `{"error":"RecordNotFound","message":"no such record"}`)
		case method == "repo.applyWrites":
			fmt.Fprint(out, `{}`)
		case method == "repo.deleteRecord":
			fmt.Fprint(out, `{"commit":{"cid":"bafyreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku","rev":"3mabcdefghi2a"}}`)
		default:
			fmt.Fprintf(out, `{%s}`, ref)
		}
	}
}

const corpusJSON = `{"name":"Tales %","createdAt":"2026-01-02T03:04:05Z"}`

// logIn logs the account of newWorld in, and returns a directory with a record, corpus.json.
func logIn(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("LAYERS_AUTH_FILE", filepath.Join(dir, "auth.json"))
	t.Setenv("LAYERS_PASSWORD", "abcd-efgh-ijkl-mnop")
	if err := os.WriteFile(filepath.Join(dir, "corpus.json"), []byte(corpusJSON), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := layers(t, nil, "login", hostileDID); status != 0 {
		t.Fatal(stderr)
	}
	return dir
}

// TestPausesOfWrites has a server ask for a pause at each write: it is announced, with its end.
func TestPausesOfWrites(t *testing.T) {
	var asked atomic.Int32
	newWorld(t, writer(func(out http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet || asked.Add(1) > 1 {
			return false
		}
		out.Header().Set("Retry-After", "1")
		out.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(out, `{"error":"RateLimitExceeded","message":"slow down"}`)
		return true
	}))
	dir := logIn(t)
	file, batch := filepath.Join(dir, "corpus.json"), filepath.Join(dir, "batch.jsonl")
	if err := os.WriteFile(batch, []byte(`{"action":"create","collection":"corpus.corpus","value":`+corpusJSON+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"create", "corpus.corpus", file}, {"put", "corpus.corpus/3mabcdefghi2a", file}, {"delete", "corpus.corpus/3mabcdefghi2a"}, {"apply", batch},
	} {
		asked.Store(0)
		_, _, stderr := layers(t, nil, args...) // the CID that the server answers with may be of another record
		if !strings.Contains(stderr, "retrying in ") || !untilIn(stderr, time.DateOnly, 0) || asked.Load() != 2 {
			t.Errorf("%v: %d requests: %s", args, asked.Load(), stderr)
		}
	}
}

// untilIn reports whether a message says that a pause, which has just begun, ends after d. It is compared in a format that leaves
// out what passes meanwhile.
func untilIn(message, format string, d time.Duration) bool {
	now := time.Now()
	return strings.Contains(message, ", until "+now.Add(d).Format(format)) || strings.Contains(message, ", until "+now.Add(d-time.Minute).Format(format))
}

// TestPausesForPoints applies more than an hour's write points: the pause is announced, with its end, or not begun when
// there is no time for it.
func TestPausesForPoints(t *testing.T) {
	newWorld(t, writer(func(out http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Method == http.MethodGet:
			fmt.Fprintf(out, `{"uri":"at://%s/pub.layers.corpus.corpus/%s","value":{"$type":"pub.layers.corpus.corpus"}}`, hostileDID, r.FormValue("rkey"))
		case strings.HasSuffix(r.URL.Path, "applyWrites"):
			fmt.Fprint(out, `{"results":[{"$type":"com.atproto.repo.applyWrites#deleteResult"}]}`)
		default:
			return false
		}
		return true
	}))
	batch := filepath.Join(logIn(t), "batch.jsonl")
	const lines = `{"action":"delete","collection":"corpus.corpus","rkey":"3mabcdefghi2a"}
{"action":"delete","collection":"corpus.corpus","rkey":"3mabcdefghi2b"}
`
	if err := os.WriteFile(batch, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := layers(t, nil, "apply", batch, "--rate", "1", "--timeout", "10m")
	if status != 1 || !strings.Contains(stderr, "write points takes ") || !strings.Contains(stderr, "longer than the time left") || strings.Contains(stderr, ", for the account's") {
		t.Errorf("without the time: status %d: %s", status, stderr)
	}
	if err := os.Remove(batch + ".journal"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer time.AfterFunc(time.Minute, cancel).Stop() // if nothing is announced
	messages := &listener{text: ", for the account's write points", then: cancel}
	run(ctx, []string{"apply", batch, "--rate", "1"}, strings.NewReader(""), io.Discard, messages)
	if stderr := messages.all.String(); !strings.Contains(stderr, messages.text) || !untilIn(stderr, "2006-01-02 15", time.Hour) || !strings.Contains(stderr, "applyWrites at http://") ||
		!strings.Contains(stderr, "2 operations: 1 written") {
		t.Error(stderr)
	}
}

// listener is a writer that does something when a text has been written to it.
type listener struct {
	text string
	then func()
	all  bytes.Buffer
}

func (w *listener) Write(b []byte) (int, error) {
	w.all.Write(b)
	if strings.Contains(w.all.String(), w.text) {
		w.then()
	}
	return len(b), nil
}
