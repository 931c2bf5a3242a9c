package tap

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
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
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/tap"
	"github.com/layers-pub/layers-go/tests/faultproxy"
	"github.com/layers-pub/layers-go/tests/process"
	"github.com/layers-pub/layers-go/tests/reference"
	"github.com/layers-pub/layers-go/tests/traffic"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

const (
	corpus   = "pub.layers.corpus.corpus"
	patience = time.Minute
	// retry is how soon Tap sends again what is not acknowledged.
	retry = time.Second
)

func value(text string) map[string]any {
	return map[string]any{"$type": corpus, "name": text, "createdAt": "2026-01-02T03:04:05.678Z"}
}

// server is a Tap that can be started again with what it has stored.
type server struct {
	t       *testing.T
	path    string
	env     []string
	address string
	process *process.Process
}

// start starts a Tap that reads the PDS as its relay.
func start(t *testing.T, s *reference.Servers) *server {
	t.Helper()
	a := &server{t: t, path: process.Build(t, "github.com/bluesky-social/indigo/cmd/tap"), address: process.Address(t)}
	a.env = []string{
		"TAP_PLC_URL=" + s.PLC, "TAP_RELAY_URL=" + s.PDS, "TAP_BIND=" + a.address, "TAP_DATABASE_URL=sqlite://" + filepath.Join(t.TempDir(), "tap.db"),
		"TAP_RETRY_TIMEOUT=" + retry.String(), "TAP_COLLECTION_FILTERS=pub.layers.*", "TAP_LOG_LEVEL=warn",
	}
	a.run()
	return a
}

func (a *server) run(env ...string) {
	a.t.Helper()
	a.process = process.Start(a.t, "http://"+a.address+"/health", append(env, a.env...), a.path, "run")
}

// restart ends the server and starts it again, with more environment variables.
func (a *server) restart(env ...string) {
	a.t.Helper()
	a.process.Stop()
	a.run(env...)
}

// add adds repositories, and waits until they are read.
func (a *server) add(dids ...syntax.DID) {
	a.t.Helper()
	body, err := json.Marshal(map[string]any{"dids": dids})
	if err != nil {
		a.t.Fatal(err)
	}
	r, err := http.Post("http://"+a.address+"/repos/add", "application/json", bytes.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		a.t.Fatal(r.Status)
	}
	for _, did := range dids {
		a.wait(did, func(i info) bool { return i.State == "active" })
	}
}

// info is what Tap says of a repository.
type info struct {
	State, Rev string
	Records    int
}

// wait waits for a state of a repository.
func (a *server) wait(did syntax.DID, done func(info) bool) {
	a.t.Helper()
	var i info
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		r, err := http.Get("http://" + a.address + "/info/" + string(did))
		if err != nil {
			continue
		}
		json.NewDecoder(r.Body).Decode(&i)
		if r.Body.Close(); done(i) {
			return
		}
	}
	a.t.Fatalf("Tap says of %s: %+v\n%s", did, i, a.process.Output())
}

func client(t *testing.T, address string, opts ...tap.Option) *tap.Client {
	t.Helper()
	c, err := tap.New(address, append([]tap.Option{tap.WithNetwork(network.Network{AllowPrivate: true})}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestFaults writes changes of records of all types through the PDS while Tap is killed and started again, and a consumer
// is cut, stalled, and started again. The state that the events lead to is that of the PDS's repositories, but for deletions
// that Tap loses when it reads a repository again, as it may after it was killed: see TestDeletions.
func TestFaults(t *testing.T) {
	s := reference.Start(t)
	w := traffic.New(t, s, 2)
	w.Distinct = true // see TestDeletions
	for range 4 {
		w.Commit(t)
	}
	a := start(t, s)
	a.add(w.DIDs()...)
	proxy := faultproxy.Start(t, a.address, func(n int) faultproxy.Fault {
		at := 300 + rand.Int64N(200_000)
		switch n % 4 {
		case 0:
			return faultproxy.Fault{CutAfter: at}
		case 1:
			return faultproxy.Fault{StallAfter: at}
		case 2:
			return faultproxy.Fault{CutAfter: 1 + rand.Int64N(120)} // in the handshake
		}
		return faultproxy.Fault{CutAfter: at, HalfClose: true}
	})
	var wrote sync.WaitGroup
	wrote.Go(func() {
		for n := range 30 {
			if w.Commit(t); n == 10 {
				a.process.Kill()
				a.run()
			} else if n == 20 {
				a.restart()
			}
		}
		w.End(t)
	})
	defer wrote.Wait()
	c := client(t, proxy.URL(), tap.WithPing(100*time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	var state traffic.State
	reconnects, restarts := 0, 0
	for !state.Ended(w) {
		left := 20 + rand.IntN(200)
		for event, err := range c.Subscribe(ctx, &firehose.Options{DIDs: w.DIDs(), Reconnect: true, Lookup: records.Lookup}) {
			if err != nil {
				t.Fatalf("%v after %d events\n%s", err, state.Events, a.process.Output())
			}
			switch e := event.(type) {
			case *firehose.Reconnect:
				if reconnects++; e.Gap {
					t.Error("a gap: Tap sends again what is not acknowledged")
				}
			case *firehose.BadFrame:
				t.Errorf("%s: %v", e.DID, e.Err)
			case *firehose.Record:
				state.Apply(e)
			}
			if left--; left <= 0 || state.Ended(w) {
				break
			}
		}
		restarts++
	}
	wrote.Wait()
	wrong, undeleted := state.Difference(t, w)
	for _, uri := range wrong {
		t.Errorf("%s is %q, which is not what the PDS has", uri, state.Records[uri])
	}
	t.Logf("%d changes; %d events, %d of them again; %d reconnections, %d restarts; %d records that were deleted remain", w.Changes, state.Events, state.Again, reconnects, restarts, len(undeleted))
}

// follow subscribes until the end of the test.
func follow(t *testing.T, c *tap.Client) (events <-chan firehose.Event) {
	ctx, cancel := context.WithCancel(t.Context())
	all, ended := make(chan firehose.Event, 1000), make(chan bool)
	go func() {
		defer close(ended)
		for event, err := range c.Subscribe(ctx, &firehose.Options{Reconnect: true, Manual: true}) {
			if err != nil {
				return
			}
			all <- event
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return all
}

// next returns the next record. Everything else is acknowledged.
func next(t *testing.T, events <-chan firehose.Event) *firehose.Record {
	t.Helper()
	for timer := time.After(patience); ; {
		select {
		case event := <-events:
			if r, ok := event.(*firehose.Record); ok {
				return r
			}
			event.Ack()
		case <-timer:
			t.Fatal("no record comes")
		}
	}
}

// TestReusedNumbers: Tap is started again while an acknowledgement is pending, and gives the number of its event to another
// one. The acknowledgement is not sent: it would remove the other event.
func TestReusedNumbers(t *testing.T) {
	s := reference.Start(t)
	account := s.Account(t)
	account.CreateRecord(t, corpus, "first", value("first"))
	a := start(t, s)
	proxy := faultproxy.Start(t, a.address, nil)
	events := follow(t, client(t, proxy.URL()))
	a.add(syntax.DID(account.DID))
	pending := next(t, events)

	// It comes again on another connection, and is acknowledged there, so that Tap has no event left.
	proxy.CutAll()
	again := next(t, events)
	if again.ID() != pending.ID() || again.Seq != pending.Seq {
		t.Fatalf("%s comes after %s", again.ID(), pending.ID())
	}
	again.Ack()
	time.Sleep(11 * time.Second) // Tap removes what is acknowledged every 10 seconds
	a.restart()

	// Events take the numbers once more, up to the one that is pending.
	for n := 0; ; n++ {
		key := syntax.RecordKey(fmt.Sprint("n", n))
		account.CreateRecord(t, corpus, string(key), value(string(key)))
		r := next(t, events)
		if r.RecordKey != key {
			t.Fatalf("%s comes, not %s", r.RecordKey, key)
		}
		if r.Seq < pending.Seq {
			r.Ack()
			continue
		}
		if r.Seq != pending.Seq {
			t.Fatalf("the numbers go on from %d with %d: say so in the documentation", pending.Seq, r.Seq)
		}
		pending.Ack()
		if again := next(t, events); again.ID() != r.ID() {
			t.Errorf("%s was removed by the acknowledgement of %s", r.ID(), pending.ID())
		}
		return
	}
}

// TestDeletions: Tap refuses a commit that changes a record several times, as the PDS makes them, reads the repository
// again after the next one, and does not report what was deleted.
func TestDeletions(t *testing.T) {
	s := reference.Start(t)
	account := s.Account(t)
	did := syntax.DID(account.DID)
	for _, key := range []string{"kept", "deleted"} {
		account.CreateRecord(t, corpus, key, value(key))
	}
	a := start(t, s)
	a.add(did)
	events := follow(t, client(t, "ws://"+a.address))
	record := func() string {
		r := next(t, events)
		r.Ack()
		return fmt.Sprint(r.Action, " ", r.RecordKey)
	}
	got := []string{record(), record()} // the order of history is not that of the repository
	slices.Sort(got)
	account.CreateRecord(t, corpus, "live", value("live"))
	got = append(got, record())

	op := func(action, key string, value any) map[string]any {
		return map[string]any{"$type": "com.atproto.repo.applyWrites#" + action, "collection": corpus, "rkey": key, "value": value}
	}
	deletion := op("delete", "deleted", nil)
	delete(deletion, "value")
	account.Post(t, "com.atproto.repo.applyWrites", map[string]any{"repo": account.DID, "validate": false, "writes": []any{
		deletion, op("create", "twice", value("one")), op("update", "twice", value("two")),
	}}).OK(t, nil)
	account.CreateRecord(t, corpus, "last", value("last"))
	for !slices.Contains(got, "create last") || !slices.Contains(got, "create twice") {
		got = append(got, record())
	}
	account.CreateRecord(t, corpus, "end", value("end"))
	for !slices.Contains(got, "create end") {
		got = append(got, record()) // live events come after history
	}
	slices.Sort(got)
	got = slices.Compact(got) // what is acknowledged late comes again
	want := []string{"create deleted", "create end", "create kept", "create last", "create live", "create twice"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q: say in the documentation what is different", got, want)
	}
}

// TestTail runs the command.
func TestTail(t *testing.T) {
	s := reference.Start(t)
	account := s.Account(t)
	account.CreateRecord(t, corpus, "one", value("one"))
	a := start(t, s)
	a.add(syntax.DID(account.DID))
	binary := filepath.Join(t.TempDir(), "layers")
	command := exec.Command("go", "build", "-o", binary, "./cmd/layers")
	command.Dir = filepath.Join("..", "..")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	account.DeleteRecord(t, corpus, "one")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command = exec.CommandContext(ctx, binary, "tail", "--source", "tap", "--relay", "ws://"+a.address, "--did", account.DID,
		"--collection", corpus, "--allow-private", "--plc", s.PLC)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Wait()
	defer command.Process.Kill()
	want := []string{"create  at://" + account.DID + "/" + corpus + "/one", "delete  at://" + account.DID + "/" + corpus + "/one"}
	lines := bufio.NewScanner(stdout)
	for len(want) > 0 && lines.Scan() {
		if strings.Contains(lines.Text(), want[0]) {
			want = want[1:]
		}
	}
	if len(want) > 0 {
		t.Errorf("no line with %q", want)
	}
}
