package relay_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/reference"
	"github.com/layers-pub/layers-go/tests/relay"
)

// patience is how long a test waits for what has to come.
const patience = time.Minute

// events is a subscription that runs beside the test.
type events struct {
	t       *testing.T
	monitor *firehose.Monitor
	stop    func()
	next    chan firehose.Event
}

// follow subscribes until the end of the test.
func follow(t *testing.T, c *firehose.Client, options *firehose.Options) *events {
	ctx, cancel := context.WithCancel(t.Context())
	e := &events{t: t, monitor: new(firehose.Monitor), next: make(chan firehose.Event, 1000)}
	options.Monitor = e.monitor
	ended := make(chan bool)
	go func() {
		defer close(ended)
		for event, err := range c.Subscribe(ctx, options) {
			if err != nil {
				if ctx.Err() == nil {
					t.Errorf("the subscription ended: %v", err)
				}
				return
			}
			e.next <- event
		}
	}()
	e.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(e.stop)
	return e
}

// poll returns the next event but those that say that the connection was lost, or nil if none comes in time.
func (e *events) poll(d time.Duration) firehose.Event {
	timer := time.After(d)
	for {
		select {
		case event := <-e.next:
			if _, ok := event.(*firehose.Reconnect); !ok {
				return event
			}
		case <-timer:
			return nil
		}
	}
}

// until returns the last of the records with the given keys, which have to come in this order, once each.
func (e *events) until(keys ...syntax.RecordKey) *firehose.Record {
	e.t.Helper()
	for {
		event := e.poll(patience)
		if event == nil {
			e.t.Fatalf("the record %s does not come", keys[0])
		}
		record, ok := event.(*firehose.Record)
		switch {
		case !ok:
		case record.RecordKey == keys[0]:
			if keys = keys[1:]; len(keys) == 0 {
				return record
			}
		default:
			e.t.Errorf("the record %s comes before %s", record.RecordKey, keys[0])
		}
	}
}

// watcher knows which records a relay has sent.
type watcher struct {
	t    *testing.T
	stop func()

	mu   sync.Mutex
	seen map[string]bool
}

// watch subscribes to the relay beside the subscription of a test, to know when it has sent a record of an account.
func watch(t *testing.T, plc string, r *relay.Relay, did string) *watcher {
	w := &watcher{t: t, seen: map[string]bool{}}
	ctx, cancel := context.WithCancel(t.Context())
	c := verifying(t, plc, r.URL())
	ended := make(chan bool)
	go func() {
		defer close(ended)
		for event, err := range c.Subscribe(ctx, &firehose.Options{DIDs: []syntax.DID{syntax.DID(did)}, Cursor: lex.SomeInt(0), Reconnect: true}) {
			if err != nil {
				return
			}
			if record, ok := event.(*firehose.Record); ok {
				w.mu.Lock()
				w.seen[string(record.RecordKey)] = true
				w.mu.Unlock()
			}
		}
	}()
	w.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(w.stop)
	return w
}

// wait waits until the relay has sent the record with a key.
func (w *watcher) wait(key string) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		w.mu.Lock()
		seen := w.seen[key]
		w.mu.Unlock()
		if seen {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("the relay does not send the record %s", key)
		}
	}
}

// layers runs the command.
func layers(t *testing.T, s *reference.Servers, args ...string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "layers")
	command := exec.Command("go", "build", "-o", binary, "./cmd/layers")
	command.Dir = filepath.Join("..", "..")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	command = exec.CommandContext(ctx, binary, append(args, "--allow-private", "--plc", s.PLC)...)
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("layers %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// before returns the number of the PDS's event before the first one of an account.
func before(t *testing.T, s *reference.Servers, a *reference.Account) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	options := &firehose.Options{DIDs: []syntax.DID{syntax.DID(a.DID)}, Cursor: lex.SomeInt(0)}
	for event, err := range verifying(t, s.PLC, s.PDS).Subscribe(ctx, options) {
		if err != nil {
			t.Fatal(err)
		}
		return event.Head().Seq - 1
	}
	t.Fatalf("the PDS sends no event of %s", a.DID)
	return 0
}
