package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestAnyPDS writes at a PDS that the account's document does not name: that takes a flag, however the PDS was given.
func TestAnyPDS(t *testing.T) {
	var writes atomic.Int32
	pds := httptest.NewServer(writer(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			writes.Add(1)
		}
		return false
	}))
	t.Cleanup(pds.Close)
	w := newWorld(t, http.NotFound) // which its documents name
	for _, explicit := range []bool{true, false} {
		t.Setenv("LAYERS_PDS", pds.URL)
		dir := logIn(t)
		var elsewhere []string
		if explicit {
			elsewhere = []string{"--pds", pds.URL}
		} else {
			t.Setenv("LAYERS_PDS", "")
		}
		file, batch := filepath.Join(dir, "corpus.json"), filepath.Join(dir, "batch.jsonl")
		if err := os.WriteFile(batch, []byte(`{"action":"create","collection":"corpus.corpus","value":`+corpusJSON+"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"create", "corpus.corpus", file}, {"put", "corpus.corpus/3mabcdefghi2a", file}, {"delete", "corpus.corpus/3mabcdefghi2a"}, {"apply", batch},
		} {
			args = append(args, elsewhere...)
			writes.Store(0)
			status, stdout, stderr := layers(t, nil, args...)
			if status != 1 || stdout != "" || writes.Load() != 0 || !strings.Contains(stderr, pds.URL) || !strings.Contains(stderr, w.url) ||
				!strings.Contains(stderr, "add --any-pds") || strings.Contains(stderr, "run the same command again") {
				t.Errorf("%v: status %d, %d writes: %s%s", args, status, writes.Load(), stdout, stderr)
			}
			_, _, stderr = layers(t, nil, append(args, "--any-pds")...)
			if writes.Load() != 1 || strings.Contains(stderr, "another server") {
				t.Errorf("%v --any-pds: %d writes: %s", args, writes.Load(), stderr)
			}
		}
	}
}
