package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/tests/fakestream"
)

// TestFollowSource follows a Jetstream, and reads the directory meanwhile. What the Jetstream leaves out is found by comparing.
func TestFollowSource(t *testing.T) {
	const collection = "pub.layers.corpus.corpus"
	n := atptest.New(t)
	for _, variable := range n.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	alice := n.NewAccount("alice.test")
	t.Setenv("LAYERS_PDS", alice.PDS().URL)
	alice.PutJSON(collection, "one", sourceRecord)
	events := make(chan string)
	source := fakestream.Start(t, func(conn *fakestream.Conn) {
		for e := range events {
			conn.Send(e)
		}
		conn.Wait()
	})
	created := func(m *reposync.Commit, rkey string) string {
		return fmt.Sprintf(`{"did":%q,"time_us":%d,"kind":"commit","commit":{"rev":%q,"operation":"create","collection":%q,"rkey":%q,"record":%s,"cid":%q}}`,
			alice.DID, time.Now().UnixMicro(), m.Rev, collection, rkey, sourceRecord, m.Ops[0].CID)
	}

	directory := t.TempDir() + "/copy"
	flags := []string{"follow", "--output", directory, "--source", "jetstream", "--relay", source.URL()}
	var stderr bytes.Buffer
	if status := run(t.Context(), flags, nil, io.Discard, &stderr); status != 2 || !strings.Contains(stderr.String(), "a jetstream does not know which repositories there are") {
		t.Errorf("without --host: status %d, %s", status, &stderr)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, in := io.Pipe()
	ended := make(chan int)
	var messages bytes.Buffer
	go func() {
		status := run(ctx, append(flags, "--host", alice.PDS().URL, "--compare", "1s", "--jsonl"), nil, in, &messages)
		in.Close()
		ended <- status
	}()
	lines := bufio.NewScanner(out)
	next := func() string {
		if !lines.Scan() {
			t.Fatal("the output has ended")
		}
		var e struct{ Action, Rkey, Trust string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		return e.Action + " " + e.Rkey + " " + e.Trust
	}
	expect := func(want string) {
		t.Helper()
		if got := next(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	// list returns the record keys that other programs see, once there are n of them: a change is printed before it is stored.
	list := func(n int) (keys string) {
		t.Helper()
		for t.Context().Err() == nil {
			var stdout, stderr bytes.Buffer
			if status := run(t.Context(), []string{"list", "--from", directory, string(alice.DID), collection}, nil, &stdout, &stderr); status != 0 && !strings.Contains(stderr.String(), "no records of") {
				t.Fatalf("list: status %d, %s", status, &stderr)
			}
			if strings.Count(stdout.String(), "\n") != n {
				continue
			}
			for line := range strings.Lines(stdout.String()) {
				uri, _, _ := strings.Cut(line, "\t")
				keys += uri[strings.LastIndexByte(uri, '/')+1:] + " "
			}
			break
		}
		return keys
	}
	expect("create one signed")
	if got := list(1); got != "one " {
		t.Errorf("listed %s", got)
	}
	events <- created(alice.CommitSilently(writeOf(t, collection+"/two")), "two")
	expect("create two hashed")
	if got := list(2); got != "two one " {
		t.Errorf("listed %s", got)
	}
	var shown, complaints bytes.Buffer
	if status := run(t.Context(), []string{"show", directory}, nil, &shown, &complaints); status != exit.OK || !strings.Contains(shown.String(), "/two") {
		t.Errorf("show: status %d, %s%s", status, &shown, &complaints)
	}
	alice.Delete(collection, "one") // of which the Jetstream says nothing
	expect("delete one signed")
	if got := list(1); got != "two " {
		t.Errorf("listed %s", got)
	}
	cancel()
	if status := <-ended; status != 1 || !strings.HasSuffix(messages.String(), "1 repository is current\nlayers: context canceled\n") {
		t.Errorf("status %d, %s", status, &messages)
	}
	close(events)
	if got := list(1); got != "two " {
		t.Errorf("listed %s when nothing is followed", got)
	}
}

// writeOf returns the creation of the record of the sources' tests.
func writeOf(t *testing.T, path string) repo.Write {
	t.Helper()
	data, err := lex.JSONToCBOR([]byte(sourceRecord))
	if err != nil {
		t.Fatal(err)
	}
	return repo.Write{Path: path, Data: data}
}
