package relay_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/relay"
)

// known are the states of repositories that a consumer has read.
type known struct {
	mu     sync.Mutex
	states map[syntax.DID]reposync.State
}

func (k *known) set(a *forge.Account) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.states[a.DID] = a.State()
}

func (k *known) get(did syntax.DID) (reposync.State, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	state, ok := k.states[did]
	return state, ok
}

// TestForgeries sends validly signed commits with each kind of defect through the relay, each followed by the genuine
// commit and by the next one. What the relay passes on is what package forge says. Then it drops the genuine commit as
// old, and the consumer refuses the forged one, or says that it does not follow the known state; and it says of the next
// commit that it does not follow that, until it knows a newer state. No forged change has the trust of a genuine one.
func TestForgeries(t *testing.T) {
	s := newSource(t)
	marker := forge.New("did:plc:mmmmmmmmmmmmmmmmmmmmmmmm", multikey.P256)
	s.add(marker)
	marker.Prepare()
	r := relay.Start(t, s.origin, relay.Options{PLC: s.plc})
	k := &known{states: map[syntax.DID]reposync.State{}}
	e := follow(t, verifying(t, s.plc, r.URL()), &firehose.Options{
		Collections: []string{"com.example.forged"}, Cursor: lex.SomeInt(0), Reconnect: true,
		Commits: func(did []byte) bool { return string(did) != string(marker.DID) }, Known: k.get,
	})
	// until collects the events of an account up to one that done accepts. The #sync of the marker is among them.
	until := func(t *testing.T, did syntax.DID, wait time.Duration, done func(firehose.Event) bool) (events []firehose.Event, ok bool) {
		t.Helper()
		for event := e.poll(wait); event != nil; event = e.poll(wait) {
			if who, _ := about(event); who == did {
				events = append(events, event)
			}
			if done(event) {
				return events, true
			}
		}
		return events, false
	}
	// read waits until the relay has read what was sent before. A message that it cannot decode ends its connection to the
	// source, and what is sent meanwhile is lost.
	read := func(t *testing.T, did syntax.DID) (events []firehose.Event) {
		t.Helper()
		wait := 20 * time.Millisecond
		for deadline := time.Now().Add(patience); time.Now().Before(deadline); wait = min(2*wait, time.Second) {
			s.sync(marker.Sync())
			some, ok := until(t, did, wait, func(event firehose.Event) bool {
				who, _ := about(event)
				return who == marker.DID
			})
			if events = append(events, some...); ok {
				return events
			}
		}
		t.Fatal("the relay sends nothing")
		return nil
	}
	// next waits for a commit.
	next := func(t *testing.T, m *reposync.Commit) []firehose.Event {
		t.Helper()
		s.commit(m)
		events, ok := until(t, m.DID, patience, func(event firehose.Event) bool {
			c, ok := event.(*firehose.Commit)
			return ok && c.DID == m.DID && c.Rev == m.Rev
		})
		if !ok {
			t.Fatalf("the commit %s does not come", m.Rev)
		}
		return events
	}

	for i, d := range append([]forge.Defect{forge.Genuine}, forge.Defects...) {
		if d.Name == "frame of 5,000,001 bytes" {
			continue // it is about the size that a reader counts
		}
		t.Run(d.Name, func(t *testing.T) {
			a := forge.New(syntax.DID(fmt.Sprintf("did:plc:%s%c%c", strings.Repeat("a", 22), 'a'+i/26, 'a'+i%26)), multikey.K256)
			s.add(a)
			a.Prepare()
			k.set(a)
			s.sync(a.Sync())
			genuine, forged := a.Forge(d)
			var events []firehose.Event
			for _, m := range []*reposync.Commit{forged, genuine} {
				s.commit(m)
				events = append(events, read(t, a.DID)...)
			}
			events = append(events, next(t, a.Commit(forge.Create("com.example.forged/next", "next")))...)

			var got []string
			for _, event := range events {
				switch x := event.(type) {
				case *firehose.BadFrame:
					got = append(got, fmt.Sprint("bad ", x.Rev == forged.Rev && errors.Is(x.Err, d.Want)))
				case *firehose.Commit:
					of := map[syntax.TID]string{genuine.Rev: "commit ", a.State().Rev: "next "}
					got = append(got, fmt.Sprint(of[x.Rev], x.Trust, errors.Is(x.Desynchronized, reposync.ErrDesynchronized)))
				case *firehose.Record:
					if x.Trust > rec.Signed && d.Relayed && d.Want != nil {
						t.Errorf("%s %s is %s", x.Action, x.RecordKey, x.Trust)
					}
				}
			}
			want := "commit chained false, next chained false"
			switch {
			case d.Want == nil || !d.Relayed:
			case d.Want == reposync.ErrInvalid:
				want = "bad true, next signed true"
			case d.Want == reposync.ErrDesynchronized:
				want = "commit signed true, next signed true"
			}
			if text := strings.Join(got, ", "); text != want {
				t.Errorf("got %s, want %s", text, want)
				for _, event := range events {
					if bad, ok := event.(*firehose.BadFrame); ok {
						t.Log(bad.Err)
					}
				}
			}

			// The caller has read the repository again.
			k.set(a)
			for _, event := range next(t, a.Commit(forge.Create("com.example.forged/last", "last"))) {
				if c, ok := event.(*firehose.Commit); ok && (c.Trust != rec.Chained || c.Desynchronized != nil) {
					t.Errorf("after a repair: %s, %v", c.Trust, c.Desynchronized)
				}
			}
		})
	}
}

// about returns the repository that an event is about, and the revision.
func about(event firehose.Event) (syntax.DID, syntax.TID) {
	switch e := event.(type) {
	case *firehose.Record:
		return e.DID, e.Rev
	case *firehose.Commit:
		return e.DID, e.Rev
	case *firehose.Sync:
		return e.DID, e.Rev
	case *firehose.BadFrame:
		return e.DID, e.Rev
	}
	return "", ""
}
