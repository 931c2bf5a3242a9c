// Package stream tests package firehose against the reference PDS, and against a network that fails.
package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/faultproxy"
	"github.com/layers-pub/layers-go/tests/reference"
)

func TestMain(m *testing.M) { os.Exit(reference.Main(m)) }

const corpus = "pub.layers.corpus.corpus"

func local(s *reference.Servers) network.Network {
	return network.Network{PLC: s.PLC, PDS: s.PDS, AllowPrivate: true}
}

// verifying returns a client of the source at address that verifies commits.
func verifying(t *testing.T, s *reference.Servers, address string, opts ...firehose.Option) *firehose.Client {
	t.Helper()
	directory, err := identity.New(identity.WithNetwork(local(s)))
	if err != nil {
		t.Fatal(err)
	}
	c, err := firehose.New(address, append([]firehose.Option{firehose.WithNetwork(local(s)), firehose.WithDirectory(directory)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// value returns a record that keeps to its lexicon.
func value(text string) map[string]any {
	return map[string]any{"$type": corpus, "name": text, "createdAt": "2026-01-02T03:04:05.678Z"}
}

// TestEvents: what happens to an account of the reference PDS, in order, with the signatures verified; then the same from
// the beginning once more, and a cursor from the future.
func TestEvents(t *testing.T) {
	s := reference.Start(t)
	c := verifying(t, s, s.PDS)
	a := s.Account(t)
	did := syntax.DID(a.DID)
	_, first := a.CreateRecord(t, corpus, "one", value("one"))
	_, second := a.PutRecord(t, corpus, "one", value("two"))
	a.CreateRecord(t, "app.bsky.feed.post", "other", map[string]any{"$type": "app.bsky.feed.post", "text": "x"})
	a.DeleteRecord(t, corpus, "one")
	a.CreateRecord(t, corpus, "two", value("three"))
	a.Deactivate(t)
	a.Activate(t)
	a.CreateRecord(t, corpus, "last", value("last"))

	want := []string{
		"identity", "account true", "commit 0", "sync", "create one " + first + " signed", "commit 1", "update one " + second + " signed", "commit 1",
		"commit 0", "delete one  signed", "commit 1", "create two", "commit 1", "account false deactivated", "account true", "identity", "sync", "create last",
	}
	options := &firehose.Options{
		DIDs: []syntax.DID{did}, Cursor: lex.SomeInt(0), Lookup: records.Lookup,
		Commits: func(d []byte) bool { return string(d) == a.DID },
	}
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	var got []string
	var last int64
	for event, err := range c.Subscribe(ctx, options) {
		if err != nil {
			t.Fatalf("%v after %q", err, got)
		}
		if seq := event.Head().Seq; seq < last {
			t.Errorf("%d after %d", seq, last)
		} else {
			last = seq
		}
		switch e := event.(type) {
		case *firehose.Record:
			got = append(got, fmt.Sprintf("%s %s %s %s", e.Action, e.RecordKey, e.CID, e.Trust))
			if (e.Value == nil) != (e.Action == firehose.Delete) || len(e.Issues) > 0 || e.DID != did {
				t.Errorf("%+v", e)
			}
		case *firehose.Commit:
			got = append(got, fmt.Sprint("commit ", e.Records))
		case *firehose.Sync:
			got = append(got, "sync")
		case *firehose.Identity:
			got = append(got, "identity")
		case *firehose.Account:
			got = append(got, strings.TrimSpace(fmt.Sprint("account ", e.Active, " ", e.Status)))
		default:
			t.Errorf("%T %+v", e, e)
		}
		if e, ok := event.(*firehose.Record); ok && e.RecordKey == "last" {
			break
		}
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || !strings.HasPrefix(got[i], want[i]) {
			t.Fatalf("event %d: got\n%s\nwant\n%s", i, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}

	for _, err := range c.Subscribe(ctx, &firehose.Options{Cursor: lex.SomeInt(last + 1_000_000), Reconnect: true}) {
		if !errors.Is(err, firehose.ErrFutureCursor) {
			t.Errorf("a cursor from the future: %v", err)
		}
	}
}

// TestRotation: a key that changes between two commits is looked up again. Commits under the old key no longer verify.
func TestRotation(t *testing.T) {
	s := reference.Start(t)
	c := verifying(t, s, s.PDS)
	a := s.Account(t)
	a.CreateRecord(t, corpus, "before", value("before"))
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	for _, want := range []string{"before signed, after signed", "bad, bad, after signed"} {
		var got []string
		for event, err := range c.Subscribe(ctx, &firehose.Options{DIDs: []syntax.DID{syntax.DID(a.DID)}, Cursor: lex.SomeInt(0)}) {
			if err != nil {
				t.Fatal(err)
			}
			switch e := event.(type) {
			case *firehose.BadFrame:
				if got = append(got, "bad"); !errors.Is(e.Err, multikey.ErrSignature) {
					t.Error(e.Err)
				}
			case *firehose.Record:
				if got = append(got, fmt.Sprint(e.RecordKey, " ", e.Trust)); e.RecordKey == "before" {
					a.RotateKey(t)
					a.CreateRecord(t, corpus, "after", value("after"))
				}
			}
			if len(got) > 0 && got[len(got)-1] == "after signed" {
				break
			}
		}
		if joined := strings.Join(got, ", "); joined != want {
			t.Errorf("%s, want %s", joined, want)
		}
	}
}

// TestFaults writes changes through the reference PDS, some of them several times in one commit, while a consumer is cut,
// stalled, fed slowly, given frames twice, and started again. The state that the events lead to is that of the PDS.
func TestFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	s := reference.Start(t)
	accounts := []*reference.Account{s.Account(t), s.Account(t), s.Account(t)}
	proxy := faultproxy.Start(t, s.PDS, func(n int) faultproxy.Fault {
		at := 300 + rand.Int64N(150_000)
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
		return faultproxy.Fault{Trickle: 20 * time.Microsecond, CutAfter: 3_000}
	})
	c := verifying(t, s, proxy.URL(), firehose.WithPing(100*time.Millisecond))
	store := firehose.NewCursorFile(filepath.Join(t.TempDir(), "cursor"))
	dids := []syntax.DID{}
	for _, a := range accounts {
		dids = append(dids, syntax.DID(a.DID))
	}

	const commits = 150
	changes := 0
	for n := range commits {
		a := accounts[rand.IntN(len(accounts))]
		var writes []map[string]any
		exists := present(t, a)
		for range 1 + rand.IntN(66) {
			key := fmt.Sprint("k", rand.IntN(90))
			w := map[string]any{"collection": corpus, "rkey": key}
			switch {
			case !exists[key]:
				w["$type"], w["value"] = "com.atproto.repo.applyWrites#create", value(fmt.Sprint(n, rand.IntN(1000)))
				exists[key] = true
			case rand.IntN(2) == 0:
				w["$type"], w["value"] = "com.atproto.repo.applyWrites#update", value(fmt.Sprint(n, rand.IntN(1000)))
			default:
				w["$type"] = "com.atproto.repo.applyWrites#delete"
				exists[key] = false
			}
			writes = append(writes, w)
			changes++
		}
		a.Post(t, "com.atproto.repo.applyWrites", map[string]any{"repo": a.DID, "writes": writes, "validate": false}).OK(t, nil)
		remembered[a.DID] = exists
	}
	for _, a := range accounts {
		a.CreateRecord(t, corpus, "end", value("end"))
	}

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	state := map[string]string{}
	revs := map[string]string{} // the newest revision of each path
	ends, reconnects, restarts, events := map[syntax.DID]bool{}, 0, 0, 0
	for len(ends) < len(accounts) || reconnects+restarts < 50 {
		left := 20 + rand.IntN(800)
		for event, err := range c.Subscribe(ctx, &firehose.Options{DIDs: dids, Cursors: store, Cursor: lex.SomeInt(0), Reconnect: true}) {
			if err != nil {
				t.Fatal(err)
			}
			switch e := event.(type) {
			case *firehose.Reconnect:
				reconnects++
			case *firehose.BadFrame, *firehose.Reset:
				t.Errorf("%T %+v", e, e)
			case *firehose.Record:
				events++
				path := string(e.URI())
				if string(e.Rev) < revs[path] && left%7 == 0 {
					break // delivered again: newer ones will follow
				}
				revs[path] = string(e.Rev)
				if state[path] = e.CID.String(); e.Action == firehose.Delete {
					delete(state, path)
				}
				if e.Trust != rec.Signed {
					t.Errorf("%s is %s", path, e.Trust)
				}
				if e.RecordKey == "end" {
					ends[e.DID] = true
				}
			}
			if left--; left <= 0 || len(ends) == len(accounts) { // nothing more would come
				break
			}
		}
		if restarts++; len(ends) == len(accounts) && reconnects+restarts < 50 {
			store = firehose.NewCursorFile(filepath.Join(t.TempDir(), "cursor")) // from the beginning once more
			clear(ends)
			clear(state)
		}
	}
	t.Logf("%d changes in %d commits; %d events, %d reconnections, %d restarts, %d connections", changes, commits, events, reconnects, restarts, proxy.Connections())
	for _, a := range accounts {
		want := listed(t, a)
		for path, cid := range want {
			if state[path] != cid {
				t.Errorf("%s is %q, want %q", path, state[path], cid)
			}
			delete(state, path)
		}
	}
	for path, cid := range state {
		t.Errorf("%s is %q, and is not there", path, cid)
	}
}

var remembered = map[string]map[string]bool{}

// present returns which keys an account has records under.
func present(t *testing.T, a *reference.Account) map[string]bool {
	if keys := remembered[a.DID]; keys != nil {
		return keys
	}
	keys := map[string]bool{}
	for uri := range listed(t, a) {
		keys[string(syntax.ATURI(uri).RecordKey())] = true
	}
	return keys
}

// listed returns the CIDs of an account's records by their URIs.
func listed(t *testing.T, a *reference.Account) map[string]string {
	t.Helper()
	var out struct {
		Records []struct {
			URI, CID string
			Value    json.RawMessage
		}
	}
	a.Servers.Get(t, "com.atproto.repo.listRecords", url.Values{"repo": {a.DID}, "collection": {corpus}, "limit": {"100"}}, "").OK(t, &out)
	all := map[string]string{}
	for _, r := range out.Records {
		all[r.URI] = r.CID
	}
	return all
}

// TestCorrupt: a byte that is changed on the way makes one frame a BadFrame, or ends the connection, and loses no other.
func TestCorrupt(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	for n := range 10 {
		a.CreateRecord(t, corpus, fmt.Sprint("k", n), value(strings.Repeat("long ", 100)))
	}
	var last int
	proxy := faultproxy.Start(t, s.PDS, func(int) faultproxy.Fault {
		return faultproxy.Fault{Frames: func(_ int, m []byte) [][]byte {
			if strings.Contains(string(m), a.DID) && strings.Contains(string(m), corpus+"/k4") {
				m = append([]byte(nil), m...)
				last = strings.LastIndex(string(m), "long")
				m[last] ^= 1
			}
			return [][]byte{m}
		}}
	})
	c := verifying(t, s, proxy.URL())
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	seen, bad := map[syntax.RecordKey]bool{}, 0
	for event, err := range c.Subscribe(ctx, &firehose.Options{DIDs: []syntax.DID{syntax.DID(a.DID)}, Cursor: lex.SomeInt(0)}) {
		if err != nil {
			t.Fatal(err)
		}
		switch e := event.(type) {
		case *firehose.BadFrame:
			if bad++; string(e.DID) != a.DID || e.Rev == "" || e.Seq == 0 {
				t.Errorf("%+v", e)
			}
		case *firehose.Record:
			seen[e.RecordKey] = true
		}
		if seen["k9"] {
			break
		}
	}
	if len(seen) != 9 || seen["k4"] || bad != 1 || last == 0 {
		t.Errorf("seen %v, %d bad", seen, bad)
	}
}

// TestChained follows a repository of the reference PDS from the state after its first commit, through a network that cuts
// connections and sends frames twice, and in subscriptions that start again at what was stored: every commit follows the one
// before, also those that state a path twice and those without a wanted record.
func TestChained(t *testing.T) {
	s := reference.Start(t)
	a := s.Account(t)
	const commits = 60
	for n := range commits {
		var writes []map[string]any
		key := fmt.Sprint("k", n)
		switch n % 4 {
		case 0:
			a.CreateRecord(t, "app.bsky.feed.post", key, map[string]any{"$type": "app.bsky.feed.post", "text": "x"})
			continue
		case 1: // created and changed
			writes = append(writes, write("create", key, value("one")), write("update", key, value("two")))
		case 2: // created and deleted, beside another one
			writes = append(writes, write("create", key, value("one")), write("delete", key, nil), write("create", key+"-other", value("other")))
		default: // changed twice
			before := fmt.Sprint("k", n-2)
			writes = append(writes, write("update", before, value(key)), write("update", before, value(key+" again")))
		}
		a.Post(t, "com.atproto.repo.applyWrites", map[string]any{"repo": a.DID, "writes": writes, "validate": false}).OK(t, nil)
	}
	a.CreateRecord(t, corpus, "end", value("end"))
	proxy := faultproxy.Start(t, s.PDS, func(n int) faultproxy.Fault {
		if n%2 == 0 {
			return faultproxy.Fault{CutAfter: 10_000 + rand.Int64N(40_000)}
		}
		return faultproxy.Fault{CutAfter: 60_000, Frames: func(_ int, m []byte) [][]byte { return [][]byte{m, m} }}
	})
	c := verifying(t, s, proxy.URL())
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	// The PDS has frames of other tests, some of which are larger than what the proxy lets through.
	start := int64(-1)
	for event, err := range verifying(t, s, s.PDS).Subscribe(ctx, &firehose.Options{DIDs: []syntax.DID{syntax.DID(a.DID)}, Cursor: lex.SomeInt(0)}) {
		if err != nil {
			t.Fatal(err)
		}
		start = event.Head().Seq - 1
		break
	}
	var known reposync.State
	var shared atomic.Pointer[reposync.State] // the same for other goroutines
	shared.Store(new(reposync.State))
	store := firehose.NewCursorFile(filepath.Join(t.TempDir(), "cursor"))
	seen, ended := 0, false
	for !ended {
		left := 1 + rand.IntN(40)
		for event, err := range c.Subscribe(ctx, &firehose.Options{
			DIDs: []syntax.DID{syntax.DID(a.DID)}, Cursors: store, Cursor: lex.SomeInt(start), Reconnect: true,
			Commits: func([]byte) bool { return true },
			Known:   func(syntax.DID) (reposync.State, bool) { return *shared.Load(), true },
			Queue:   1, // one commit at a time, so that the loop has stored the one before
		}) {
			if err != nil {
				t.Fatal(err)
			}
			if e, ok := event.(*firehose.Commit); ok {
				if err := e.Follows(known); known.Rev != "" && (err != nil || e.Trust != rec.Chained || e.Desynchronized != nil) {
					t.Errorf("%s is %s: %v, %v", e.Rev, e.Trust, e.Desynchronized, err)
				}
				state := e.State()
				known = state
				shared.Store(&state)
				if seen++; seen == commits+2 { // the first one is empty
					ended = true
					break
				}
			}
			if left--; left < 0 {
				break
			}
		}
	}
	var head struct{ CID, Rev string }
	s.Get(t, "com.atproto.sync.getLatestCommit", url.Values{"did": {a.DID}}, "").OK(t, &head)
	if known.Commit.String() != head.CID || string(known.Rev) != head.Rev {
		t.Errorf("the state is %+v, the server's %+v", known, head)
	}
	t.Logf("%d connections", proxy.Connections())
}

func write(action, key string, value any) map[string]any {
	w := map[string]any{"$type": "com.atproto.repo.applyWrites#" + action, "collection": corpus, "rkey": key}
	if value != nil {
		w["value"] = value
	}
	return w
}
