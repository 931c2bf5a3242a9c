package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// Every way in which servers say that a token has ended renews it.
func TestExpiry(t *testing.T) {
	for _, test := range []struct {
		status int
		name   string
	}{
		{400, "ExpiredToken"}, {400, "InvalidToken"}, {401, "ExpiredToken"}, {401, "InvalidToken"},
		{401, "AuthMissing"}, {401, "AuthenticationRequired"}, {401, ""}, {403, "ExpiredToken"},
	} {
		t.Run(fmt.Sprint(test.status, test.name), func(t *testing.T) {
			f := newFake()
			o := f.settings()
			c := login(t, o)
			old := f.access
			f.set(func(w http.ResponseWriter, r *http.Request, method string) bool {
				if method != ping || r.Header.Get("Authorization") != "Bearer "+old {
					return false
				}
				if test.name == "" {
					w.WriteHeader(test.status)
				} else {
					refuse(w, test.status, test.name, "no")
				}
				return true
			})
			mustCall(t, c)
			mustCall(t, c)
			checkCount(t, f, refreshSession, 1)
			checkCount(t, f, ping, 3)
			checkCount(t, f, createSession, 1)
			access, refresh := c.Session().Tokens()
			if access != f.access || refresh != f.refresh {
				t.Error("the client does not have the new session")
			}
			if a, r := stored(t, o.Store, alice).Tokens(); a != f.access || r != f.refresh {
				t.Error("the store does not have the new session")
			}
		})
	}
}

// Other refusals renew nothing.
func TestNoExpiry(t *testing.T) {
	for _, test := range []struct {
		status int
		name   string
	}{{400, "InvalidRequest"}, {403, "Forbidden"}, {404, "NotFound"}} {
		f := newFake()
		c := login(t, f.settings())
		f.set(func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			refuse(w, test.status, test.name, "no")
			return true
		})
		if err := call(t.Context(), c); !errors.Is(err, rpc.ErrorName(test.name)) || errors.Is(err, auth.ErrRenewalFailed) {
			t.Error(err)
		}
		checkCount(t, f, refreshSession, 0)
		checkCount(t, f, ping, 1)
	}
}

func TestRenewalFails(t *testing.T) {
	tests := []struct {
		name   string
		answer func(w http.ResponseWriter)
		over   bool
	}{
		{"expired", func(w http.ResponseWriter) { refuse(w, 400, "ExpiredToken", "Token has expired") }, true},
		{"invalid", func(w http.ResponseWriter) { refuse(w, 400, "InvalidToken", "Token could not be verified") }, true},
		{"taken down", func(w http.ResponseWriter) { refuse(w, 401, "AccountTakedown", "Account has been taken down") }, true},
		{"401", func(w http.ResponseWriter) { refuse(w, 401, "AuthMissing", "") }, true},
		{"401 without a word", func(w http.ResponseWriter) { w.WriteHeader(401) }, false},
		{"fault", func(w http.ResponseWriter) { refuse(w, 500, "InternalServerError", "Internal Server Error") }, false},
		{"other refusal", func(w http.ResponseWriter) { refuse(w, 400, "InvalidRequest", "Could not find user info for account") }, false},
		{"no answer", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, false},
		{"not JSON", func(w http.ResponseWriter) { io.WriteString(w, "<html>") }, false},
		{"empty", func(w http.ResponseWriter) {}, false},
		{"no tokens", func(w http.ResponseWriter) { io.WriteString(w, `{"did":"did:plc:ewvi7nxzyoun6zhxrhs64oiz"}`) }, false},
		{"another account", func(w http.ResponseWriter) {
			io.WriteString(w, `{"did":"did:plc:44ybard66vv44zksje25o7dz","accessJwt":"a","refreshJwt":"b"}`)
		}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFake()
			o := f.settings()
			c := login(t, o)
			f.expire()
			f.set(func(w http.ResponseWriter, _ *http.Request, method string) bool {
				if method == refreshSession {
					w.Header().Set("Content-Type", "application/json")
					test.answer(w)
				}
				return method == refreshSession
			})
			before := string(stored(t, o.Store, alice).Export())
			err := call(t.Context(), c)
			if !errors.Is(err, auth.ErrRenewalFailed) || errors.Is(err, auth.ErrSessionOver) != test.over {
				t.Fatalf("%v (over: %v)", err, test.over)
			}
			if !errors.Is(err, rpc.ErrorName("ExpiredToken")) {
				t.Errorf("the refusal is not in %v", err)
			}
			checkCount(t, f, ping, 1)
			if string(stored(t, o.Store, alice).Export()) != before {
				t.Error("the stored session is another one")
			}
			if err := c.Renew(t.Context()); !errors.Is(err, auth.ErrRenewalFailed) {
				t.Errorf("Renew: %v", err)
			}
			f.set(nil)
			if !test.over {
				mustCall(t, c)
			}
		})
	}
}

// The server is not asked with every call whether the session is over still, but now and then.
func TestOverIsRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := f.settings()
		c := login(t, o)
		refresh := f.refresh
		f.forget()
		for range 5 {
			if err := call(t.Context(), c); !errors.Is(err, auth.ErrSessionOver) {
				t.Fatal(err)
			}
		}
		checkCount(t, f, refreshSession, 1)
		checkCount(t, f, ping, 5)
		time.Sleep(2 * time.Minute)
		f.refresh = refresh // the takedown was undone
		mustCall(t, c)
		checkCount(t, f, refreshSession, 2)

		// A login elsewhere is noticed at once.
		f.forget()
		if err := call(t.Context(), c); !errors.Is(err, auth.ErrSessionOver) {
			t.Fatal(err)
		}
		login(t, o)
		mustCall(t, c)
		checkCount(t, f, refreshSession, 3)
		f.expire() // and what was remembered of the old session does not hold for the new one
		mustCall(t, c)
	})
}

// A method that the session may never call does not renew it each time.
func TestDoubts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		c := login(t, f.settings())
		f.set(func(w http.ResponseWriter, _ *http.Request, method string) bool {
			if method == ping {
				refuse(w, 400, "InvalidToken", "Bad token scope")
			}
			return method == ping
		})
		for range 100 {
			if err := call(t.Context(), c); !errors.Is(err, rpc.ErrorName("InvalidToken")) {
				t.Fatal(err)
			}
		}
		checkCount(t, f, refreshSession, 10)
		checkCount(t, f, ping, 110)
		f.set(nil)
		f.expire()
		mustCall(t, c) // there is no doubt about ExpiredToken
	})
}

func TestOneRenewal(t *testing.T) {
	for _, processes := range []int{1, 5} { // clients of one store stand in for processes
		t.Run(fmt.Sprint(processes), func(t *testing.T) {
			f := newFake()
			f.unsaid = true
			o := f.settings()
			login(t, o)
			var clients []*auth.Client
			for range processes {
				c, err := auth.Resume(t.Context(), "", o.options()...)
				if err != nil {
					t.Fatal(err)
				}
				clients = append(clients, c)
			}
			f.expire()
			var wait sync.WaitGroup
			for i := range 50 {
				wait.Go(func() {
					if err := call(t.Context(), clients[i%processes]); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			checkCount(t, f, refreshSession, 1)
		})
	}
}

// Calls that wait for one renewal share its failure, too.
func TestOneFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		c := login(t, f.settings())
		f.expire()
		f.set(func(w http.ResponseWriter, _ *http.Request, method string) bool {
			if method == refreshSession {
				time.Sleep(time.Second)
				refuse(w, 400, "InvalidRequest", "no")
			}
			return method == refreshSession
		})
		var wait sync.WaitGroup
		for range 50 {
			wait.Go(func() {
				if err := call(t.Context(), c); !errors.Is(err, auth.ErrRenewalFailed) {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		checkCount(t, f, refreshSession, 1)
		checkCount(t, f, ping, 50)
	})
}

// A request that is refused after another one has renewed the session is just sent again.
func TestLateRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		c := login(t, f.settings())
		old := f.access
		f.expire()
		var first atomic.Bool
		f.set(func(w http.ResponseWriter, r *http.Request, method string) bool {
			if method == ping && r.Header.Get("Authorization") == "Bearer "+old && first.CompareAndSwap(false, true) {
				time.Sleep(30 * time.Second)
			}
			return false
		})
		var wait sync.WaitGroup
		wait.Go(func() {
			if err := call(t.Context(), c); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		mustCall(t, c)
		wait.Wait()
		checkCount(t, f, refreshSession, 1)
		checkCount(t, f, ping, 4)
	})
}

// A caller that gives up gets away at once, and the renewal goes on.
func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := f.settings()
		c := login(t, o)
		f.expire()
		f.set(func(_ http.ResponseWriter, _ *http.Request, method string) bool {
			if method == refreshSession {
				time.Sleep(10 * time.Second)
			}
			return false
		})
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := call(ctx, c); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := c.Renew(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %v", took)
		}
		mustCall(t, c) // waits for the same renewal
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("it took %v", took)
		}
		checkCount(t, f, refreshSession, 1)
		if access, _ := stored(t, o.Store, alice).Tokens(); access != f.access {
			t.Error("the store does not have the new session")
		}
	})
}

// A server that never answers ends a renewal after a while.
func TestHang(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		c := login(t, f.settings())
		f.expire()
		hang := make(chan struct{})
		f.set(func(_ http.ResponseWriter, r *http.Request, method string) bool {
			if method == refreshSession {
				<-hang
			}
			return false
		})
		if err := call(t.Context(), c); !errors.Is(err, auth.ErrRenewalFailed) || errors.Is(err, auth.ErrSessionOver) {
			t.Error(err)
		}
		close(hang)
		synctest.Wait()
		f.set(nil)
	})
}

// An answer that is lost on the way is asked for again: the token is spent either way.
func TestLostAnswer(t *testing.T) {
	f := newFake()
	f.graceful = true
	c := login(t, f.settings())
	f.expire()
	var lost atomic.Bool
	f.set(func(w http.ResponseWriter, r *http.Request, method string) bool {
		if method == refreshSession && lost.CompareAndSwap(false, true) {
			f.mu.Lock()
			f.spent[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")] = true
			f.refresh = "lost"
			f.mu.Unlock()
			panic(http.ErrAbortHandler)
		}
		return false
	})
	mustCall(t, c)
	checkCount(t, f, refreshSession, 2)
}

// What another process has stored is taken, without asking the server.
func TestRenewedElsewhere(t *testing.T) {
	f := newFake()
	o := f.settings()
	c := login(t, o)
	f.mu.Lock()
	f.access, f.refresh = f.token("elsewhere"), "elsewhere"
	put(t, o.Store, auth.NewSession(alice, "renamed.example.com", pdsOrigin, f.access, f.refresh))
	f.mu.Unlock()
	mustCall(t, c)
	checkCount(t, f, refreshSession, 0)
	if got := c.Session().Handle; got != "renamed.example.com" {
		t.Errorf("handle %s", got)
	}

	// One that has ended meanwhile, too, is renewed before it is used, with its own refresh token.
	f.mu.Lock()
	f.access, f.refresh = "none", "third"
	ended := jwt(fmt.Sprintf(`{"exp":%d}`, time.Now().Add(-time.Hour).Unix()), "x")
	f.mu.Unlock()
	put(t, o.Store, auth.NewSession(alice, "renamed.example.com", pdsOrigin, ended, "third"))
	mustCall(t, c)
	checkCount(t, f, refreshSession, 1)
	checkCount(t, f, ping, 4)
}

// heedless is a store in which a process renews that does not heed the lock.
type heedless struct {
	auth.Store
	session atomic.Pointer[auth.Session]
}

func (s *heedless) Load(ctx context.Context, did syntax.DID) (*auth.Session, error) {
	if session := s.session.Load(); session != nil {
		return session, nil
	}
	return s.Store.Load(ctx, did)
}

// Before it gives up, a renewal looks into the store once more.
func TestReread(t *testing.T) {
	f := newFake()
	o := f.settings()
	store := &heedless{Store: o.Store}
	o.Store = store
	c := login(t, o)
	f.expire()
	f.set(func(w http.ResponseWriter, _ *http.Request, method string) bool {
		if method != refreshSession {
			return false
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.access, f.refresh = "elsewhere", "elsewhere"
		store.session.Store(auth.NewSession(alice, "alice.example.com", pdsOrigin, f.access, f.refresh))
		refuse(w, 400, "ExpiredToken", "Token has been revoked")
		return true
	})
	mustCall(t, c)
	checkCount(t, f, refreshSession, 1)
}

// A session that cannot be stored is used, and reported; the next renewal starts from it and not from the store's.
func TestNotSaved(t *testing.T) {
	f := newFake()
	o := f.settings()
	store := &brokenStore{Store: o.Store}
	o.Store = store
	c := login(t, o)
	store.update = errBroken
	for i := range 2 {
		f.expire()
		if err := call(t.Context(), c); !errors.Is(err, auth.ErrNotSaved) || !errors.Is(err, errBroken) || errors.Is(err, auth.ErrRenewalFailed) {
			t.Fatalf("renewal %d: %v", i, err)
		}
		mustCall(t, c)
	}
	checkCount(t, f, refreshSession, 2)
	store.update = nil
	f.expire()
	mustCall(t, c)
	checkCount(t, f, refreshSession, 3)
	if access, _ := stored(t, o.Store, alice).Tokens(); access != f.access {
		t.Error("the store does not have the new session")
	}
}

func TestPasswordKept(t *testing.T) {
	for _, test := range []struct {
		name        string
		keep, store bool
		resumed     bool
		want        bool // the session comes back
	}{
		{"not", false, false, false, false},
		{"kept", true, false, false, true},
		{"kept, resumed", true, false, true, false},
		{"stored", false, true, false, true},
		{"stored, resumed", false, true, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFake()
			o := f.settings()
			o.KeepPassword, o.StorePassword = test.keep, test.store
			c := login(t, o)
			for range 2 {
				if test.resumed {
					var err error
					if c, err = auth.Resume(t.Context(), "", o.options()...); err != nil {
						t.Fatal(err)
					}
				}
				f.expire()
				mustCall(t, c)
				f.forget()
				err := call(t.Context(), c)
				if test.want && err != nil || !test.want && !errors.Is(err, auth.ErrSessionOver) {
					t.Fatal(err)
				}
				if got := strings.Contains(string(stored(t, o.Store, alice).Export()), password); got != test.store {
					t.Errorf("password in the store: %v", got)
				}
				if !test.want {
					break
				}
			}
			if !test.want {
				checkCount(t, f, createSession, 1)
			} else {
				checkCount(t, f, createSession, 3)
			}
		})
	}
}

// A kept password that the server does not take any more is not tried again.
func TestPasswordRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := f.settings()
		o.KeepPassword = true
		c := login(t, o)
		f.forget()
		f.set(func(w http.ResponseWriter, _ *http.Request, method string) bool {
			if method == createSession {
				refuse(w, 401, "AuthenticationRequired", "Invalid identifier or password")
			}
			return method == createSession
		})
		for range 3 {
			if err := call(t.Context(), c); !errors.Is(err, auth.ErrSessionOver) {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Minute)
		}
		checkCount(t, f, createSession, 2)
		checkCount(t, f, refreshSession, 3)
	})
}

// A token that is known to have ended is renewed before it is sent.
func TestProactive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		c := login(t, f.settings())
		mustCall(t, c)
		time.Sleep(f.lifetime - 11*time.Second)
		mustCall(t, c)
		checkCount(t, f, refreshSession, 0)
		time.Sleep(2 * time.Second)
		mustCall(t, c)
		checkCount(t, f, refreshSession, 1)
		checkCount(t, f, ping, 3)

		// When that fails, the server has the last word about the token. The request is sent once.
		time.Sleep(f.lifetime - time.Second)
		f.set(func(w http.ResponseWriter, _ *http.Request, method string) bool {
			if method == refreshSession {
				refuse(w, 400, "InvalidRequest", "no")
			}
			return method == refreshSession
		})
		mustCall(t, c)
		checkCount(t, f, ping, 4)
		f.expire()
		if err := call(t.Context(), c); !errors.Is(err, auth.ErrRenewalFailed) {
			t.Error(err)
		}
		checkCount(t, f, ping, 5)
		f.set(nil)

		// A caller whose context ends does not send it.
		ctx, cancel := context.WithCancel(t.Context())
		f.set(func(w http.ResponseWriter, _ *http.Request, method string) bool {
			cancel()
			time.Sleep(time.Second)
			return false
		})
		if err := call(ctx, c); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		checkCount(t, f, ping, 5)
		f.set(nil)
		time.Sleep(time.Minute)
	})
}

// A session that was renewed ahead of time and could not be stored is reported.
func TestProactiveNotSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		o := f.settings()
		store := &brokenStore{Store: o.Store}
		o.Store = store
		c := login(t, o)
		time.Sleep(f.lifetime)
		store.update = errBroken
		if err := call(t.Context(), c); !errors.Is(err, auth.ErrNotSaved) {
			t.Error(err)
		}
		mustCall(t, c)
	})
}

// A clock that is wrong does not make every call a renewal.
func TestWrongClock(t *testing.T) {
	for _, skew := range []time.Duration{-24 * time.Hour, 24 * time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake()
			f.skew = skew
			o := f.settings()
			c := login(t, o)
			for range 3 {
				mustCall(t, c)
				var err error
				if c, err = auth.Resume(t.Context(), "", o.options()...); err != nil {
					t.Fatal(err)
				}
			}
			checkCount(t, f, refreshSession, 0)
			time.Sleep(f.lifetime)
			mustCall(t, c)
			mustCall(t, c)
			checkCount(t, f, refreshSession, 1)
		})
	}
}

// Opaque tokens work, too.
func TestOpaqueTokens(t *testing.T) {
	f := newFake()
	f.opaque = true
	c := login(t, f.settings())
	f.expire()
	mustCall(t, c)
	checkCount(t, f, refreshSession, 1)
}

// A body that cannot be sent again is not, but the session is renewed for the next call.
func TestBody(t *testing.T) {
	f := newFake()
	c := login(t, f.settings())
	for _, test := range []struct {
		body io.Reader
		want error
	}{
		{strings.NewReader("text"), nil},
		{io.MultiReader(strings.NewReader("text")), xrpc.ErrBody},
	} {
		f.expire()
		before := f.count(refreshSession)
		err := c.Call(t.Context(), &rpc.Request{NSID: ping, Procedure: true, Body: test.body, Encoding: "text/plain"}, new(rpc.Response))
		if !errors.Is(err, test.want) {
			t.Errorf("%v, want %v", err, test.want)
		}
		mustCall(t, c)
		checkCount(t, f, refreshSession, before+1)
	}
}
