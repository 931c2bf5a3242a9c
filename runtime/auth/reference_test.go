package auth_test

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/tests/reference"
)

const getSession = "com.atproto.server.getSession"

// whoami asks the server whose session it is.
func whoami(ctx context.Context, c rpc.Caller) error {
	var out lex.Map
	return c.Call(ctx, &rpc.Request{NSID: getSession}, &rpc.Response{Output: &out})
}

// account makes an account whose document names a proxy in front of the PDS, and options to reach it. The
// store's file is at the returned path.
func account(t *testing.T) (*reference.Account, *reference.Proxy, *settings, string) {
	t.Helper()
	servers := reference.Start(t)
	a := servers.Account(t)
	proxy := servers.Proxy(t)
	a.SetPDS(t, proxy.URL)
	path := filepath.Join(t.TempDir(), "auth.json")
	o, err := realOptions(path)
	if err != nil {
		t.Fatal(err)
	}
	o.Directory, err = identity.New(identity.WithNetwork(network.Network{PLC: servers.PLC, Handles: servers.PDS, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}
	return a, proxy, o, path
}

// loginAs logs in with an app password.
func loginAs(t *testing.T, a *reference.Account, o *settings) *auth.Client {
	t.Helper()
	c, err := auth.Login(t.Context(), syntax.AtIdentifier(a.DID), a.AppPassword(t), o.options()...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// endAccess puts an access token that has ended in place of a stored one. The session does not know that it has: the
// server has to say so.
func endAccess(t *testing.T, a *reference.Account, o *settings) {
	t.Helper()
	did := syntax.DID(a.DID)
	err := o.Store.Update(t.Context(), did, func(_ context.Context, s *auth.Session) (*auth.Session, error) {
		access, _ := s.Tokens()
		ended := strings.Replace(string(s.Export()), access, a.ExpiredAccess(t), 1)
		return auth.ParseSession([]byte(ended))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func resume(t *testing.T, o *settings) *auth.Client {
	t.Helper()
	c, err := auth.Resume(t.Context(), "", o.options()...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantRefreshes(t *testing.T, proxy *reference.Proxy, want int) {
	t.Helper()
	if got := proxy.Count(refreshSession); got != want {
		t.Errorf("%d requests of refreshSession, want %d", got, want)
	}
}

func TestReferenceLogin(t *testing.T) {
	a, proxy, o, _ := account(t)
	for _, actor := range []string{a.DID, a.Handle} {
		for _, password := range []string{a.Password, a.AppPassword(t)} {
			c, err := auth.Login(t.Context(), syntax.AtIdentifier(actor), password, o.options()...)
			if err != nil {
				t.Fatal(err)
			}
			s := c.Session()
			if string(s.DID) != a.DID || string(s.Handle) != a.Handle || s.PDS != proxy.URL {
				t.Errorf("session %v", s)
			}
			var out lex.Map
			if err := c.Call(t.Context(), &rpc.Request{NSID: getSession}, &rpc.Response{Output: &out}); err != nil {
				t.Fatal(err)
			}
			did, _ := out.Get("did")
			if got, _ := did.Text(); got != a.DID {
				t.Errorf("the session of %s", got)
			}
		}
	}
	if _, err := auth.Login(t.Context(), syntax.AtIdentifier(a.DID), "wrong", o.options()...); !errors.Is(err, auth.ErrPassword) {
		t.Error(err)
	}
	o.Issuer = proxy.URL
	if _, err := auth.Login(t.Context(), syntax.AtIdentifier(a.Handle), a.Password, o.options()...); err != nil {
		t.Error(err)
	}

	// The session ends with the logout, at the server, too.
	c := resume(t, o)
	s := c.Session()
	if err := c.Logout(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, o.Store, &s)
	c, err := auth.Resume(t.Context(), syntax.AtIdentifier(a.DID), o.options()...)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Renew(t.Context())
	if !errors.Is(err, auth.ErrSessionOver) || !errors.Is(err, rpc.ErrorName("ExpiredToken")) {
		t.Error(err)
	}
}

func TestReferenceRenewal(t *testing.T) {
	a, proxy, o, _ := account(t)
	loginAs(t, a, o)

	// An ended token, known to have ended or not.
	endAccess(t, a, o)
	c := resume(t, o)
	if err := whoami(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	wantRefreshes(t, proxy, 1)
	if got := proxy.Count(getSession); got != 2 {
		t.Errorf("%d requests, want 2: one refused, one not", got)
	}
	_, refresh := c.Session().Tokens()
	put(t, o.Store, auth.NewSession(syntax.DID(a.DID), syntax.Handle(a.Handle), proxy.URL, a.ExpiredAccess(t), refresh))
	if err := whoami(t.Context(), resume(t, o)); err != nil {
		t.Fatal(err)
	}
	wantRefreshes(t, proxy, 2)
	if got := proxy.Count(getSession); got != 3 {
		t.Errorf("%d requests, want 3: none was refused", got)
	}

	// A garbled one.
	_, refresh = resume(t, o).Session().Tokens()
	put(t, o.Store, auth.NewSession(syntax.DID(a.DID), syntax.Handle(a.Handle), proxy.URL, "garbage", refresh))
	if err := whoami(t.Context(), resume(t, o)); err != nil {
		t.Fatal(err)
	}
	wantRefreshes(t, proxy, 3)

	// A spent refresh token, as a crash leaves it, within the server's period of grace.
	put(t, o.Store, auth.NewSession(syntax.DID(a.DID), syntax.Handle(a.Handle), proxy.URL, a.ExpiredAccess(t), refresh))
	if err := whoami(t.Context(), resume(t, o)); err != nil {
		t.Fatal(err)
	}

	// Two that are none any more.
	put(t, o.Store, auth.NewSession(syntax.DID(a.DID), syntax.Handle(a.Handle), proxy.URL, a.ExpiredAccess(t), a.ExpiredRefresh(t)))
	if err := whoami(t.Context(), resume(t, o)); !errors.Is(err, auth.ErrSessionOver) {
		t.Error(err)
	}
	put(t, o.Store, auth.NewSession(syntax.DID(a.DID), syntax.Handle(a.Handle), proxy.URL, a.ExpiredAccess(t), "garbage"))
	if err := whoami(t.Context(), resume(t, o)); !errors.Is(err, auth.ErrSessionOver) {
		t.Error(err)
	}
}

func TestReferenceOneRenewal(t *testing.T) {
	a, proxy, o, path := account(t)
	loginAs(t, a, o)
	endAccess(t, a, o)
	c := resume(t, o)
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			if err := whoami(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	wantRefreshes(t, proxy, 1)

	// Processes that share the store do, too.
	endAccess(t, a, o)
	proxy.Reset()
	checkProcesses(t, path)
	wantRefreshes(t, proxy, 1)
	if err := whoami(t.Context(), c); err != nil { // and one that was there before
		t.Fatal(err)
	}
}

// Cancelling the call that renews loses no session.
func TestReferenceCancel(t *testing.T) {
	a, proxy, o, _ := account(t)
	loginAs(t, a, o)
	endAccess(t, a, o)
	c := resume(t, o)
	old, _ := c.Session().Tokens()
	asked, release := make(chan struct{}, 1), make(chan struct{})
	proxy.Inject(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, refreshSession) {
			asked <- struct{}{}
			<-release
		}
		return false
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if err := whoami(ctx, c); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	close(release) // the server answers when nobody is waiting
	for stop := time.Now().Add(30 * time.Second); ; time.Sleep(time.Millisecond) {
		if access, _ := stored(t, o.Store, syntax.DID(a.DID)).Tokens(); access != old {
			break
		}
		if time.Now().After(stop) {
			t.Fatal("the store does not get the new session")
		}
	}
	for _, c := range []*auth.Client{c, resume(t, o)} {
		if err := whoami(t.Context(), c); err != nil {
			t.Error(err)
		}
	}
	wantRefreshes(t, proxy, 1)
}

func TestReferenceKill(t *testing.T) {
	a, proxy, o, path := account(t)
	loginAs(t, a, o)
	inFlight := make(chan struct{}, 1)
	proxy.Inject(func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, refreshSession) {
			select {
			case inFlight <- struct{}{}:
			default:
			}
		}
		return false
	})
	kills := 12
	if testing.Short() {
		kills = 3
	}
	checkKills(t, path, kills, inFlight)
}

func TestReferenceStates(t *testing.T) {
	a, _, o, _ := account(t)
	c := loginAs(t, a, o)

	// What an app password may not do is no reason to lose the session.
	var out lex.Map
	var input lex.Map
	name, err := lex.ValueOf("x")
	if err != nil {
		t.Fatal(err)
	}
	input.Set("name", name)
	err = c.Call(t.Context(), &rpc.Request{NSID: "com.atproto.server.createAppPassword", Procedure: true, Input: &input}, &rpc.Response{Output: &out})
	if !errors.Is(err, rpc.ErrorName("InvalidToken")) || errors.Is(err, auth.ErrRenewalFailed) {
		t.Error(err)
	}
	if err := whoami(t.Context(), c); err != nil {
		t.Error(err)
	}

	a.Takedown(t, true)
	if err := c.Renew(t.Context()); !errors.Is(err, auth.ErrSessionOver) {
		t.Error(err)
	}
	if _, err := auth.Login(t.Context(), syntax.AtIdentifier(a.DID), a.Password, o.options()...); !errors.Is(err, auth.ErrAccountTakedown) {
		t.Error(err)
	}
	a.Takedown(t, false)

	// The kept password brings the session back.
	o.KeepPassword = true
	c, err = auth.Login(t.Context(), syntax.AtIdentifier(a.DID), a.Password, o.options()...)
	if err != nil {
		t.Fatal(err)
	}
	_, refresh := c.Session().Tokens()
	a.Servers.Post(t, deleteSession, reference.Bearer(refresh), nil).OK(t, nil)
	if err := c.Renew(t.Context()); err != nil {
		t.Error(err)
	}
	if err := whoami(t.Context(), c); err != nil {
		t.Error(err)
	}
	if text := string(stored(t, o.Store, c.DID()).Export()); strings.Contains(text, a.Password) {
		t.Error("the password was stored")
	}
}
