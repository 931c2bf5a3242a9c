package relay_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/faultproxy"
	"github.com/layers-pub/layers-go/tests/reference"
	"github.com/layers-pub/layers-go/tests/relay"
	"github.com/layers-pub/layers-go/tests/traffic"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

const corpus = "pub.layers.corpus.corpus"

func value(text string) map[string]any {
	return map[string]any{"$type": corpus, "name": text, "createdAt": "2026-01-02T03:04:05.678Z"}
}

// verifying returns a client of the source at address that verifies commits with the keys in a directory.
func verifying(t *testing.T, plc, address string, opts ...firehose.Option) *firehose.Client {
	t.Helper()
	local := network.Network{PLC: plc, AllowPrivate: true}
	directory, err := identity.New(identity.WithNetwork(local))
	if err != nil {
		t.Fatal(err)
	}
	c, err := firehose.New(address, append([]firehose.Option{firehose.WithNetwork(local), firehose.WithDirectory(directory)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestFaults writes changes of records of all types through the reference PDS, while the relay in front of it loses its
// connection and is started again, and a consumer of the relay is cut, stalled, fed slowly, given frames twice, and
// started again. The state that the events lead to is that of the PDS's repositories.
func TestFaults(t *testing.T) {
	s := reference.Start(t)
	w := traffic.New(t, s, 3)
	upstream := faultproxy.Start(t, s.PDS, nil)
	r := relay.Start(t, upstream.Origin(), relay.Options{PLC: s.PLC, Foreign: true, Since: before(t, s, w.Accounts[0])})
	downstream := faultproxy.Start(t, r.URL(), func(n int) faultproxy.Fault {
		at := 300 + rand.Int64N(1_000_000)
		switch n % 6 {
		case 0:
			return faultproxy.Fault{CutAfter: at}
		case 1:
			return faultproxy.Fault{StallAfter: at}
		case 2:
			return faultproxy.Fault{CutAfter: at, HalfClose: true}
		case 3:
			return faultproxy.Fault{CutAfter: 1 + rand.Int64N(200)} // in the handshake
		case 4:
			return faultproxy.Fault{CutAfter: at, Frames: func(_ int, m []byte) [][]byte { return [][]byte{m, m} }}
		}
		return faultproxy.Fault{Trickle: 20 * time.Microsecond, CutAfter: 1_000}
	})

	var wrote sync.WaitGroup
	wrote.Go(func() {
		for n := range 150 {
			switch w.Commit(t); {
			case n%40 == 20:
				r.Restart()
			case n%40 == 0:
				upstream.CutAll()
			}
		}
		w.End(t)
	})
	defer wrote.Wait()

	c := verifying(t, s.PLC, downstream.URL(), firehose.WithPing(100*time.Millisecond))
	store := firehose.NewCursorFile(filepath.Join(t.TempDir(), "cursor"))
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	var state traffic.State
	reconnects, restarts, began := 0, 0, time.Now()
	for !state.Ended(w) || reconnects+restarts < 50 {
		left := 20 + rand.IntN(300)
		options := &firehose.Options{
			DIDs: w.DIDs(), Cursors: store, Cursor: lex.SomeInt(0), Reconnect: true, Lookup: records.Lookup,
		}
		for event, err := range c.Subscribe(ctx, options) {
			if err != nil {
				t.Fatalf("%v after %d events, %d reconnections, %d restarts, ended %v", err, state.Events, reconnects, restarts, state.Ended(w))
			}
			switch e := event.(type) {
			case *firehose.Reconnect:
				reconnects++
			case *firehose.BadFrame:
				t.Errorf("%d %s: %v", e.Seq, e.DID, e.Err)
			case *firehose.Reset:
				t.Errorf("%+v", e)
			case *firehose.Record:
				state.Apply(e)
			}
			if left--; left <= 0 || state.Ended(w) { // nothing more would come
				break
			}
		}
		if restarts++; state.Ended(w) && reconnects+restarts < 50 {
			store = firehose.NewCursorFile(filepath.Join(t.TempDir(), "cursor")) // from the beginning once more
			state = traffic.State{}
		}
	}
	wrote.Wait()
	t.Logf("%d changes in %v; %d events, %d of them again; %d reconnections, %d restarts, %d connections",
		w.Changes, time.Since(began).Round(time.Second), state.Events, state.Again, reconnects, restarts, downstream.Connections())
	state.Compare(t, w)
}

// TestFutureCursor: the relay answers a cursor that is ahead of it with silence, does not send the first event after that,
// and then sends events with lower numbers. The consumer reports a reset.
func TestFutureCursor(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	r := relay.Start(t, s.PDS, relay.Options{PLC: s.PLC, Since: before(t, s, a)})
	seen := watch(t, s.PLC, r, a.DID)
	a.CreateRecord(t, corpus, "before", value("before"))
	seen.wait("before")

	const future = 1_000_000
	events := follow(t, verifying(t, s.PLC, r.URL()), &firehose.Options{
		DIDs: []syntax.DID{syntax.DID(a.DID)}, Cursor: lex.SomeInt(future), Reconnect: true,
	})
	// Nothing says when the relay has registered the consumer: records are written until one arrives.
	var got []string
	var reset *firehose.Reset
	for n := 0; len(got) < 3; n++ {
		key := fmt.Sprint("n", n)
		a.CreateRecord(t, corpus, key, value(key))
		seen.wait(key)
		for {
			event := events.poll(200 * time.Millisecond)
			if event == nil {
				break
			}
			switch e := event.(type) {
			case *firehose.Reset:
				reset = e
				got = append(got, "reset")
			case *firehose.Record:
				got = append(got, string(e.RecordKey))
			}
		}
	}
	if got[0] != "reset" || reset.Last.Seq != future || reset.Next.Seq <= 1 || reset.Next.Seq >= future {
		t.Errorf("%q, %+v", got, reset)
	}
	if got[1] == "n0" {
		t.Errorf("%q: the relay sent the first event: say so in the documentation", got)
	}
}

// TestReset: the relay is set up anew and numbers its events from 1, while a consumer is connected. The consumer connects
// again with its cursor, which is now ahead of the relay, and reports a reset.
func TestReset(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	r := relay.Start(t, s.PDS, relay.Options{PLC: s.PLC, Since: before(t, s, a)})
	seen := watch(t, s.PLC, r, a.DID)
	var keys []syntax.RecordKey
	for n := range 20 {
		keys = append(keys, syntax.RecordKey(fmt.Sprint("k", n)))
		a.CreateRecord(t, corpus, string(keys[n]), value("x"))
	}
	seen.wait("k19")
	seen.stop()

	events := follow(t, verifying(t, s.PLC, r.URL()), &firehose.Options{
		DIDs: []syntax.DID{syntax.DID(a.DID)}, Cursor: lex.SomeInt(0), Reconnect: true,
	})
	last := events.until(keys...)
	r.Reset()
	seen = watch(t, s.PLC, r, a.DID)
	connections := events.monitor.Health().Reconnects
	for n := 0; events.monitor.Health().Reconnects == connections; n++ {
		if time.Sleep(20 * time.Millisecond); n > 1000 {
			t.Fatal("the consumer does not connect again")
		}
	}
	var reset *firehose.Reset
	for n := 0; reset == nil; n++ {
		key := fmt.Sprint("n", n)
		a.CreateRecord(t, corpus, key, value(key))
		seen.wait(key)
		for event := events.poll(200 * time.Millisecond); event != nil; event = events.poll(200 * time.Millisecond) {
			switch e := event.(type) {
			case *firehose.Reset:
				reset = e
			case *firehose.BadFrame:
				t.Errorf("%d: %v", e.Seq, e.Err)
			}
		}
	}
	if reset.Last.Seq < last.Seq || reset.Next.Seq > 2+reset.Last.Seq || reset.Next.Seq >= reset.Last.Seq {
		t.Errorf("%+v after %d", reset, last.Seq)
	}
}

// TestQuiet: an event that the relay receives between the playback for a consumer and the consumer's registration is sent
// when the next one comes. Nothing is lost, and nothing comes twice.
func TestQuiet(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	var between atomic.Pointer[func()]
	r := relay.Start(t, s.PDS, relay.Options{PLC: s.PLC, Since: before(t, s, a), AfterPlayback: func() {
		if f := between.Swap(nil); f != nil {
			(*f)()
		}
	}})
	seen := watch(t, s.PLC, r, a.DID)
	proxy := faultproxy.Start(t, r.URL(), nil)
	events := follow(t, verifying(t, s.PLC, proxy.URL()), &firehose.Options{
		DIDs: []syntax.DID{syntax.DID(a.DID)}, Cursor: lex.SomeInt(0), Reconnect: true,
	})
	// The first event after the playback at the beginning is held back as well.
	a.CreateRecord(t, corpus, "first", value("first"))
	a.CreateRecord(t, corpus, "second", value("second"))
	first := events.until("first", "second")

	written := make(chan bool)
	write := func() {
		defer close(written)
		a.CreateRecord(t, corpus, "between", value("between"))
		seen.wait("between")
	}
	between.Store(&write)
	proxy.CutAll()
	select {
	case <-written:
	case <-time.After(time.Minute):
		t.Fatal("the consumer does not connect again")
	}
	for event := events.poll(300 * time.Millisecond); event != nil; event = events.poll(300 * time.Millisecond) {
		if e, ok := event.(*firehose.Record); ok {
			t.Errorf("%s came at once: say so in the documentation", e.RecordKey)
		}
	}
	a.CreateRecord(t, corpus, "next", value("next"))
	last := events.until("between", "next")
	if last.Seq <= first.Seq {
		t.Errorf("%d after %d", last.Seq, first.Seq)
	}
}

// TestTail runs the command against the relay.
func TestTail(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	r := relay.Start(t, s.PDS, relay.Options{PLC: s.PLC, Since: before(t, s, a)})
	seen := watch(t, s.PLC, r, a.DID)
	for n := range 3 {
		a.CreateRecord(t, corpus, fmt.Sprint("k", n), value("x"))
	}
	a.DeleteRecord(t, corpus, "k1")
	// The relay drops the #identity of an account that it cannot look up yet: then this is the last event.
	a.CreateRecord(t, corpus, "k3", value("x"))
	seen.wait("k3")
	out := layers(t, s, "tail", "--relay", r.URL(), "--did", a.DID, "--collection", corpus, "--cursor", "0", "--verify", "--limit", "7")
	for _, want := range []string{
		"account  " + a.DID + "  active",
		"create  at://" + a.DID + "/" + corpus + "/k0", "create  at://" + a.DID + "/" + corpus + "/k2", "delete  at://" + a.DID + "/" + corpus + "/k1",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestFollowCommand keeps a directory of records with the command, from the relay, which also says which repositories have
// them. What happened between two runs is there after the second.
func TestFollowCommand(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	r := relay.Start(t, s.PDS, relay.Options{PLC: s.PLC, Since: before(t, s, a)})
	seen := watch(t, s.PLC, r, a.DID)
	for n := range 3 {
		a.CreateRecord(t, corpus, fmt.Sprint("k", n), value("x"))
	}
	seen.wait("k2")
	directory := filepath.Join(t.TempDir(), "copy")
	follow := func(want ...string) {
		t.Helper()
		layers(t, s, "follow", "-o", directory, "--relay", r.URL(), "--did", a.DID, "--once")
		if got := strings.Count(layers(t, s, "list", "--from", directory, a.DID, corpus), "at://"+a.DID+"/"); got != len(want) {
			t.Errorf("%d records, want %d", got, len(want))
		}
		for _, key := range want {
			if out := layers(t, s, "get", "--from", directory, "at://"+a.DID+"/"+corpus+"/"+key); !strings.Contains(out, key) {
				t.Errorf("%s: %s", key, out)
			}
		}
	}
	follow("k0", "k1", "k2")
	a.DeleteRecord(t, corpus, "k1")
	a.CreateRecord(t, corpus, "k3", value("x"))
	seen.wait("k3")
	follow("k0", "k2", "k3")
}
