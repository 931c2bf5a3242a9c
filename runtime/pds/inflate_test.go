package pds_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/guard"
)

// TestRepoInflates has a server that sends one block again and again, compressed to a thousandth: neither what reads the
// archive nor what saves it takes it to the end.
func TestRepoInflates(t *testing.T) {
	a := archive(t)
	data := bytes.Repeat([]byte("x"), 1000)
	c := cid.Of(cid.Raw, data)
	section := append(append([]byte{0x8c, 0x08}, c[:]...), data...) // of 36 and 1000 bytes
	var compressed bytes.Buffer
	w := gzip.NewWriter(&compressed)
	_, _ = w.Write(a)
	for range 64 << 10 {
		_, _ = w.Write(section)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	client, _, _ := serve(t, answers{methodRepo: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.ipld.car")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(compressed.Bytes())
	}})
	if _, err := client.GetRepo(t.Context(), actor, nil); !errors.Is(err, guard.ErrInflation) {
		t.Errorf("GetRepo, %d bytes: %v", compressed.Len(), err)
	}
	body, err := client.GetRepoCAR(t.Context(), actor, nil)
	if err == nil {
		_, err = io.Copy(io.Discard, body)
		body.Close()
	}
	if !errors.Is(err, guard.ErrInflation) {
		t.Errorf("GetRepoCAR: %v", err)
	}
}
