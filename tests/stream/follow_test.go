package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/boltstore"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/faultproxy"
	"github.com/layers-pub/layers-go/tests/reference"
)

// follower follows accounts of the reference PDS through a proxy, and notes what it is told.
type follower struct {
	t      *testing.T
	source *firehose.Client
	client *pds.Client
	path   string // of the store

	mu    sync.Mutex
	seen  map[string]string     // CIDs of changes by ID
	revs  map[string]syntax.TID // the newest revision of each record
	state map[syntax.DID]map[string]string
	again int
	gaps  int // problems
	live  int // changes from commits of the stream
}

func newFollower(t *testing.T, s *reference.Servers, proxy *faultproxy.Proxy) *follower {
	directory, err := identity.New(identity.WithNetwork(local(s)))
	if err != nil {
		t.Fatal(err)
	}
	client, err := pds.New(pds.WithDirectory(directory))
	if err != nil {
		t.Fatal(err)
	}
	return &follower{
		t: t, source: verifying(t, s, proxy.URL(), firehose.WithPing(100*time.Millisecond)), client: client, path: filepath.Join(t.TempDir(), "store"),
		seen: map[string]string{}, revs: map[string]syntax.TID{}, state: map[syntax.DID]map[string]string{},
	}
}

// run follows until a time is over or ctx ends.
func (f *follower) run(ctx context.Context, d time.Duration, dids []syntax.DID) {
	f.t.Helper()
	store, err := boltstore.Open(f.path)
	if err != nil {
		f.t.Fatal(err)
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	options := &follow.Options{Types: records.Types, Client: f.client, Repos: dids, Grace: 30 * time.Second}
	if err := follow.Run(ctx, f.source, store, f.handle, options); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		f.t.Fatal(err)
	}
}

func (f *follower) handle(_ context.Context, event follow.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch e := event.(type) {
	case *follow.Problem:
		f.gaps++
		f.t.Log(e)
	case *follow.Change:
		if e.Live {
			if f.live++; e.Trust != rec.Chained {
				f.t.Errorf("%s is %s", e.ID(), e.Trust)
			}
		}
		if _, again := f.seen[e.ID()]; again {
			f.again++
		} else if uri := string(e.URI()); e.Rev < f.revs[uri] {
			f.t.Errorf("%s comes after %s", e.ID(), f.revs[uri])
		} else {
			f.revs[uri] = e.Rev
		}
		f.seen[e.ID()] = e.CID.String()
		paths := f.state[e.DID]
		if paths == nil {
			paths = map[string]string{}
			f.state[e.DID] = paths
		}
		if paths[e.Path()] = e.CID.String(); e.Action == firehose.Delete {
			delete(paths, e.Path())
		}
	}
	return nil
}

// inRepo returns the CIDs of an account's records, as getRepo has them.
func (f *follower) inRepo(did syntax.DID) map[string]string {
	f.t.Helper()
	r, err := f.client.GetRepo(f.t.Context(), syntax.AtIdentifier(did), nil)
	if err != nil {
		f.t.Fatal(err)
	}
	defer r.Close()
	out := map[string]string{}
	for leaf, err := range r.Leaves(f.t.Context()) {
		if err != nil {
			f.t.Fatal(err)
		}
		if strings.HasPrefix(string(leaf.Collection), "pub.layers.") {
			out[string(leaf.Collection)+"/"+string(leaf.RecordKey)] = leaf.CID.String()
		}
	}
	return out
}

// stored returns what the store has of an account.
func (f *follower) stored(did syntax.DID) map[string]string {
	f.t.Helper()
	store, err := boltstore.OpenReadOnly(f.path)
	if err != nil {
		f.t.Fatal(err)
	}
	defer store.Close()
	paths, err := store.Paths(f.t.Context(), did, "", 1<<20)
	if err != nil {
		f.t.Fatal(err)
	}
	out := map[string]string{}
	for _, p := range paths {
		out[p.Path] = p.CID.String()
	}
	return out
}

// writer writes batches to an account, with paths that they change several times, and notes the changes after the operations
// on each path are folded.
type writer struct {
	account *reference.Account
	cids    map[string]string // by path
	want    map[string]string // CIDs of changes by ID
	writes  int
}

func (w *writer) batch(t *testing.T, n int) {
	t.Helper()
	var writes []map[string]any
	exists := map[string]bool{}
	for path := range w.cids {
		exists[path] = true
	}
	var paths []string
	for i := range 1 + rand.IntN(60) {
		key := fmt.Sprint("k", rand.IntN(80))
		path := corpus + "/" + key
		op := map[string]any{"collection": corpus, "rkey": key}
		switch {
		case !exists[path]:
			op["$type"], op["value"] = "com.atproto.repo.applyWrites#create", value(fmt.Sprint(n, " ", i))
			exists[path] = true
		case rand.IntN(2) == 0:
			op["$type"], op["value"] = "com.atproto.repo.applyWrites#update", value(fmt.Sprint(n, " ", rand.IntN(5)))
		default:
			op["$type"] = "com.atproto.repo.applyWrites#delete"
			exists[path] = false
		}
		writes, paths = append(writes, op), append(paths, path)
	}
	var out struct {
		Commit  struct{ Rev string }
		Results []struct{ CID string }
	}
	w.account.Post(t, "com.atproto.repo.applyWrites", map[string]any{"repo": w.account.DID, "writes": writes, "validate": false}).OK(t, &out)
	w.writes += len(writes)
	before := maps.Clone(w.cids)
	for i, path := range paths {
		if w.cids[path] = out.Results[i].CID; out.Results[i].CID == "" {
			delete(w.cids, path)
		}
	}
	for _, path := range paths {
		if w.cids[path] != before[path] {
			w.want[fmt.Sprintf("%s/%s/%s", w.account.DID, out.Commit.Rev, path)] = w.cids[path]
		}
	}
}

// TestFollow writes more than 5,000 changes through the reference PDS while a consumer is cut, stalled, fed slowly, given
// frames twice, and stopped and started again. Each change arrives, in the order of its record, and what the consumer has is
// what getRepo has.
func TestFollow(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	s := reference.Start(t)
	var writers []*writer
	var dids []syntax.DID
	for range 4 {
		a := s.Account(t)
		_, c := a.CreateRecord(t, corpus, "first", value("first"))
		writers = append(writers, &writer{account: a, cids: map[string]string{corpus + "/first": c}, want: map[string]string{}})
		dids = append(dids, syntax.DID(a.DID))
	}
	proxy := faultproxy.Start(t, s.PDS, func(n int) faultproxy.Fault {
		at := 2_000 + rand.Int64N(200_000)
		switch n % 6 {
		case 1:
			return faultproxy.Fault{CutAfter: at}
		case 2:
			return faultproxy.Fault{StallAfter: at}
		case 3:
			return faultproxy.Fault{CutAfter: at, HalfClose: true}
		case 4:
			return faultproxy.Fault{CutAfter: at, Frames: func(_ int, m []byte) [][]byte { return [][]byte{m, m} }}
		case 5:
			return faultproxy.Fault{Trickle: 20 * time.Microsecond, CutAfter: 30_000}
		}
		return faultproxy.Fault{}
	})
	f := newFollower(t, s, proxy)
	// The first run fetches, and receives an event, so that there is a position.
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f.run(ctx, 10*time.Minute, dids)
	}()
	has := func(did syntax.DID, key string) bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.state[did][corpus+"/"+key] != ""
	}
	for _, key := range []string{"first", "second"} {
		for i, w := range writers {
			if key == "second" {
				_, c := w.account.CreateRecord(t, corpus, key, value(key))
				w.cids[corpus+"/"+key] = c
			}
			for began := time.Now(); !has(dids[i], key); time.Sleep(10 * time.Millisecond) {
				if time.Since(began) > 2*time.Minute {
					t.Fatalf("%s of %s does not arrive", key, dids[i])
				}
			}
		}
	}
	time.Sleep(time.Second)
	cancel()
	<-done

	// All writes and at least 50 runs, the two beside each other.
	var writing sync.WaitGroup
	written := make(chan struct{})
	for _, w := range writers {
		writing.Go(func() {
			for n := range 50 {
				w.batch(t, n)
			}
		})
	}
	go func() {
		writing.Wait()
		close(written)
	}()
	runs := 0
	over := func() bool {
		select {
		case <-written:
			return runs >= 50 && runs+proxy.Connections() >= 100 // a short run may end before it is connected
		default:
			return false
		}
	}
	for ; !over(); runs++ {
		f.run(t.Context(), time.Duration(50+rand.IntN(400))*time.Millisecond, dids)
	}
	same := func() bool {
		for i, w := range writers {
			if !maps.Equal(f.stored(dids[i]), w.cids) {
				return false
			}
		}
		return true
	}
	for began := time.Now(); !same() && time.Since(began) < 5*time.Minute; runs++ {
		f.run(t.Context(), 2*time.Second, dids)
	}

	writes, changes := 0, 0
	for i, w := range writers {
		writes += w.writes
		for id, c := range w.want {
			if got, ok := f.seen[id]; !ok || got != c {
				t.Errorf("%s is %q, want %q", id, got, c)
			}
			changes++
		}
		inRepo := f.inRepo(dids[i])
		if stored := f.stored(dids[i]); !maps.Equal(stored, inRepo) {
			t.Errorf("%s: the store has %d records, getRepo %d, or others", dids[i], len(stored), len(inRepo))
		}
		if !maps.Equal(f.state[dids[i]], inRepo) {
			t.Errorf("%s: the changes lead to %d records, getRepo has %d, or others", dids[i], len(f.state[dids[i]]), len(inRepo))
		}
	}
	t.Logf("%d writes, %d changes when folded, %d of %d delivered from the stream; %d again; %d runs, %d connections, %d problems",
		writes, changes, f.live, len(f.seen), f.again, runs, proxy.Connections(), f.gaps)
	if writes < 5_000 {
		t.Errorf("%d writes, want 5,000", writes)
	}
}
