package jetstream

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/jetstream"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/faultproxy"
	"github.com/layers-pub/layers-go/tests/process"
	"github.com/layers-pub/layers-go/tests/reference"
	"github.com/layers-pub/layers-go/tests/traffic"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

const (
	corpus   = "pub.layers.corpus.corpus"
	patience = time.Minute
)

func value(text string) map[string]any {
	return map[string]any{"$type": corpus, "name": text, "createdAt": "2026-01-02T03:04:05.678Z"}
}

// server is a Jetstream that can be started again with what it has stored.
type server struct {
	t       *testing.T
	path    string
	args    []string
	address string
	process *process.Process
}

// start starts a Jetstream of the PDS, which reads all of its events.
func start(t *testing.T, s *reference.Servers, args ...string) *server {
	t.Helper()
	j := &server{t: t, path: process.Build(t, "github.com/bluesky-social/jetstream/cmd/jetstream"), address: process.Address(t)}
	j.args = append([]string{
		"--ws-url", "ws" + strings.TrimPrefix(s.PDS, "http") + "/xrpc/com.atproto.sync.subscribeRepos",
		"--listen-addr", j.address, "--metrics-listen-addr", process.Address(t), "--data-dir", t.TempDir(),
	}, args...)
	j.run("--override-relay-cursor", "0")
	return j
}

func (j *server) run(args ...string) {
	j.t.Helper()
	j.process = process.Start(j.t, "http://"+j.address, nil, j.path, append(args, j.args...)...)
}

// restart ends the server and starts it again.
func (j *server) restart() {
	j.t.Helper()
	j.process.Stop()
	j.run()
}

// settle waits until the server has stored all that was written: when it ends, it forgets what it has read and not stored.
func (j *server) settle(w *traffic.Writer, key string) {
	j.t.Helper()
	missing := map[syntax.DID]bool{}
	for _, a := range w.Accounts {
		a.PutRecord(j.t, corpus, key, value(key))
		missing[syntax.DID(a.DID)] = true
	}
	ctx, cancel := context.WithTimeout(j.t.Context(), patience)
	defer cancel()
	for event, err := range client(j.t, "ws://"+j.address).Subscribe(ctx, &firehose.Options{DIDs: w.DIDs(), Cursor: lex.SomeInt(0)}) {
		if err != nil {
			j.t.Errorf("waiting for the record %s: %v", key, err)
			return
		}
		if r, ok := event.(*firehose.Record); ok && string(r.RecordKey) == key {
			if delete(missing, r.DID); len(missing) == 0 {
				return
			}
		}
	}
}

func client(t *testing.T, address string, opts ...jetstream.Option) *jetstream.Client {
	t.Helper()
	c, err := jetstream.New(address, append([]jetstream.Option{jetstream.WithNetwork(network.Network{AllowPrivate: true})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestFaults writes changes of records of all types through the PDS, some of them several times in one commit, while the
// Jetstream is started again, and a consumer is cut, stalled, and started again. The state that the events lead to is that
// of the PDS's repositories, although the server leaves out changes on connections with a cursor.
func TestFaults(t *testing.T) {
	s := reference.Start(t)
	w := traffic.New(t, s, 2)
	j := start(t, s, "--liveness-ttl", "1h")
	proxy := faultproxy.Start(t, j.address, func(n int) faultproxy.Fault {
		at := 300 + rand.Int64N(1_000_000)
		switch n % 4 {
		case 0:
			return faultproxy.Fault{CutAfter: at}
		case 1:
			return faultproxy.Fault{StallAfter: at}
		case 2:
			return faultproxy.Fault{CutAfter: 1 + rand.Int64N(200)} // in the handshake
		}
		return faultproxy.Fault{CutAfter: at, HalfClose: true}
	})
	var wrote sync.WaitGroup
	wrote.Go(func() {
		for n := range 60 {
			if w.Commit(t); n%25 == 20 {
				j.settle(w, fmt.Sprint("settled", n))
				j.restart()
			}
		}
		w.End(t)
	})
	defer wrote.Wait()
	c := client(t, proxy.URL(), jetstream.WithPing(100*time.Millisecond))
	store := firehose.NewCursorFile(filepath.Join(t.TempDir(), "cursor"))
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	var state traffic.State
	reconnects, restarts := 0, 0
	for !state.Ended(w) {
		left := 100 + rand.IntN(600)
		options := &firehose.Options{DIDs: w.DIDs(), Cursors: store, Cursor: lex.SomeInt(0), Reconnect: true, Lookup: records.Lookup}
		for event, err := range c.Subscribe(ctx, options) {
			if err != nil {
				t.Fatalf("%v after %d events", err, state.Events)
			}
			switch e := event.(type) {
			case *firehose.Reconnect:
				reconnects++
			case *firehose.BadFrame:
				t.Errorf("%d %s: %v", e.Seq, e.DID, e.Err)
			case *firehose.Reset:
				t.Errorf("%+v", e)
			case *firehose.Record:
				if want := rec.Hashed; e.Action != firehose.Delete && e.Trust != want {
					t.Errorf("%s is %s", e.URI(), e.Trust)
				}
				state.Apply(e)
			}
			if left--; left <= 0 || state.Ended(w) {
				break
			}
		}
		restarts++
	}
	wrote.Wait()
	t.Logf("%d changes; %d events, %d of them again; %d reconnections, %d restarts", w.Changes, state.Events, state.Again, reconnects, restarts)
	state.Compare(t, w)
}

// follow subscribes until the end of the test.
func follow(t *testing.T, c *jetstream.Client, did string) <-chan firehose.Event {
	ctx, cancel := context.WithCancel(t.Context())
	events, ended := make(chan firehose.Event, 1000), make(chan bool)
	go func() {
		defer close(ended)
		for event, err := range c.Subscribe(ctx, &firehose.Options{DIDs: []syntax.DID{syntax.DID(did)}, Cursor: lex.SomeInt(0), Reconnect: true}) {
			if err != nil {
				return
			}
			events <- event
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return events
}

// until returns the records up to the one with a key, each as its action and its key.
func until(t *testing.T, events <-chan firehose.Event, key syntax.RecordKey) (got []string) {
	t.Helper()
	patient := time.After(patience)
	for {
		select {
		case event := <-events:
			switch e := event.(type) {
			case *firehose.Record:
				if got = append(got, fmt.Sprint(e.Action, " ", e.RecordKey)); e.RecordKey == key {
					return got
				}
			case *firehose.BadFrame, *firehose.Reset, *firehose.Sync, *firehose.Commit:
				t.Errorf("%T", e)
			}
		case <-patient:
			t.Fatalf("the record %s does not come after %q", key, got)
		}
	}
}

func write(t *testing.T, a *reference.Account, writes ...string) {
	t.Helper()
	var all []map[string]any
	for _, w := range writes {
		action, key, _ := strings.Cut(w, " ")
		key, text, _ := strings.Cut(key, " ")
		op := map[string]any{"$type": "com.atproto.repo.applyWrites#" + action, "collection": corpus, "rkey": key}
		if action != "delete" {
			op["value"] = value(text)
		}
		all = append(all, op)
	}
	a.Post(t, "com.atproto.repo.applyWrites", map[string]any{"repo": a.DID, "writes": all, "validate": false}).OK(t, nil)
}

// TestMissing: what a Jetstream leaves out of a commit that changes a record several times.
func TestMissing(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	j := start(t, s, "--liveness-ttl", "1h")
	a.CreateRecord(t, corpus, "there", value("there"))
	write(t, a, "create a one", "update a two")       // an update of a record that was never seen
	write(t, a, "create b one", "delete b")           // a deletion of a record that was never seen
	write(t, a, "delete there", "create there again") // two events with one ID
	write(t, a, "create last x")
	got := until(t, follow(t, client(t, "ws://"+j.address), a.DID), "last")
	want := []string{"create there", "update a", "delete b", "delete there", "create there", "create last"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestIdle: the server ends when the PDS is silent, and with it the connection. When it is started again, nothing is
// missing, but what it had read in the last seconds may come again.
func TestIdle(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	j := start(t, s, "--liveness-ttl", "5s") // connecting with a cursor takes longer than a second
	events := follow(t, client(t, "ws://"+j.address), a.DID)
	a.CreateRecord(t, corpus, "before", value("before"))
	until(t, events, "before")
	select {
	case <-j.process.Exited():
	case <-time.After(patience):
		t.Fatal("it does not end: say so in the documentation")
	}
	a.CreateRecord(t, corpus, "while", value("while"))
	j.run()
	got := until(t, events, "while")
	if got = slices.DeleteFunc(got, func(s string) bool { return s == "create before" }); !slices.Equal(got, []string{"create while"}) {
		t.Errorf("%q", got)
	}
}

// TestTail runs the command.
func TestTail(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	j := start(t, s, "--liveness-ttl", "1h")
	a.CreateRecord(t, corpus, "one", value("one"))
	a.DeleteRecord(t, corpus, "one")
	binary := filepath.Join(t.TempDir(), "layers")
	command := exec.Command("go", "build", "-o", binary, "./cmd/layers")
	command.Dir = filepath.Join("..", "..")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, binary, "tail", "--source", "jetstream", "--relay", "ws://"+j.address, "--did", a.DID,
		"--cursor", "0", "--limit", "4", "--jsonl", "--allow-private", "--plc", s.PLC).Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var kinds []string
	for line := range strings.Lines(string(out)) {
		var e struct{ Event, Action, Trust string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, strings.TrimSpace(e.Event+" "+e.Action+" "+e.Trust))
	}
	if want := []string{"identity", "account", "record create hashed", "record delete served"}; !slices.Equal(kinds, want) {
		t.Errorf("got %q, want %q", kinds, want)
	}
}
