package follow_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/follow/memstore"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The collections of the tests: one that is wanted, and one that is not.
const (
	wanted   = "com.example.note"
	unwanted = "com.example.other"
)

func isWanted(path string) bool { return strings.HasPrefix(path, wanted+"/") }

// put returns the write of a wanted record, and remove its deletion.
func put(key, text string) repo.Write { return forge.Create(wanted+"/"+key, text) }
func remove(key string) repo.Write    { return forge.Delete(wanted + "/" + key) }
func other(key string) repo.Write     { return forge.Create(unwanted+"/"+key, key) }

// world is a consumer of a network: it applies the changes that it gets.
type world struct {
	t     *testing.T
	net   *atptest.Network
	store follow.Store
	// before, if it is not nil, is called first for each event.
	before func(follow.Event) error
	// unverified makes the source one that does not verify commits.
	unverified bool

	mu     sync.Mutex
	state  map[syntax.DID]map[string]string // CIDs by path
	events []follow.Event
	seen   map[string]int // how often each change came, by ID

	cancel context.CancelFunc
	done   chan error
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{t: t, net: atptest.New(t), store: memstore.New(), state: map[syntax.DID]map[string]string{}, seen: map[string]int{}}
}

func (w *world) network() network.Network {
	return w.net.Options()
}

func (w *world) directory() *identity.Directory {
	d, err := identity.New(identity.WithNetwork(w.network()))
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// options returns the options of most tests.
func (w *world) options(directory *identity.Directory) *follow.Options {
	client, err := pds.New(pds.WithDirectory(directory))
	if err != nil {
		w.t.Fatal(err)
	}
	return &follow.Options{Collections: []string{wanted}, Client: client, Grace: 100 * time.Millisecond}
}

// streamOnly returns the options of tests that say what comes of the stream alone: without a comparison, which would find what
// the stream is about to bring if it is slow.
func streamOnly(server *atptest.PDS) func(*follow.Options) {
	return func(o *follow.Options) { o.Host, o.Grace = server.URL, time.Hour }
}

// account makes an account with an empty repository.
func account(p *atptest.PDS) *atptest.Account {
	return p.NewAccount(syntax.Handle(fmt.Sprintf("a%d.test", accounts.Add(1))))
}

var accounts atomic.Int64

// recordsOf returns the CIDs of the records of an account by their paths.
func recordsOf(a *atptest.Account, wanted func(path string) bool) map[string]string {
	out := map[string]string{}
	for _, r := range a.Records("") {
		if path := string(r.URI.Collection()) + "/" + string(r.URI.RecordKey()); wanted(path) {
			out[path] = r.CID.String()
		}
	}
	return out
}

// stream is a PDS or a relay.
type stream interface{ Seq() int64 }

// origin returns the URL of a server.
func origin(s stream) string {
	if relay, ok := s.(*atptest.Relay); ok {
		return relay.URL
	}
	return s.(*atptest.PDS).URL
}

// start follows the stream of a server until stop is called.
func (w *world) start(source stream, set func(*follow.Options)) {
	w.t.Helper()
	directory := w.directory()
	options := w.options(directory)
	if set != nil {
		set(options)
	}
	opts := []firehose.Option{firehose.WithNetwork(w.network())}
	if !w.unverified {
		opts = append(opts, firehose.WithDirectory(directory))
	}
	client, err := firehose.New(origin(source), opts...)
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	w.cancel, w.done = cancel, make(chan error, 1)
	go func() { w.done <- follow.Run(ctx, client, w.store, w.handle, options) }()
	w.t.Cleanup(func() { w.stop() })
}

// stop ends Run, and returns its error.
func (w *world) stop() error {
	if w.cancel == nil {
		return nil
	}
	w.cancel()
	w.cancel = nil
	select {
	case err := <-w.done:
		if err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
	case <-time.After(time.Minute):
		b := make([]byte, 1<<20)
		w.t.Errorf("Run does not end\n%s", b[:runtime.Stack(b, true)])
	}
	return nil
}

func (w *world) handle(_ context.Context, event follow.Event) error {
	if w.before != nil {
		if err := w.before(event); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, event)
	c, ok := event.(*follow.Change)
	if !ok {
		return nil
	}
	c.Ack() // which has no effect
	paths := w.state[c.DID]
	if paths == nil {
		paths = map[string]string{}
		w.state[c.DID] = paths
	}
	w.seen[c.ID()]++
	if c.Action == firehose.Delete {
		delete(paths, c.Path())
	} else {
		paths[c.Path()] = c.CID.String()
		if string(c.Data) == "" {
			w.t.Errorf("%s has no data", c.ID())
		}
	}
	return nil
}

// until waits until a condition holds.
func (w *world) until(what string, holds func() bool) {
	w.t.Helper()
	for began := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 2*time.Minute {
			w.t.Fatalf("waited for %s; events:\n%s", what, strings.Join(w.lines(), "\n"))
		}
		select {
		case err := <-w.done:
			w.done <- err
			w.t.Fatalf("waited for %s, but Run ended: %v", what, err)
		default:
		}
	}
}

// current waits until the consumer has what the accounts have, and the store, too.
func (w *world) current(accounts ...*atptest.Account) {
	w.t.Helper()
	for _, a := range accounts {
		w.until(fmt.Sprint("the records of ", a.DID), func() bool {
			want, stored := recordsOf(a, isWanted), w.stored(a.DID)
			w.mu.Lock()
			defer w.mu.Unlock()
			return maps.Equal(w.state[a.DID], want) && maps.Equal(stored, want)
		})
	}
}

func (w *world) stored(did syntax.DID) map[string]string {
	out := map[string]string{}
	paths, err := w.store.Paths(w.t.Context(), did, "", 1<<20)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range paths {
		out[p.Path] = p.CID.String()
	}
	return out
}

// position returns the number of the event up to which all is done, as the store has it.
func (w *world) position(s stream) int64 {
	p, _, err := w.store.Position(w.t.Context(), "ws"+strings.TrimPrefix(origin(s), "http")+"/xrpc/com.atproto.sync.subscribeRepos")
	if err != nil {
		w.t.Fatal(err)
	}
	return p.Seq
}

// repo returns what the store has of a repository.
func (w *world) repo(did syntax.DID) follow.Repo {
	for r, err := range w.store.Repos(w.t.Context()) {
		if err != nil {
			w.t.Fatal(err)
		}
		if r.DID == did {
			return r
		}
	}
	return follow.Repo{}
}

// live waits until the store has repositories in the phase live, with the state of their accounts.
func (w *world) live(accounts ...*atptest.Account) {
	w.t.Helper()
	for _, a := range accounts {
		w.until(fmt.Sprint(a.DID, " to be live"), func() bool {
			r := w.repo(a.DID)
			return r.Phase == follow.Live && r.State == a.State()
		})
	}
}

// lines returns a line for each event.
func (w *world) lines() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for _, e := range w.events {
		out = append(out, line(e))
	}
	return out
}

func line(event follow.Event) string {
	switch e := event.(type) {
	case *follow.Change:
		return fmt.Sprint(e.Action, " ", e.Path(), " ", e.Trust, map[bool]string{true: " live", false: ""}[e.Live])
	case *follow.Account:
		return strings.TrimSpace(fmt.Sprint("account ", e.Active, " ", e.Status))
	case *follow.Identity:
		return "identity"
	case *follow.Current:
		from := ""
		if e.Server != "" {
			from = " of " + e.Server
		}
		return fmt.Sprintf("current %d +%d ~%d -%d", e.Records, e.Created, e.Updated, e.Deleted) + from
	case *follow.Problem:
		return fmt.Sprint("problem ", e)
	}
	return fmt.Sprintf("%T", event)
}

// has waits for an event whose line begins with a text.
func (w *world) has(beginning string) {
	w.t.Helper()
	w.until(beginning, func() bool {
		return slices.ContainsFunc(w.lines(), func(l string) bool { return strings.HasPrefix(l, beginning) })
	})
}

// clear forgets the events so far.
func (w *world) clear() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = nil
}
