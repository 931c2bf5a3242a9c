package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

func TestLogin(t *testing.T) {
	for _, actor := range []syntax.AtIdentifier{aliceHandle, syntax.AtIdentifier(alice), "Alice.Example.com"} {
		t.Run(string(actor), func(t *testing.T) {
			f := newFake()
			o := f.settings()
			if strings.HasPrefix(string(actor), "A") {
				f.set(func(w http.ResponseWriter, r *http.Request, method string) bool {
					if method == createSession {
						f.grant(w)
					}
					return method == createSession
				})
			}
			c, err := auth.Login(t.Context(), actor, password, o.options()...)
			if err != nil {
				t.Fatal(err)
			}
			session := c.Session()
			if c.DID() != alice || session.DID != alice || string(session.Handle) != string(aliceHandle) ||
				session.PDS != pdsOrigin || session.Issuer != "" {
				t.Errorf("session %v, issuer %q", session, session.Issuer)
			}
			if got, want := f.last[createSession], ""; got != want {
				t.Errorf("a login with Authorization %q", got)
			}
			mustCall(t, c)
			access, _ := session.Tokens()
			if got := f.last[ping]; got != "Bearer "+access {
				t.Errorf("Authorization %q", got)
			}
			if current, err := o.Store.Current(t.Context()); current != alice || err != nil {
				t.Errorf("current account %q, %v", current, err)
			}
			if got, _ := stored(t, o.Store, alice).Tokens(); got != access {
				t.Error("the store has another session")
			}
		})
	}
}

// A client without a store works, too.
func TestLoginWithoutStore(t *testing.T) {
	f := newFake()
	o := f.settings()
	o.Store = nil
	c := login(t, o)
	f.expire()
	mustCall(t, c)
	checkCount(t, f, refreshSession, 1)
}

func TestLoginResolves(t *testing.T) {
	f := newFake()
	f.set(func(w http.ResponseWriter, r *http.Request, method string) bool {
		switch {
		case r.Host == "plc.example.com" && r.URL.Path == "/"+string(alice):
			io.WriteString(w, document(alice, pdsOrigin))
		case r.Host == "plc.example.com" && r.URL.Path == "/"+string(bob):
			io.WriteString(w, document(bob, ""))
		case r.Host == "handles.example.com" && r.URL.Query().Get("handle") == string(aliceHandle):
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"did":"`+string(alice)+`"}`)
		case r.Host == "handles.example.com":
			refuse(w, 400, "InvalidRequest", "Unable to resolve handle")
		default:
			return false
		}
		return true
	})
	directory, err := identity.New(identity.WithNetwork(network.Network{PLC: "https://plc.example.com", Handles: "https://handles.example.com", HTTPClient: &http.Client{Transport: f}}))
	if err != nil {
		t.Fatal(err)
	}
	o := f.settings()
	o.Issuer, o.Directory = "", directory
	for _, actor := range []syntax.AtIdentifier{aliceHandle, syntax.AtIdentifier(alice)} {
		c, err := auth.Login(t.Context(), actor, password, o.options()...)
		if err != nil {
			t.Fatal(err)
		}
		if s := c.Session(); s.PDS != pdsOrigin || s.DID != alice {
			t.Errorf("session %v", s)
		}
	}
	before := f.count(createSession)
	for actor, want := range map[syntax.AtIdentifier]error{
		syntax.AtIdentifier(bob): nil, // its document names no PDS
		"nobody.example.com":     identity.ErrNotFound,
	} {
		if _, err := auth.Login(t.Context(), actor, password, o.options()...); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", actor, err, want)
		}
	}
	checkCount(t, f, createSession, before)

	// The server answers for another account than the one that the handle leads to.
	f.sub = bob
	if _, err := auth.Login(t.Context(), aliceHandle, password, o.options()...); !errors.Is(err, auth.ErrAccount) {
		t.Errorf("%v, want %v", err, auth.ErrAccount)
	}

	// A handle that is not in the store is looked up, since it may be a new one.
	put(t, o.Store, auth.NewSession(alice, "former.example.com", pdsOrigin, "a", "r"))
	if c, err := auth.Resume(t.Context(), aliceHandle, o.options()...); err != nil || c.DID() != alice {
		t.Errorf("resumed %v, %v", c, err)
	}
	if _, err := auth.Resume(t.Context(), "nobody.example.com", o.options()...); !errors.Is(err, auth.ErrNoSession) {
		t.Errorf("%v, want %v", err, auth.ErrNoSession)
	}
}

func document(did syntax.DID, pds string) string {
	type service struct {
		ID       string `json:"id"`
		Type     string `json:"type"`
		Endpoint string `json:"serviceEndpoint"`
	}
	doc := struct {
		ID      syntax.DID `json:"id"`
		Aka     []string   `json:"alsoKnownAs"`
		Service []service  `json:"service"`
	}{ID: did, Aka: []string{"at://" + string(aliceHandle)}}
	if pds != "" {
		doc.Service = []service{{"#atproto_pds", "AtprotoPersonalDataServer", pds}}
	}
	data, _ := json.Marshal(doc)
	return string(data)
}

func TestLoginRefused(t *testing.T) {
	tests := []struct {
		name     string
		actor    syntax.AtIdentifier
		password string
		change   func(*fake, *settings)
		want     error
		requests int
	}{
		{"wrong password", aliceHandle, "wrong", nil, auth.ErrPassword, 1},
		{"no password", aliceHandle, "", nil, auth.ErrPassword, 0},
		{"password that is not text", aliceHandle, "\xff", nil, auth.ErrPassword, 0},
		{"no actor", "", password, nil, nil, 0},
		{"actor is no identifier", "alice@example.com", password, nil, nil, 0},
		{"other DID", syntax.AtIdentifier(alice), password, func(f *fake, _ *settings) { f.sub = bob }, auth.ErrAccount, 1},
		{"other handle", aliceHandle, password, func(f *fake, _ *settings) {
			f.extra = map[string]any{"handle": "bob.example.com"}
		}, auth.ErrAccount, 1},
		{"second factor", aliceHandle, password, func(f *fake, _ *settings) { f.factor = "ABCDE" },
			auth.ErrAuthFactorTokenRequired, 1},
		{"taken down", aliceHandle, password, func(f *fake, _ *settings) {
			f.answer = func(w http.ResponseWriter, _ *http.Request, _ string) bool {
				refuse(w, 401, "AccountTakedown", "Account has been taken down")
				return true
			}
		}, auth.ErrAccountTakedown, 1},
		{"no tokens", aliceHandle, password, func(f *fake, _ *settings) {
			f.extra = map[string]any{"refreshJwt": ""}
		}, nil, 1},
		{"not JSON", aliceHandle, password, func(f *fake, _ *settings) {
			f.answer = func(w http.ResponseWriter, _ *http.Request, _ string) bool {
				w.Header().Set("Content-Type", "text/html")
				io.WriteString(w, "<html>")
				return true
			}
		}, nil, 1},
		{"http", aliceHandle, password, func(_ *fake, o *settings) { o.Issuer, o.Network.HTTPClient = "http://pds.example.com", nil }, nil, 0},
		{"store that cannot be read", aliceHandle, password, func(_ *fake, o *settings) {
			o.Store = &brokenStore{Store: o.Store, current: errBroken}
		}, errBroken, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFake()
			o := f.settings()
			if test.change != nil {
				test.change(f, o)
			}
			c, err := auth.Login(t.Context(), test.actor, test.password, o.options()...)
			if c != nil || err == nil || test.want != nil && !errors.Is(err, test.want) {
				t.Fatalf("%v, %v, want %v", c, err, test.want)
			}
			if !strings.HasPrefix(err.Error(), "auth: login of ") {
				t.Error(err)
			}
			if test.want != auth.ErrPassword && errors.Is(err, auth.ErrPassword) {
				t.Errorf("%v is a refused password", err)
			}
			checkCount(t, f, createSession, test.requests)
			if test.requests == 1 && test.want != nil && test.want != auth.ErrAccount {
				if _, ok := errors.AsType[*xrpc.Error](err); !ok {
					t.Errorf("the server's answer is not in %v", err)
				}
			}
		})
	}
}

func TestLoginWithSecondFactor(t *testing.T) {
	f := newFake()
	f.factor = "ABCDE-12345"
	o := f.settings()
	o.AuthFactorToken = f.factor
	mustCall(t, login(t, o))
}

var errBroken = errors.New("the store is broken")

// brokenStore is a store whose methods fail when an error is set.
type brokenStore struct {
	auth.Store
	current error
	update  error // after change
}

func (s *brokenStore) Current(ctx context.Context) (syntax.DID, error) {
	if s.current != nil {
		return "", s.current
	}
	return s.Store.Current(ctx)
}

func (s *brokenStore) Update(ctx context.Context, did syntax.DID, change auth.Change) error {
	return s.Store.Update(ctx, did, func(ctx context.Context, stored *auth.Session) (*auth.Session, error) {
		next, err := change(ctx, stored)
		if err == nil && next != stored && s.update != nil {
			err = s.update
		}
		return next, err
	})
}

// A session that cannot be stored is ended again.
func TestLoginNotSaved(t *testing.T) {
	f := newFake()
	o := f.settings()
	o.Store = &brokenStore{Store: o.Store, update: errBroken}
	c, err := auth.Login(t.Context(), aliceHandle, password, o.options()...)
	if c != nil || !errors.Is(err, auth.ErrNotSaved) || !errors.Is(err, errBroken) {
		t.Errorf("%v, %v", c, err)
	}
	checkCount(t, f, deleteSession, 1)
	if got, want := f.last[deleteSession], "Bearer "+f.refresh; got != want {
		t.Error("deleteSession without the refresh token")
	}
}

// The answer's DID document says where an account's data is when an entryway has logged it in.
func TestEntryway(t *testing.T) {
	const entryway, elsewhere = pdsOrigin, "https://shard.example.com"
	tests := []struct {
		name string
		doc  any
		want string
		aud  any
	}{
		{"another PDS", json.RawMessage(document(alice, elsewhere)), elsewhere, nil},
		{"tokens for another PDS", json.RawMessage(document(alice, elsewhere)), elsewhere, "did:web:shard.example.com"},
		{"tokens for several", json.RawMessage(document(alice, elsewhere)), elsewhere, []string{"a", "did:web:pds.example.com"}},
		{"tokens for the server itself", json.RawMessage(document(alice, elsewhere)), pdsOrigin, "did:web:pds.example.com"},
		{"with a port", json.RawMessage(document(alice, elsewhere)), pdsOrigin, "did:web:pds.example.com%3A8080"},
		{"the same PDS", json.RawMessage(document(alice, pdsOrigin)), pdsOrigin, nil},
		{"no PDS", json.RawMessage(document(alice, "")), pdsOrigin, nil},
		{"another account's document", json.RawMessage(document(bob, elsewhere)), pdsOrigin, nil},
		{"without TLS", json.RawMessage(document(alice, "http://shard.example.com")), pdsOrigin, nil},
		{"not a document", "x", pdsOrigin, nil},
		{"null", nil, pdsOrigin, nil},
		{"numbers that are not of the data model", map[string]any{"id": 1.5}, pdsOrigin, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFake()
			o := f.settings()
			f.extra, f.aud = map[string]any{"didDoc": test.doc}, test.aud
			c := login(t, o)
			mustCall(t, c)
			if got := "https://" + f.hosts[ping]; got != test.want || c.Session().PDS != test.want {
				t.Errorf("calls go to %s, session at %s, want %s", got, c.Session().PDS, test.want)
			}
			// Whoever has issued the tokens renews them, in a resumed session, too.
			c, err := auth.Resume(t.Context(), "", o.options()...)
			if err != nil {
				t.Fatal(err)
			}
			f.expire()
			mustCall(t, c)
			if got := "https://" + f.hosts[refreshSession]; got != entryway {
				t.Errorf("renewed at %s, want %s", got, entryway)
			}
			if got := "https://" + f.hosts[ping]; got != test.want {
				t.Errorf("calls go to %s, want %s", got, test.want)
			}
			if err := c.Logout(t.Context()); err != nil || "https://"+f.hosts[deleteSession] != entryway {
				t.Errorf("logged out at %s, %v", f.hosts[deleteSession], err)
			}
		})
	}
}

// A session is followed when its tokens say that they are for the PDS that the document names; a server that renews its own
// tokens and names another one has lost the account.
func TestMove(t *testing.T) {
	const elsewhere = "https://new.example.com"
	for _, test := range []struct {
		name     string
		aud      any
		entryway bool
		want     string
	}{
		{"renewed by the PDS", nil, false, pdsOrigin},
		{"renewed by the PDS, for the other one", "did:web:new.example.com", false, elsewhere},
		{"renewed by an entryway", nil, true, elsewhere},
	} {
		f := newFake()
		if test.entryway {
			f.extra = map[string]any{"didDoc": json.RawMessage(document(alice, "https://old.example.com"))}
		}
		c := login(t, f.settings())
		f.extra, f.aud = map[string]any{"didDoc": json.RawMessage(document(alice, elsewhere))}, test.aud
		f.expire()
		mustCall(t, c)
		mustCall(t, c)
		if got := "https://" + f.hosts[ping]; got != test.want || c.Session().PDS != test.want {
			t.Errorf("%s: calls go to %s, want %s", test.name, got, test.want)
		}
	}
}

func TestResume(t *testing.T) {
	f := newFake()
	o := f.settings()
	if _, err := auth.Resume(t.Context(), ""); err == nil {
		t.Error("resumed without a store")
	}
	check := func(actor syntax.AtIdentifier, want syntax.DID) {
		t.Helper()
		c, err := auth.Resume(t.Context(), actor, o.options()...)
		switch {
		case want == "" && !errors.Is(err, auth.ErrNoSession):
			t.Errorf("%q: %v, want %v", actor, err, auth.ErrNoSession)
		case want != "" && (err != nil || c.DID() != want):
			t.Errorf("%q: %v, %v, want %s", actor, c, err, want)
		}
	}
	check("", "")
	check(syntax.AtIdentifier(alice), "")
	put(t, o.Store, auth.NewSession(bob, "bob.example.com", pdsOrigin, "a", "r"))
	check("", bob) // the only one
	put(t, o.Store, auth.NewSession(alice, "alice.example.com", pdsOrigin+"/", "a", "r"))
	check("", "")
	if err := o.Store.SetCurrent(t.Context(), alice); err != nil {
		t.Fatal(err)
	}
	check("", alice)
	check(syntax.AtIdentifier(bob), bob)
	check("Bob.example.com", bob)
	if _, err := auth.Resume(t.Context(), "not an actor", o.options()...); err == nil || errors.Is(err, auth.ErrNoSession) {
		t.Error(err)
	}
	put(t, o.Store, &auth.Session{DID: bob, PDS: pdsOrigin})
	check(syntax.AtIdentifier(bob), "") // no tokens

	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.counts) != 0 {
		t.Errorf("requests %v, want none", f.counts)
	}
}

func TestLogout(t *testing.T) {
	overIs := func(w http.ResponseWriter, _ *http.Request, method string) bool {
		refuse(w, 400, "ExpiredToken", "Token has been revoked")
		return true
	}
	unreachable := func(w http.ResponseWriter, _ *http.Request, method string) bool { panic(http.ErrAbortHandler) }
	for _, test := range []struct {
		name   string
		answer func(w http.ResponseWriter, _ *http.Request, method string) bool
		fails  bool
	}{
		{"", nil, false},
		{"over already", overIs, false},
		{"unreachable", unreachable, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake()
			o := f.settings()
			c := login(t, o)
			other, err := auth.Resume(t.Context(), "", o.options()...)
			if err != nil {
				t.Fatal(err)
			}
			_, refresh := c.Session().Tokens()
			f.set(test.answer)
			if err := c.Logout(t.Context()); (err != nil) != test.fails {
				t.Errorf("%v", err)
			}
			f.set(nil)
			if got := f.last[deleteSession]; got != "Bearer "+refresh {
				t.Error("deleteSession without the refresh token")
			}
			if _, err := o.Store.Load(t.Context(), alice); !errors.Is(err, auth.ErrNoSession) {
				t.Errorf("the store has it still: %v", err)
			}
			if current, _ := o.Store.Current(t.Context()); current != "" {
				t.Errorf("%s is the current account still", current)
			}
			if err := call(t.Context(), c); !errors.Is(err, auth.ErrNoSession) {
				t.Errorf("a call: %v", err)
			}
			if err := c.Renew(t.Context()); !errors.Is(err, auth.ErrNoSession) {
				t.Errorf("Renew: %v", err)
			}
			// The other client notices when its token has ended, and does not revive the session.
			f.expire()
			err = call(t.Context(), other)
			if !errors.Is(err, auth.ErrNoSession) || !errors.Is(err, auth.ErrRenewalFailed) {
				t.Errorf("the other client: %v", err)
			}
			checkCount(t, f, refreshSession, 0)
			if err := c.Logout(t.Context()); err != nil {
				t.Errorf("once more: %v", err)
			}
		})
	}
}

// An account that has no handle, whatever the server sends for it, can log in.
func TestLoginWithoutHandle(t *testing.T) {
	for _, handle := range []any{"", nil, 5, "handle.invalid", []any{}} {
		f := newFake()
		f.extra = map[string]any{"handle": handle}
		c, err := auth.Login(t.Context(), aliceHandle, password, f.settings().options()...)
		if err != nil || c.Session().Handle != identity.HandleInvalid {
			t.Errorf("%v: %v", handle, err)
		}
	}
}
