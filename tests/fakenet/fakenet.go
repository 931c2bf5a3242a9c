// Package fakenet is a network for tests in this process: a PLC directory, PDSes and relays on loopback, whose accounts
// have real repositories with real signatures.
//
//	n := fakenet.Start(t)
//	server := n.PDS()
//	account := server.Account()
//	account.Commit(forge.Create("com.example.note/1", "hello"))
//
// It imports nothing of the SDK but what runtime/atptest/forge makes messages with. Its servers do what tests tell them to: they leave
// events out, forget them, are reset, refuse requests.
package fakenet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Network is a PLC directory with the servers that its documents name. It is safe for concurrent use, and so are its servers
// and accounts.
type Network struct {
	// PLC is the origin of the directory.
	PLC string

	tb       testing.TB
	mu       sync.Mutex
	change   sync.Cond
	accounts map[syntax.DID]*Account
	order    []*Account
	relays   []*Server
}

// Start starts a network that lasts until the end of the test.
func Start(tb testing.TB) *Network {
	n := &Network{tb: tb, accounts: map[syntax.DID]*Account{}}
	n.change.L = &n.mu
	server := httptest.NewServer(http.HandlerFunc(n.document))
	tb.Cleanup(server.Close)
	n.PLC = server.URL
	return n
}

// document answers as a PLC directory.
func (n *Network) document(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	defer n.mu.Unlock()
	did := strings.TrimPrefix(r.URL.Path, "/")
	a := n.accounts[syntax.DID(did)]
	if a == nil {
		answer(w, http.StatusNotFound, map[string]any{"message": "DID not registered: " + did})
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"@context": []string{"https://www.w3.org/ns/did/v1"}, "id": did,
		"alsoKnownAs":        []string{"at://" + strings.TrimPrefix(did, "did:plc:") + ".test"},
		"verificationMethod": []any{map[string]any{"id": did + "#atproto", "type": "Multikey", "controller": did, "publicKeyMultibase": a.forged.Key.Public().String()}},
		"service":            []any{map[string]any{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": a.server.URL}},
	})
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

// Server is a PDS or a relay.
type Server struct {
	// URL is its origin.
	URL string

	network *Network
	relay   bool
	log     []frame
	seq     int64 // of the last frame
	oldest  int64 // the frames up to this one are forgotten
	epoch   int   // counts cuts
	readers int   // connections of the stream
	before  func(w http.ResponseWriter, r *http.Request) bool
}

type frame struct {
	seq  int64
	data []byte
}

// PDS starts a server without accounts.
func (n *Network) PDS() *Server { return n.start(false) }

// Relay starts a relay of all PDSes: its stream has their events from now on, under its own numbers.
func (n *Network) Relay() *Server { return n.start(true) }

func (n *Network) start(relay bool) *Server {
	s := &Server{network: n, relay: relay}
	server := httptest.NewServer(s)
	n.tb.Cleanup(func() {
		s.Cut()
		server.Close()
	})
	s.URL = server.URL
	n.mu.Lock()
	defer n.mu.Unlock()
	if relay {
		n.relays = append(n.relays, s)
	}
	return s
}

// Intercept makes the server call f first for each request. It answers itself only if f returns false.
func (s *Server) Intercept(f func(w http.ResponseWriter, r *http.Request) bool) {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.before = f
}

// Cut ends all connections of the stream.
func (s *Server) Cut() {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.epoch++
	s.network.change.Broadcast()
}

// Forget makes the server forget the events so far: who asks for them gets the later ones, after an OutdatedCursor.
func (s *Server) Forget() {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.oldest, s.log = s.seq, nil
}

// Reset makes the server forget the events so far and count from 1 again, and cuts all connections.
func (s *Server) Reset() {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.seq, s.oldest, s.log = 0, 0, nil
	s.epoch++
	s.network.change.Broadcast()
}

// Seq returns the number of the last event.
func (s *Server) Seq() int64 {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	return s.seq
}

// Subscribed returns how many connections of the stream there are.
func (s *Server) Subscribed() int {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	return s.readers
}

// Send adds an event to the stream of this server alone.
func (s *Server) Send(make func(seq int64) []byte) {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	s.send(make)
}

func (s *Server) send(make func(seq int64) []byte) {
	s.seq++
	s.log = append(s.log, frame{s.seq, make(s.seq)})
	s.network.change.Broadcast()
}

// Account is an account with its repository.
type Account struct {
	DID syntax.DID

	network *Network
	forged  *forge.Account
	server  *Server
	active  bool
	status  string
	gone    bool // the server does not know it any more
}

// Account makes an account without a commit.
func (s *Server) Account() *Account {
	n := s.network
	n.mu.Lock()
	defer n.mu.Unlock()
	const letters = "abcdefghijklmnopqrstuvwxyz234567"
	id := []byte(strings.Repeat("a", 24))
	for i, left := len(id)-1, len(n.order); left > 0; i, left = i-1, left/32 {
		id[i] = letters[left%32]
	}
	did := syntax.DID("did:plc:" + string(id))
	a := &Account{DID: did, network: n, forged: forge.New(did, multikey.K256), server: s, active: true}
	n.accounts[did] = a
	n.order = append(n.order, a)
	return a
}

// send adds an event to the streams of the account's server and of all relays.
func (a *Account) send(make func(seq int64) []byte) {
	a.server.send(make)
	for _, relay := range a.network.relays {
		relay.send(make)
	}
}

// Commit changes the repository and sends the event.
func (a *Account) Commit(writes ...repo.Write) *reposync.Commit {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	m := a.forged.Commit(writes...)
	a.send(func(seq int64) []byte { return forge.Frame(m, seq, time.Now()) })
	return m
}

// Silent changes the repository without an event.
func (a *Account) Silent(writes ...repo.Write) *reposync.Commit {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return a.forged.Commit(writes...)
}

// Forge makes a commit and sends its message with a defect; see [forge.Account.Forge]. The first call makes a commit that the
// defects need.
func (a *Account) Forge(defect string) (genuine, forged *reposync.Commit) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	genuine, forged = a.forged.Forge(forge.DefectNamed(defect))
	a.send(func(seq int64) []byte { return forge.Frame(forged, seq, time.Now()) })
	return genuine, forged
}

// Prepare makes the commit that Forge needs, and sends it.
func (a *Account) Prepare() {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	m := a.forged.Prepare()
	a.send(func(seq int64) []byte { return forge.Frame(m, seq, time.Now()) })
}

// Send sends any message as an event of the account.
func (a *Account) Send(make func(seq int64) []byte) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.send(make)
}

// Sync sends a #sync event with the latest commit.
func (a *Account) Sync() {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	m := a.forged.Sync()
	a.send(func(seq int64) []byte { return forge.SyncFrame(m, seq, time.Now()) })
}

// SetStatus makes the account active or not, and sends the event unless it is silent. With the status "deleted" the server
// does not know the account any more.
func (a *Account) SetStatus(active bool, status string, silent bool) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.active, a.status, a.gone = active, status, status == "deleted"
	if !silent {
		a.send(func(seq int64) []byte { return forge.AccountFrame(a.DID, active, status, seq, time.Now()) })
	}
}

// Move moves the account to another server, which sends an #identity event.
func (a *Account) Move(to *Server) {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	a.server = to
	a.send(func(seq int64) []byte { return forge.IdentityFrame(a.DID, "", seq, time.Now()) })
}

// Records returns the CIDs of the records in some collections by their paths.
func (a *Account) Records(wanted func(path string) bool) map[string]string {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	out := map[string]string{}
	if _, c := a.forged.Repo.Commit(); !c.Defined() {
		return out
	}
	var b bytes.Buffer
	if err := a.forged.Repo.Archive(context.Background(), &b); err != nil {
		panic(err)
	}
	r, err := repo.FromBytes(context.Background(), b.Bytes())
	if err != nil {
		panic(err)
	}
	for leaf, err := range r.Leaves(context.Background()) {
		if err != nil {
			panic(err)
		}
		if path := string(leaf.Collection) + "/" + string(leaf.RecordKey); wanted(path) {
			out[path] = leaf.CID.String()
		}
	}
	return out
}

// State returns the state of the repository.
func (a *Account) State() reposync.State {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return a.forged.State()
}

// Archive returns the archive of the repository.
func (a *Account) Archive() []byte {
	a.network.mu.Lock()
	defer a.network.mu.Unlock()
	return a.archive()
}

func (a *Account) archive() []byte {
	var b bytes.Buffer
	if err := a.forged.Repo.Archive(context.Background(), &b); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.network.mu.Lock()
	before := s.before
	s.network.mu.Unlock()
	if before != nil && before(w, r) {
		return
	}
	method := strings.TrimPrefix(r.URL.Path, "/xrpc/")
	q := r.URL.Query()
	switch method {
	case "com.atproto.sync.subscribeRepos":
		s.subscribe(w, r)
		return
	case "com.atproto.sync.listRepos", "com.atproto.sync.listReposByCollection":
		s.list(w, q.Get("collection"))
		return
	}
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	did := q.Get("did") + q.Get("repo")
	a := s.network.accounts[syntax.DID(did)]
	var commit repo.Commit
	var c cid.CID
	if a != nil {
		commit, c = a.forged.Repo.Commit()
	}
	switch {
	case a == nil || a.gone || a.server != s && !s.relay || !c.Defined():
		answer(w, http.StatusBadRequest, map[string]any{"error": "RepoNotFound", "message": "Could not find repo for DID: " + did})
		return
	case !a.active:
		names := map[string]string{"deactivated": "RepoDeactivated", "takendown": "RepoTakendown", "suspended": "RepoSuspended"}
		name := names[a.status]
		if name == "" {
			name = "RepoNotFound"
		}
		answer(w, http.StatusBadRequest, map[string]any{"error": name, "message": "Repo is not active: " + did})
		return
	}
	switch method {
	case "com.atproto.sync.getRepo":
		w.Header().Set("Content-Type", "application/vnd.ipld.car")
		b := a.archive()
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		w.Write(b)
	case "com.atproto.sync.getLatestCommit":
		answer(w, http.StatusOK, map[string]any{"cid": c.String(), "rev": commit.Rev})
	case "com.atproto.repo.describeRepo":
		answer(w, http.StatusOK, map[string]any{
			"handle": "handle.invalid", "did": did, "didDoc": map[string]any{}, "collections": a.collections(), "handleIsCorrect": true,
		})
	default:
		answer(w, http.StatusNotImplemented, map[string]any{"error": "MethodNotImplemented", "message": "Method Not Implemented"})
	}
}

// collections returns those that have records. The network must be locked.
func (a *Account) collections() []string {
	r, err := repo.FromBytes(context.Background(), a.archive())
	if err != nil {
		panic(err)
	}
	out := []string{}
	for leaf, err := range r.Leaves(context.Background()) {
		if err != nil {
			panic(err)
		}
		if n := len(out); n == 0 || out[n-1] != string(leaf.Collection) {
			out = append(out, string(leaf.Collection))
		}
	}
	return out
}

// list answers with the repositories that have records in a collection, or all if it is "".
func (s *Server) list(w http.ResponseWriter, collection string) {
	s.network.mu.Lock()
	defer s.network.mu.Unlock()
	repos := []any{}
	for _, a := range s.network.order {
		commit, c := a.forged.Repo.Commit()
		if a.gone || a.server != s && !s.relay || !c.Defined() {
			continue
		}
		if collection != "" {
			has := false
			for _, c := range a.collections() {
				has = has || c == collection
			}
			if !has || !a.active {
				continue
			}
			repos = append(repos, map[string]any{"did": a.DID})
			continue
		}
		entry := map[string]any{"did": a.DID, "head": c.String(), "rev": commit.Rev, "active": a.active}
		if a.status != "" {
			entry["status"] = a.status
		}
		repos = append(repos, entry)
	}
	answer(w, http.StatusOK, map[string]any{"repos": repos})
}

// subscribe serves the stream.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{}
	c, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer c.Close()
	ended := make(chan struct{})
	go func() { // answers pings
		defer close(ended)
		for {
			if _, _, err := c.ReadMessage(); err != nil {
				s.network.mu.Lock()
				s.network.change.Broadcast()
				s.network.mu.Unlock()
				return
			}
		}
	}()
	n := s.network
	n.mu.Lock()
	epoch, at := s.epoch, s.seq
	var first []byte
	if text := r.URL.Query().Get("cursor"); text != "" {
		fmt.Sscan(text, &at)
		switch {
		case at > s.seq:
			first = forge.ErrorFrame("FutureCursor", "Cursor in the future.")
		case at < s.oldest:
			first = forge.InfoFrame("OutdatedCursor", "Requested cursor exceeded limit. Possibly missing events")
		}
	}
	s.readers++
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		s.readers--
	}()
	if first != nil {
		c.WriteMessage(websocket.BinaryMessage, first)
		if at > s.Seq() {
			c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1008, "FutureCursor"), time.Now().Add(time.Second))
			<-ended
			return
		}
	}
	for {
		n.mu.Lock()
		var next *frame
		for next == nil && s.epoch == epoch && !isClosed(ended) {
			if len(s.log) > 0 && s.seq > at {
				next = &s.log[max(0, at+1-s.log[0].seq)] // their numbers have no gaps
			} else {
				n.change.Wait()
			}
		}
		n.mu.Unlock()
		if next == nil {
			return
		}
		at = next.seq
		if c.WriteMessage(websocket.BinaryMessage, next.data) != nil {
			return
		}
	}
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
