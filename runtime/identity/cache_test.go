package identity_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

const service = "https://pds.test/xrpc/com.atproto.identity.resolveHandle?handle="

// served makes a handle lead to a DID, by a handle service: one request and no more.
func (n *internet) served(handle string, did syntax.DID) {
	n.at(service+handle, text(200, `{"did":"`+string(did)+`"}`))
}

// What was found, what does not exist and what could not be found out have lifetimes of their own.
func TestLifetimes(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer answer
		ttl    time.Duration
	}{
		{"found", text(200, `{"did":"`+string(alice)+`"}`), time.Hour},
		{"not found", text(400, `{"error":"HandleNotFound"}`), 5 * time.Minute},
		{"invalid", text(200, `{"did":"alice"}`), 5 * time.Minute},
		{"page", text(200, "<html>"), 10 * time.Second},
		{"page with 404", text(404, "<html>"), 10 * time.Second},
		{"failed", text(500, ""), 10 * time.Second},
	} {
		for name, ttl := range map[string]time.Duration{"defaults": test.ttl, "others": 2 * test.ttl, "none": 0} {
			t.Run(test.name+", "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					n := newNetwork()
					n.at(service+"alice.test", test.answer)
					opts := []identity.Option{n.withService()}
					switch name {
					case "others":
						opts = append(opts, identity.WithTTL(2*time.Hour, 10*time.Minute, 20*time.Second))
					case "none":
						opts = append(opts, identity.WithTTL(0, 0, 0))
					}
					d := n.directory(t, opts...)
					did, err := d.ResolveHandle(t.Context(), "alice.test")
					n.wantAsked(t, service+"alice.test")
					if ttl > 0 {
						time.Sleep(ttl - time.Nanosecond)
						again, failed := d.ResolveHandle(t.Context(), "alice.test")
						if again != did || fmt.Sprint(failed) != fmt.Sprint(err) {
							t.Errorf("first %q, %v, then %q, %v", did, err, again, failed)
						}
						n.wantAsked(t)
						time.Sleep(time.Nanosecond)
					}
					d.ResolveHandle(t.Context(), "alice.test")
					n.wantAsked(t, service+"alice.test")
				})
			})
		}
	}
}

// What a status or DNS alone says is remembered for a minute at most, and less if a directory remembers less.
func TestBriefLifetimes(t *testing.T) {
	const host, web, plcMessage = "https://alice.test/.well-known/did.json", "did:web:alice.test", `{"message":"DID not registered: ` + string(alice) + `"}`
	for name, test := range map[string]struct {
		url    string
		answer answer // nil: no such host
		did    syntax.DID
		ttl    time.Duration
	}{
		"did.json, 404":            {host, text(404, ""), web, time.Minute},
		"did.json, 410":            {host, text(410, ""), web, time.Minute},
		"did.json, no such host":   {host, nil, web, time.Minute},
		"did.json, a page":         {host, text(200, "<html>"), web, 10 * time.Second},
		"did.json, another's":      {host, text(200, documentOf(alice, "")), web, 5 * time.Minute},
		"PLC, 404":                 {plc + string(alice), text(404, plcMessage), alice, 5 * time.Minute},
		"PLC, 404 of a proxy":      {plc + string(alice), text(404, "<html>"), alice, 10 * time.Second},
		"well-known, 404":          {wellKnown("alice.test"), text(404, ""), "", time.Minute},
		"well-known, 410":          {wellKnown("alice.test"), text(410, ""), "", time.Minute},
		"well-known, no such host": {wellKnown("alice.test"), nil, "", time.Minute},
		"well-known, a page":       {wellKnown("alice.test"), text(200, "<html>"), "", 10 * time.Second},
		"well-known, malformed":    {wellKnown("alice.test"), text(200, "did:plc:"), "", 5 * time.Minute},
	} {
		for _, short := range []bool{false, true} {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				if test.answer != nil {
					n.at(test.url, test.answer)
				}
				var opts []identity.Option
				ttl := test.ttl
				if short {
					opts, ttl = append(opts, identity.WithTTL(time.Second, time.Second, time.Second)), time.Second
				}
				d := n.directory(t, opts...)
				ask := func() (asked bool) {
					var err error
					if test.did != "" {
						_, err = d.ResolveDID(t.Context(), test.did)
					} else {
						_, err = d.ResolveHandle(t.Context(), "alice.test")
					}
					if err == nil {
						t.Errorf("%s: no error", name)
					}
					return n.asked()[test.url] == 1
				}
				if !ask() {
					t.Errorf("%s: was not asked", name)
				}
				time.Sleep(ttl - time.Nanosecond)
				if ask() {
					t.Errorf("%s: asked again before %v", name, ttl)
				}
				time.Sleep(time.Nanosecond)
				if !ask() {
					t.Errorf("%s: not asked again after %v", name, ttl)
				}
			})
		}
	}
}

// A document is remembered as well, and the caller may do with it what it wants.
func TestDocumentRemembered(t *testing.T) {
	n := newNetwork()
	n.account(alice, "alice.test")
	d := n.directory(t)
	for range 3 {
		document, err := d.ResolveDID(t.Context(), alice)
		if err != nil || document.Handle != "alice.test" || document.AlsoKnownAs[0] != "at://alice.test" || document.Raw[0] != '{' {
			t.Fatalf("got %+v, %v", document, err)
		}
		clear(document.AlsoKnownAs)
		clear(document.Raw)
		document.Handle, document.PDS = "", ""
	}
	n.wantAsked(t, plc+string(alice))
}

// The handle of an account that could not be confirmed is tried again soon.
func TestUnreachableHandle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		n.account(alice, "alice.test")
		n.at(service+"alice.test", text(503, ""))
		d := n.directory(t, n.withService())
		wantHandle := func(want syntax.Handle) {
			t.Helper()
			if i, err := d.Resolve(t.Context(), alice.AtIdentifier()); err != nil || i.Handle != want {
				t.Errorf("got %+v, %v, want %s", i, err, want)
			}
		}
		wantHandle(identity.HandleInvalid)
		n.wantAsked(t, plc+string(alice), service+"alice.test")
		time.Sleep(9 * time.Second)
		wantHandle(identity.HandleInvalid)
		n.wantAsked(t)
		n.served("alice.test", alice)
		time.Sleep(time.Second)
		wantHandle("alice.test")
		n.wantAsked(t, service+"alice.test")
	})
}

// A handle that moves from one account to another is known to fit neither for no longer than that
// something does not exist.
func TestHandleMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		n.served("team.test", alice)
		n.account(alice, "team.test")
		n.account(bob, "bob.test")
		n.served("bob.test", bob)
		d := n.directory(t, n.withService())
		resolve := func(actor syntax.AtIdentifier) string {
			i, err := d.Resolve(t.Context(), actor)
			if err != nil {
				return "error"
			}
			return string(i.DID[8:9]) + " " + string(i.Handle)
		}
		want := func(team, a, b string) {
			t.Helper()
			if x, y, z := resolve("team.test"), resolve(alice.AtIdentifier()), resolve(bob.AtIdentifier()); x != team || y != a || z != b {
				t.Errorf("got %q, %q, %q, want %q, %q, %q", x, y, z, team, a, b)
			}
		}
		want("a team.test", "a team.test", "b bob.test")

		n.served("team.test", bob)
		n.account(alice, "alice.test")
		n.served("alice.test", alice)
		n.account(bob, "team.test")
		n.at(service+"bob.test", text(404, ""))
		time.Sleep(10 * time.Minute)
		want("a team.test", "a team.test", "b bob.test") // they fit each other, so they are believed

		d.Purge(bob.AtIdentifier())
		n.asked()
		want("a team.test", "a team.test", "b team.test") // the document of bob does not fit: the handle is asked for
		want("b team.test", "a alice.test", "b team.test")
		n.wantAsked(t, plc+string(bob), service+"team.test", plc+string(alice), service+"alice.test")
	})
}

// While the directory is down, what is remembered stays, and its being down is not asked about each time.
func TestMismatchWhileDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		n.served("alice.test", bob)
		n.account(alice, "alice.test")
		d := n.directory(t, n.withService())
		for i, asked := range [][]string{
			{plc + string(alice), service + "alice.test"}, nil, // new
			{plc + string(alice)}, nil, nil, // more than five minutes old; the document cannot be had
		} {
			if i == 2 {
				n.at(plc+string(alice), text(500, ""))
				time.Sleep(6 * time.Minute)
			}
			got, err := d.Resolve(t.Context(), alice.AtIdentifier())
			if err != nil || got.Handle != identity.HandleInvalid || got.PDS == "" {
				t.Errorf("%d: got %+v, %v", i, got, err)
			}
			if i == 3 {
				asked = append(asked, service+"alice.test")
			}
			n.wantAsked(t, asked...)
		}
	})
}

// Callers that ask at the same time share a look-up, and its answer if it is an error.
func TestCoalescing(t *testing.T) {
	for _, status := range []int{200, 500} {
		synctest.Test(t, func(t *testing.T) {
			n := newNetwork()
			n.account(alice, "alice.test")
			release := make(chan struct{})
			n.at(service+"alice.test", func(req *http.Request) (*http.Response, error) {
				<-release
				return text(status, `{"did":"`+string(alice)+`"}`)(req)
			})
			d := n.directory(t, n.withService())
			var good, bad atomic.Int32
			for range 100 {
				go func() {
					if i, err := d.Resolve(t.Context(), "Alice.test"); err == nil && i.DID == alice {
						good.Add(1)
					} else if errors.Is(err, identity.ErrUnreachable) {
						bad.Add(1)
					}
				}()
			}
			synctest.Wait()
			close(release)
			synctest.Wait()
			if status == 200 {
				if good.Load() != 100 {
					t.Errorf("%d of 100 have the answer", good.Load())
				}
				n.wantAsked(t, service+"alice.test", plc+string(alice))
				return
			}
			if bad.Load() != 100 {
				t.Errorf("%d of 100 have the error", bad.Load())
			}
			n.wantAsked(t, service+"alice.test")
		})
	}
}

// A caller that gives up gets its context's error at once, and the others get the answer.
func TestCancelledCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		n.account(alice, "alice.test")
		n.at(service+"alice.test", func(req *http.Request) (*http.Response, error) {
			select {
			case <-time.After(5 * time.Second):
				return text(200, `{"did":"`+string(alice)+`"}`)(req)
			case <-req.Context().Done():
				return nil, req.Context().Err()
			}
		})
		d := n.directory(t, n.withService())
		start := time.Now()
		var wait sync.WaitGroup
		wait.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := d.Resolve(ctx, "alice.test")
			var e *identity.Error
			if !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &e) || time.Since(start) != time.Second {
				t.Errorf("after %s: %v, want the context's error", time.Since(start), err)
			}
		})
		synctest.Wait() // it was the first
		wait.Go(func() {
			if i, err := d.Resolve(t.Context(), "alice.test"); err != nil || i.DID != alice || time.Since(start) != 5*time.Second {
				t.Errorf("after %s: got %+v, %v", time.Since(start), i, err)
			}
		})
		wait.Wait()
		n.wantAsked(t, service+"alice.test", plc+string(alice))
	})
}

// A look-up that everybody has left ends by itself, and is remembered.
func TestAbandonedLookUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		n.at(service+"alice.test", hang)
		n.account(alice, "down.test")
		n.at(service+"down.test", hang)
		d := n.directory(t, n.withService())
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := d.ResolveHandle(ctx, "alice.test"); !errors.Is(err, context.Canceled) {
			t.Errorf("%v, want context.Canceled", err)
		}
		if _, err := d.Resolve(ctx, "bob.test"); !errors.Is(err, context.Canceled) {
			t.Errorf("with a context that has ended: %v", err)
		}
		n.wantAsked(t, service+"alice.test")
		time.Sleep(10 * time.Second)
		if _, err := d.ResolveHandle(t.Context(), "alice.test"); !errors.Is(err, identity.ErrUnreachable) {
			t.Errorf("%v, want ErrUnreachable", err)
		}
		n.wantAsked(t)

		// The caller's end is not taken for a handle that cannot be confirmed.
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if i, err := d.Resolve(ctx, alice.AtIdentifier()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %+v, %v, want the context's error", i, err)
		}
		time.Sleep(10 * time.Second)
	})
}

func TestPurge(t *testing.T) {
	all := []string{service + "alice.test", plc + string(alice)}
	for _, actor := range []syntax.AtIdentifier{"alice.test", "ALICE.test", alice.AtIdentifier()} {
		n := newNetwork()
		n.served("alice.test", alice)
		n.account(alice, "alice.test")
		d := n.directory(t, n.withService())
		d.Purge(actor) // of what is not there
		for range 2 {
			for _, a := range []syntax.AtIdentifier{"alice.test", alice.AtIdentifier()} {
				if i, err := d.Resolve(t.Context(), a); err != nil || i.Handle != "alice.test" {
					t.Errorf("%s: got %+v, %v", a, i, err)
				}
			}
			n.wantAsked(t, all...)
			d.Purge(actor)
		}
	}
}

// What was asked for before a purge is not remembered after it.
func TestPurgeMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		d := n.directory(t)
		n.at(plc+string(alice), slowly(3*time.Second, documentOf(alice, "old.test")))
		var wait sync.WaitGroup
		want := func(handle syntax.Handle) {
			if document, err := d.ResolveDID(t.Context(), alice); err != nil || document.Handle != handle {
				t.Errorf("got %+v, %v, want %s", document, err, handle)
			}
		}
		wait.Go(func() { want("old.test") })
		time.Sleep(time.Second)
		n.at(plc+string(alice), slowly(time.Second, documentOf(alice, "new.test")))
		d.Purge(alice.AtIdentifier())
		wait.Go(func() { want("new.test") })
		wait.Wait() // the older one comes back last
		want("new.test")
		n.asked()

		// The same with refreshes.
		refreshed := func(want error) {
			if _, err := d.Refresh(t.Context(), alice.AtIdentifier()); !errors.Is(err, want) {
				t.Errorf("Refresh: %v, want %v", err, want)
			}
		}
		n.at(plc+string(alice), slowly(3*time.Second, documentOf(bob, "")))
		wait.Go(func() { refreshed(identity.ErrInvalid) })
		time.Sleep(time.Second)
		n.at(plc+string(alice), slowly(time.Second, documentOf(alice, "newer.test")))
		d.Purge(alice.AtIdentifier())
		wait.Go(func() { refreshed(nil) })
		wait.Wait()
		want("newer.test")

		// The same with look-ups that do not use the cache.
		lookedUp := func(handle syntax.Handle) {
			if document, err := d.LookUpDID(t.Context(), alice); err != nil || document.Handle != handle {
				t.Errorf("LookUpDID: %+v, %v, want %s", document, err, handle)
			}
		}
		n.at(plc+string(alice), slowly(3*time.Second, documentOf(alice, "old.test")))
		wait.Go(func() { lookedUp("old.test") })
		time.Sleep(time.Second)
		n.at(plc+string(alice), slowly(time.Second, documentOf(alice, "new.test")))
		d.Purge(alice.AtIdentifier())
		wait.Go(func() { lookedUp("new.test") })
		wait.Wait()
		want("new.test")

		// Also when nobody asks between the purge and the answer.
		d.Purge(alice.AtIdentifier())
		n.at(plc+string(alice), slowly(3*time.Second, documentOf(alice, "old.test")))
		wait.Go(func() { want("old.test") })
		time.Sleep(time.Second)
		d.Purge(alice.AtIdentifier())
		wait.Wait()
		n.at(plc+string(alice), slowly(time.Second, documentOf(alice, "new.test")))
		want("new.test")
	})
}

func slowly(d time.Duration, body string) answer {
	return func(req *http.Request) (*http.Response, error) {
		time.Sleep(d)
		return text(200, body)(req)
	}
}

func TestRefresh(t *testing.T) {
	for _, actor := range []syntax.AtIdentifier{alice.AtIdentifier(), "new.test"} {
		t.Run(string(actor), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				n.account(alice, "old.test")
				n.served("old.test", alice)
				n.at(service+"new.test", text(404, ""))
				d := n.directory(t, n.withService())
				d.Resolve(t.Context(), alice.AtIdentifier())
				d.Resolve(t.Context(), "new.test")
				n.asked()

				n.account(alice, "new.test")
				n.served("new.test", alice)
				n.at(service+"old.test", text(404, ""))
				refresh := func(want syntax.Handle, asked ...string) {
					t.Helper()
					if i, err := d.Refresh(t.Context(), actor); err != nil || i.DID != alice || i.Handle != want {
						t.Errorf("got %+v, %v, want %s", i, err, want)
					}
					n.wantAsked(t, asked...)
				}
				refresh("new.test", plc+string(alice), service+"new.test")
				refresh("new.test")
				time.Sleep(5*time.Second - time.Nanosecond)
				refresh("new.test")
				if i, err := d.Resolve(t.Context(), actor); err != nil || i.Handle != "new.test" {
					t.Errorf("Resolve: got %+v, %v", i, err)
				}
				time.Sleep(time.Nanosecond)
				refresh("new.test", plc+string(alice), service+"new.test")

				// A purge does not make refreshes more frequent, but what is not there is looked up.
				d.Purge(actor)
				refresh("new.test", plc+string(alice), service+"new.test")
				refresh("new.test")
				d.Purge(actor)
				d.Resolve(t.Context(), actor)
				n.wantAsked(t, plc+string(alice), service+"new.test")
				refresh("new.test")
			})
		})
	}
}

func TestRefreshTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		n.served("alice.test", alice)
		n.account(alice, "alice.test")
		d := n.directory(t, n.withService())
		d.Resolve(t.Context(), "alice.test")
		n.asked()
		n.at(plc+string(alice), slowly(time.Second, documentOf(alice, "alice.test")))
		for i := range 100 {
			actor := alice.AtIdentifier()
			if i%2 == 0 {
				actor = "alice.test"
			}
			go func() {
				if i, err := d.Refresh(t.Context(), actor); err != nil || i.Handle != "alice.test" {
					t.Errorf("got %+v, %v", i, err)
				}
			}()
		}
		time.Sleep(2 * time.Second)
		n.wantAsked(t, service+"alice.test", plc+string(alice))
	})
}

// A refresh does not take the answer of a look-up that began before it.
func TestRefreshMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		d := n.directory(t, n.withService())
		n.at(plc+string(alice), slowly(3*time.Second, strings.Replace(documentOf(alice, ""), "pds.test", "old.test", 1)))
		go d.Resolve(t.Context(), alice.AtIdentifier())
		time.Sleep(time.Second)
		n.at(plc+string(alice), slowly(time.Second, documentOf(alice, "")))
		for range 2 {
			if i, err := d.Refresh(t.Context(), alice.AtIdentifier()); err != nil || i.PDS != "https://pds.test" {
				t.Errorf("got %+v, %v", i, err)
			}
			time.Sleep(2 * time.Second)
		}
		if i, err := d.Resolve(t.Context(), alice.AtIdentifier()); err != nil || i.PDS != "https://pds.test" {
			t.Errorf("Resolve: got %+v, %v", i, err)
		}
	})
}

// A refresh that fails says so, and what is remembered stays; one that finds out that there is nothing
// does not leave it.
func TestRefreshFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		n.account(alice, "")
		d := n.directory(t)
		resolve := func(want error) {
			t.Helper()
			if i, err := d.Resolve(t.Context(), alice.AtIdentifier()); !errors.Is(err, want) || (want == nil) != (i.DID == alice) {
				t.Errorf("Resolve: got %+v, %v", i, err)
			}
		}
		resolve(nil)
		n.at(plc+string(alice), text(500, ""))
		_, err := d.Refresh(t.Context(), alice.AtIdentifier())
		wantError(t, err, string(alice), identity.ErrUnreachable)
		resolve(nil)
		if _, err := d.Refresh(t.Context(), alice.AtIdentifier()); err != nil {
			t.Errorf("within the pause: %v", err)
		}
		time.Sleep(time.Minute)
		resolve(nil)
		time.Sleep(time.Hour)
		resolve(identity.ErrUnreachable)

		n.account(alice, "")
		time.Sleep(time.Minute)
		resolve(nil)
		n.at(plc+string(alice), text(410, `{"message":"DID not available: `+string(alice)+`"}`))
		_, err = d.Refresh(t.Context(), alice.AtIdentifier())
		wantError(t, err, string(alice), identity.ErrNotFound)
		resolve(identity.ErrNotFound)
	})
}

// A directory without memory asks each time, but not twice for callers at the same time.
func TestNoCache(t *testing.T) {
	n := newNetwork()
	n.served("alice.test", alice)
	n.served("bob.test", alice)
	n.account(alice, "alice.test")
	d := n.directory(t, n.withService(), identity.WithCacheSize(0))
	for range 3 {
		if i, err := d.Resolve(t.Context(), "alice.test"); err != nil || i.Handle != "alice.test" {
			t.Errorf("got %+v, %v", i, err)
		}
		n.wantAsked(t, service+"alice.test", plc+string(alice))
	}
	if i, err := d.Refresh(t.Context(), alice.AtIdentifier()); err != nil || i.Handle != "alice.test" {
		t.Errorf("Refresh: got %+v, %v", i, err)
	}
	n.wantAsked(t, service+"alice.test", plc+string(alice))
	_, err := d.Resolve(t.Context(), "bob.test")
	wantError(t, err, "bob.test", identity.ErrInvalid)
	n.wantAsked(t, service+"bob.test", plc+string(alice))
	d.Purge("alice.test")
}

// The cache is bounded: by number, and by the size of documents.
func TestCacheSize(t *testing.T) {
	const size, many = 20, 200
	n := newNetwork()
	d := n.directory(t, identity.WithCacheSize(size))
	for i := range many {
		n.account(numbered(i), "")
		resolveDIDs(t, d, numbered(i))
	}
	n.asked()
	for i := range many {
		resolveDIDs(t, d, numbered(many-1-i)) // the latest first, so that none is removed to make room for another
		if again := len(n.asked()); i < size/2 && again != 0 {
			t.Errorf("the document looked up %d ago is not remembered", i)
		} else if i >= size && again != 1 {
			t.Errorf("the document looked up %d ago is remembered", i)
		}
	}

	// A document that is larger than the cache is asked for each time, and the others stay.
	d = n.directory(t, identity.WithCacheSize(size))
	n.at(plc+string(bob), text(200, documentOf(bob, "")+strings.Repeat(" ", size*2<<10)))
	n.account(alice, "")
	resolveDIDs(t, d, alice, bob, alice, bob, alice, bob)
	if counts := n.asked(); counts[plc+string(bob)] != 3 || counts[plc+string(alice)] != 1 {
		t.Errorf("asked %v", counts)
	}

	// One that is half as large takes half of it.
	d = n.directory(t, identity.WithCacheSize(size))
	n.at(plc+string(bob), text(200, documentOf(bob, "")+strings.Repeat(" ", size/2*2<<10)))
	for i := range size / 2 {
		resolveDIDs(t, d, numbered(i))
	}
	resolveDIDs(t, d, bob)
	n.asked()
	resolveDIDs(t, d, bob, numbered(0))
	n.wantAsked(t, plc+string(numbered(0)))

	// One that is looked up again does not count twice.
	for range size {
		d.Purge(numbered(0).AtIdentifier())
		resolveDIDs(t, d, numbered(0))
	}
	n.asked()
	resolveDIDs(t, d, bob, numbered(size/2-1))
	n.wantAsked(t)
}

// What is in use stays, and what has expired goes first.
func TestCacheKeeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 40
		n := newNetwork()
		d := n.directory(t, identity.WithCacheSize(size))
		n.account(alice, "")
		for i := range 10 * size {
			n.account(numbered(i), "")
			resolveDIDs(t, d, numbered(i), alice)
			time.Sleep(time.Second)
		}
		if counts := n.asked(); counts[plc+string(alice)] != 1 {
			t.Errorf("a document in use was asked for %d times", counts[plc+string(alice)])
		}

		d = n.directory(t, identity.WithCacheSize(size))
		for i := range size / 2 {
			resolveDIDs(t, d, numbered(i))
		}
		time.Sleep(time.Minute)
		for i := range size / 2 {
			n.at(plc+string(numbered(1000+i)), text(500, ""))
			d.ResolveDID(t.Context(), numbered(1000+i))
		}
		time.Sleep(time.Minute)
		n.asked()
		for i := range size / 8 {
			n.account(numbered(2000+i), "")
			resolveDIDs(t, d, numbered(2000+i))
		}
		n.asked()
		for i := range size / 2 {
			resolveDIDs(t, d, numbered(i))
		}
		n.wantAsked(t)
	})
}

func resolveDIDs(t *testing.T, d *identity.Directory, dids ...syntax.DID) {
	t.Helper()
	for _, did := range dids {
		if _, err := d.ResolveDID(t.Context(), did); err != nil {
			t.Fatal(err)
		}
	}
}

// numbered returns one of many DIDs.
func numbered(i int) syntax.DID {
	const digits = "abcdefghijklmnopqrstuvwxyz234567"
	b := []byte("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa")
	for at := len(b) - 1; i > 0; i, at = i/32, at-1 {
		b[at] = digits[i%32]
	}
	return syntax.DID(b)
}

// A thousand accounts, fifty at a time, by handle and by DID, from a local server: one request for each
// handle and one for each document.
func TestThousandHandles(t *testing.T) {
	const accounts, atOnce = 1000, 50
	handleOf := func(i int) syntax.Handle { return syntax.Handle(fmt.Sprintf("user%d.test", i)) }
	answers := map[string]string{}
	for i := range accounts {
		answers["/"+string(numbered(i))] = documentOf(numbered(i), string(handleOf(i)))
		answers["/xrpc/com.atproto.identity.resolveHandle?handle="+string(handleOf(i))] = fmt.Sprintf(`{"did":%q}`, numbered(i))
	}
	var mu sync.Mutex
	counts := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		counts[r.URL.String()]++
		mu.Unlock()
		io.WriteString(w, answers[r.URL.String()])
	}))
	defer server.Close()
	d, err := identity.New(identity.WithNetwork(network.Network{PLC: server.URL, Handles: server.URL, AllowPrivate: true}))
	if err != nil {
		t.Fatal(err)
	}

	var group errgroup.Group
	group.SetLimit(atOnce)
	for i := range 3 * accounts {
		group.Go(func() error {
			did, handle := numbered(i/3), handleOf(i/3)
			actor := handle.AtIdentifier()
			if i%3 == 1 {
				actor = did.AtIdentifier()
			}
			got, err := d.Resolve(t.Context(), actor)
			if err == nil && (got.Handle != handle || got.DID != did) {
				return fmt.Errorf("%s: got %+v", actor, got)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	for what, count := range counts {
		if count != 1 {
			t.Errorf("asked %d times for %s", count, what)
		}
	}
	if len(counts) != 2*accounts {
		t.Errorf("asked for %d things, want %d", len(counts), 2*accounts)
	}
}

// LookUpDID asks each time, and what it finds is remembered.
func TestLookUpDID(t *testing.T) {
	n := newNetwork()
	d := n.directory(t)
	for _, host := range []string{"old.test", "new.test"} {
		n.at(plc+string(alice), text(200, strings.Replace(documentOf(alice, ""), "pds.test", host, 1)))
		if document, err := d.LookUpDID(t.Context(), alice); err != nil || document.PDS != "https://"+host {
			t.Errorf("got %+v, %v", document, err)
		}
		n.wantAsked(t, plc+string(alice))
		if document, err := d.ResolveDID(t.Context(), alice); err != nil || document.PDS != "https://"+host {
			t.Errorf("remembered %+v, %v", document, err)
		}
		n.wantAsked(t)
	}
	n.at(plc+string(alice), text(500, ""))
	_, err := d.LookUpDID(t.Context(), alice)
	wantError(t, err, string(alice), identity.ErrUnreachable)
	if document, err := d.ResolveDID(t.Context(), alice); err != nil || document.PDS != "https://new.test" {
		t.Errorf("after a failure %+v, %v", document, err)
	}
}
