package atptest_test

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func directory(t *testing.T, at network.Network) *identity.Directory {
	t.Helper()
	d, err := identity.New(identity.WithNetwork(at))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestIdentity resolves accounts as they change.
func TestIdentity(t *testing.T) {
	n := atptest.New(t)
	a, b := n.NewAccount("alice.test"), n.NewPDS().NewAccount("Bob.test")
	resolve := func(id string) string {
		got, err := directory(t, n.Options()).Resolve(t.Context(), syntax.AtIdentifier(id))
		if err != nil {
			return strings.TrimPrefix(fmt.Sprint(errors.Is(err, identity.ErrNotFound), errors.Is(err, identity.ErrInvalid)), "")
		}
		return fmt.Sprint(got.DID, got.Handle, got.PDS, got.Key)
	}
	is := func(a *atptest.Account) string {
		return fmt.Sprint(a.DID, a.Handle(), a.PDS().URL, a.SigningKey().Public())
	}
	check := func(name, id, want string) {
		t.Helper()
		if got := resolve(id); got != want {
			t.Errorf("%s: %s resolves to %s, want %s", name, id, got, want)
		}
	}
	check("a handle", "alice.test", is(a))
	check("a handle at another PDS", "bob.test", is(b))
	check("a DID", string(b.DID), is(b))
	check("nobody", "nobody.test", "true false")

	n.SetTXT("_atproto.alice.test")
	check("a handle without DNS", "alice.test", is(a))
	n.SetTXT("_atproto.alice.test", "did="+string(a.DID), "did="+string(b.DID))
	check("two DIDs in DNS", "alice.test", "false true")
	n.SetTXT("_atproto.alice.test", "did="+string(a.DID))

	a.SetHandle("alice2.test")
	check("another handle", "alice2.test", is(a))
	a.RotateKey(multikey.P256)
	check("another key", "alice2.test", is(a))
	a.MoveTo(b.PDS())
	check("another PDS", "alice2.test", is(a))
	a.ClaimHandle("bob.test")
	if got := resolve(string(a.DID)); strings.Contains(got, "bob.test") {
		t.Errorf("a claim that does not lead back: %s", got)
	}
	a.SetPDS("")
	if got := resolve(string(a.DID)); strings.Contains(got, "http") {
		t.Errorf("no PDS: %s", got)
	}
	a.SetSigningKey(multikey.Key{})
	if got := resolve(string(a.DID)); strings.Contains(got, a.SigningKey().Public().String()) {
		t.Errorf("no key: %s", got)
	}
	a.Tombstone()
	check("a tombstone", string(a.DID), "true false")

	// Another process has the environment alone.
	if _, err := n.Options().HTTPClient.Get("http://example.com/"); err == nil || !strings.Contains(err.Error(), "no such host") {
		t.Errorf("the network has example.com: %v", err)
	}
}

// TestEnvironment reads the network as another process would.
func TestEnvironment(t *testing.T) {
	n := atptest.New(t)
	a := n.NewAccount("alice.test")
	for _, variable := range n.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	at, err := network.FromEnv()
	if err != nil || at.Appview == "" {
		t.Fatalf("%v, %v", at, err)
	}
	got, err := directory(t, at).Resolve(t.Context(), "alice.test")
	if err != nil || got.DID != a.DID {
		t.Errorf("%v, %v", got, err)
	}
}

// TestOperations verifies the operations of an account in the directory: their chain, their signatures and the DID.
func TestOperations(t *testing.T) {
	n := atptest.New(t)
	a := n.NewAccount("alice.test")
	a.SetHandle("alice2.test")
	a.RotateKey(multikey.K256)
	a.MoveTo(n.NewPDS())
	var log []struct {
		Operation map[string]any
		CID       string
		DID       syntax.DID
	}
	if err := json.Unmarshal(get(t, n.PLC().URL+"/"+string(a.DID)+"/log/audit"), &log); err != nil {
		t.Fatal(err)
	}
	if len(log) != 4 {
		t.Fatalf("%v", log)
	}
	encode := func(v any) []byte {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		data, err := lex.JSONToCBOR(text)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var prev any
	for i, op := range log {
		signed := encode(op.Operation)
		if i == 0 {
			hash := sha256.Sum256(signed)
			if want := "did:plc:" + strings.ToLower(base32.StdEncoding.EncodeToString(hash[:]))[:24]; string(a.DID) != want {
				t.Errorf("the DID is %s, want %s", a.DID, want)
			}
		}
		if got := cid.Of(cid.DagCBOR, signed).String(); op.DID != a.DID || op.CID != got || op.Operation["prev"] != prev {
			t.Errorf("operation %d: %v", i, op)
		}
		signature, err := base64.RawURLEncoding.DecodeString(fmt.Sprint(op.Operation["sig"]))
		if err != nil {
			t.Error(err)
		}
		delete(op.Operation, "sig")
		if err := a.RotationKey().Public().Verify(encode(op.Operation), signature); err != nil {
			t.Errorf("operation %d: %v", i, err)
		}
		prev = op.CID
	}
	again := atptest.New(t).NewAccount("alice.test")
	if again.DID == a.DID || again.SigningKey().Public() == a.SigningKey().Public() {
		t.Error("the key does not change, or the DID does not depend on the PDS")
	}
}

// TestOptions checks that options that make no sense are errors.
func TestOptions(t *testing.T) {
	for _, opt := range []atptest.Option{
		atptest.WithClock(nil), atptest.WithRecords(nil), atptest.WithBlobLimit(0), atptest.WithSessions(0, time.Hour, 0),
		atptest.WithSessions(time.Hour, 0, 0), atptest.WithSessions(time.Hour, time.Hour, -1),
	} {
		if n, err := atptest.Start(opt); err == nil || !strings.HasPrefix(err.Error(), "atptest: With") {
			t.Errorf("%v, %v", n, err)
		}
	}
}

// TestMistakes checks that a network without a test panics when a handle is not valid, or taken.
func TestMistakes(t *testing.T) {
	n, err := atptest.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	n.NewAccount("alice.test")
	for _, handle := range []syntax.Handle{"alice.test", "ALICE.test", "nothing"} {
		func() {
			defer func() {
				if message := fmt.Sprint(recover()); !strings.Contains(message, strings.ToLower(string(handle))) {
					t.Errorf("%s: %s", handle, message)
				}
			}()
			n.NewAccount(handle)
		}()
	}
	n.NewAccount("bob.test") // the network is not locked
}

// TestStatus checks what servers say of accounts that are not active.
func TestStatus(t *testing.T) {
	n := atptest.New(t)
	relay := n.NewRelay()
	for _, test := range []struct {
		status                    atptest.Status
		name, login, repo, access string
	}{
		{atptest.Active, "", "", "", ""},
		{atptest.Deactivated, "deactivated", "", "RepoDeactivated", "AccountDeactivated"},
		{atptest.Takendown, "takendown", "AccountTakedown", "RepoTakendown", "AccountTakedown"},
		{atptest.Suspended, "suspended", "AccountTakedown", "RepoTakendown", "AccountTakedown"},
		{atptest.Deleted, "", "AuthenticationRequired", "RepoNotFound", "AccountNotFound"},
	} {
		handle := syntax.Handle("a" + string(test.status) + ".test")
		a := n.NewAccount(handle)
		session := login(t, n, a)
		a.SetStatus(test.status)
		if got := errorName(t, a.PDS(), "com.atproto.sync.getLatestCommit?did="+string(a.DID)); got != test.repo {
			t.Errorf("%s: reading: %q, want %q", test.status, got, test.repo)
		}
		_, err := auth.Login(t.Context(), syntax.AtIdentifier(a.DID), a.Password, auth.WithNetwork(n.Options()))
		if fmt.Sprint(err) != "<nil>" && test.login == "" || err == nil && test.login != "" || err != nil && !strings.Contains(err.Error(), test.login) {
			t.Errorf("%s: login: %v, want %q", test.status, err, test.login)
		}
		err = try(t, session, "com.atproto.repo.deleteRecord", fmt.Sprintf(`{"repo":%q,"collection":%q,"rkey":"1"}`, a.DID, note))
		if err == nil && test.access != "" || err != nil && (test.access == "" || !strings.Contains(err.Error(), test.access)) {
			t.Errorf("%s: writing: %v, want %q", test.status, err, test.access)
		}
		var status struct {
			Active bool
			Status string
		}
		if test.status == atptest.Deleted {
			continue
		}
		for _, server := range []string{a.PDS().URL, relay.URL} {
			if err := json.Unmarshal(get(t, server+"/xrpc/com.atproto.sync.getRepoStatus?did="+string(a.DID)), &status); err != nil || status.Status != test.name || status.Active != (test.name == "") {
				t.Errorf("%s: the status is %v, %v", test.status, status, err)
			}
		}
	}
}

// errorName returns the name of the error that a query answers with.
func errorName(t *testing.T, p *atptest.PDS, query string) string {
	t.Helper()
	var e struct{ Error string }
	if a := fetch(t, p.URL+"/xrpc/"+query); a.err != nil || json.Unmarshal(a.body, &e) != nil {
		t.Fatalf("%s: %s, %v", query, a.body, a.err)
	}
	return e.Error
}

// TestSessions renews, reuses and ends sessions with lifetimes that the test sets.
func TestSessions(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	pass := func(d time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
	}
	n := atptest.New(t, atptest.WithSessions(time.Hour, 24*time.Hour, time.Minute), atptest.WithClock(func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}))
	a := n.NewAccount("alice.test")
	access, refresh := a.NewSession()
	call := func(method, nsid, token string) (string, string) { return withToken(t, a.PDS(), method, nsid, token) }
	state := func(name, method, nsid, token, want string) {
		t.Helper()
		if got, _ := call(method, nsid, token); got != want {
			t.Errorf("%s: %s is %q, want %q", name, nsid, got, want)
		}
	}
	const getSession, refreshSession, deleteSession = "com.atproto.server.getSession", "com.atproto.server.refreshSession", "com.atproto.server.deleteSession"
	state("new", "GET", getSession, access, "")
	state("none", "GET", getSession, "", "AuthMissing")
	state("malformed", "GET", getSession, "a.b", "InvalidToken")
	state("forged", "GET", getSession, access[:len(access)-4]+"AAAA", "InvalidToken")
	state("wrong kind", "GET", getSession, refresh, "InvalidToken")
	state("wrong kind", "POST", refreshSession, access, "InvalidToken")
	pass(time.Hour)
	state("old", "GET", getSession, access, "ExpiredToken")
	_, body := call("POST", refreshSession, refresh)
	var renewed, again struct{ AccessJWT, RefreshJWT string }
	if err := json.Unmarshal([]byte(body), &renewed); err != nil {
		t.Fatal(err)
	}
	state("renewed", "GET", getSession, renewed.AccessJWT, "")
	_, body = call("POST", refreshSession, refresh)
	if err := json.Unmarshal([]byte(body), &again); err != nil || again.RefreshJWT == "" {
		t.Errorf("within the grace period: %s", body)
	}
	pass(time.Minute)
	state("used", "POST", refreshSession, refresh, "ExpiredToken")
	state("next", "POST", refreshSession, renewed.RefreshJWT, "")
	state("same", "POST", deleteSession, again.RefreshJWT, "")
	state("ended", "POST", refreshSession, again.RefreshJWT, "ExpiredToken")

	password := a.NewAppPassword()
	if _, err := auth.Login(t.Context(), "alice.test", password, auth.WithNetwork(n.Options())); err != nil {
		t.Errorf("an app password: %v", err)
	}
	if _, err := auth.Login(t.Context(), syntax.AtIdentifier(a.DID), "wrong", auth.WithNetwork(n.Options())); !errors.Is(err, auth.ErrPassword) {
		t.Errorf("a wrong password: %v", err)
	}
	_, refresh = a.NewSession()
	a.EndSessions()
	state("revoked", "POST", refreshSession, refresh, "ExpiredToken")

	// A client of the SDK renews by itself.
	session := login(t, n, a)
	a.PDS().Fail(fault.ExpiredToken().Once(), "com.atproto.repo.deleteRecord")
	if err := try(t, session, "com.atproto.repo.deleteRecord", fmt.Sprintf(`{"repo":%q,"collection":%q,"rkey":"1"}`, a.DID, note)); err != nil {
		t.Errorf("with an expired token: %v", err)
	}
}

// TestMove reads and writes through a move.
func TestMove(t *testing.T) {
	n := atptest.New(t)
	a := n.NewAccount("alice.test")
	old, moved := a.PDS(), n.NewPDS()
	read := reader(t, n)
	a.PutJSON(note, "1", text("before"))
	if got := pathsOf(t, read, a); len(got) != 1 {
		t.Fatal(got)
	}
	a.MoveTo(moved)
	a.PutJSON(note, "2", text("after"))
	if got := pathsOf(t, read, a); len(got) != 2 {
		t.Errorf("after the move: %q", got)
	}
	if got := errorName(t, old, "com.atproto.sync.getRepo?did="+string(a.DID)); got != "RepoDeactivated" {
		t.Errorf("the old server says %s", got)
	}
	a.MoveTo(old)
	if got := pathsOf(t, reader(t, n), a); len(got) != 2 {
		t.Errorf("after the way back: %q", got)
	}
	if got := errorName(t, moved, "com.atproto.sync.getRepo?did="+string(a.DID)); got != "RepoDeactivated" {
		t.Errorf("the server between says %s", got)
	}
}

// TestRelay checks what a relay answers, and that its numbers are its own.
func TestRelay(t *testing.T) {
	n := atptest.New(t)
	p := n.NewPDS()
	p.NewAccount("early.test")
	relay := n.NewRelay()
	if p.Seq() == 0 || relay.Seq() != 0 {
		t.Errorf("the PDS is at %d, the relay at %d", p.Seq(), relay.Seq())
	}
	var dids []string
	for i := range 5 {
		a := []*atptest.PDS{p, n.NewPDS()}[i%2].NewAccount(syntax.Handle(fmt.Sprintf("a%d.test", i)))
		a.PutJSON(note, "1", text("hello"))
		dids = append(dids, string(a.DID))
	}
	client, err := pds.New(pds.WithNetwork(n.Options()))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for item, err := range client.ListReposByCollection(t.Context(), relay.URL, note, nil) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(item))
	}
	if !slices.Equal(got, dids) {
		t.Errorf("got %q, want %q", got, dids)
	}
	answer := fetch(t, relay.URL+"/xrpc/com.atproto.sync.getRepo?did="+dids[1])
	location, err := url.Parse(answer.header.Get("Location"))
	if err != nil || answer.status != 302 || location.Host == strings.TrimPrefix(relay.URL, "http://") {
		t.Errorf("getRepo: %d %s", answer.status, answer.header)
	}
}

// TestWatch checks that an index that watches has what a new one would have.
func TestWatch(t *testing.T) {
	n := atptest.New(t)
	index := func() map[syntax.ATURI]string {
		m := map[syntax.ATURI]string{}
		n.Watch(func(c atptest.Change) {
			if c.Deleted {
				delete(m, c.URI)
			} else {
				m[c.URI] = c.CID.String()
			}
		})
		return m
	}
	a, b := n.NewAccount("alice.test"), n.NewAccount("bob.test")
	a.PutJSON(note, "1", text("before"))
	watching := index()
	for i, do := range []func(){
		func() { a.PutJSON(note, "1", text("after")) },
		func() { b.PutJSON(note, "1", text("bob")) },
		func() {
			a.Commit(repo.Write{Path: "com.example.note/2", Data: []byte{0xa0}}, repo.Write{Path: "com.example.note/1"})
		},
		func() { a.SetStatus(atptest.Deactivated) },
		func() { a.PutJSON(note, "3", text("while it is not active")) },
		func() { b.Delete(note, "1") },
		func() { a.SetStatus(atptest.Active) },
		func() { a.SetStatus(atptest.Deleted) },
	} {
		do()
		if fresh := index(); !maps.Equal(watching, fresh) {
			t.Errorf("step %d: %v, a new index has %v", i, watching, fresh)
		}
		if len(n.Records(note)) != len(watching) {
			t.Errorf("step %d: the network has %d records", i, len(n.Records(note)))
		}
	}
}

// TestClose closes a network while requests hang and streams are open.
func TestClose(t *testing.T) {
	n, err := atptest.Start()
	if err != nil {
		t.Fatal(err)
	}
	p := n.NewPDS()
	p.Fail(fault.Hang(), "com.atproto.sync.listRepos")
	done := make(chan error)
	for _, query := range []string{"com.atproto.sync.listRepos", "com.atproto.sync.subscribeRepos"} {
		go func() {
			_, err := n.Options().HTTPClient.Get(p.URL + "/xrpc/" + query)
			done <- err
		}()
	}
	<-done // the stream refuses what is not a WebSocket
	for p.Requests("com.atproto.sync.listRepos") == 0 {
		time.Sleep(time.Millisecond)
	}
	n.Close()
	if err := <-done; err == nil {
		t.Error("a request that hangs has an answer")
	}
	n.Close()
}
