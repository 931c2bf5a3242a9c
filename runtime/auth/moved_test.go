package auth_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/network"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

const (
	createRecord = "com.atproto.repo.createRecord"
	uploadBlob   = "com.atproto.repo.uploadBlob"
	newOrigin    = "https://new.example.com"
)

// world is a fake server with a PLC directory.
type world struct {
	*fake
	doc     string // of alice; "": the directory answers with the page of a proxy
	lookUps int
}

func newWorld(t *testing.T, pds string) (*world, *settings) {
	w := &world{fake: newFake(), doc: document(alice, pds)}
	w.set(func(out http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Host != "plc.example.com" {
			return false
		}
		if w.lookUps++; w.doc == "" {
			out.Header().Set("Content-Type", "text/html")
			out.WriteHeader(502)
		}
		io.WriteString(out, w.doc)
		return true
	})
	directory, err := identity.New(identity.WithNetwork(network.Network{PLC: "https://plc.example.com", HTTPClient: &http.Client{Transport: w.fake}}))
	if err != nil {
		t.Fatal(err)
	}
	o := w.settings()
	o.Directory = directory
	return w, o
}

func procedure(t *testing.T, c rpc.Caller, method syntax.NSID) error {
	t.Helper()
	var raw lex.Raw
	return c.Call(t.Context(), &rpc.Request{NSID: method, Procedure: true}, &rpc.Response{Output: &raw})
}

// checkMoved checks that no record is written, and that the error names both servers.
func checkMoved(t *testing.T, w *world, c *auth.Client, old, named string) {
	t.Helper()
	before := w.count(createRecord)
	err := procedure(t, c, createRecord)
	moved, ok := errors.AsType[*auth.MovedError](err)
	if !ok || !errors.Is(err, auth.ErrMoved) || !errors.Is(err, xrpc.ErrNotSent) || *moved != (auth.MovedError{DID: alice, Session: old, Document: named}) {
		t.Fatalf("%v", err)
	}
	if !strings.Contains(err.Error(), old) || !strings.Contains(err.Error(), named) {
		t.Errorf("both servers should be named: %v", err)
	}
	if n := w.count(createRecord) - before; n != 0 {
		t.Errorf("sent %d times", n)
	}
	if err := c.CheckPDS(t.Context()); !errors.Is(err, auth.ErrMoved) {
		t.Errorf("CheckPDS: %v", err)
	}
	mustCall(t, c)
}

func didDoc(pds string) map[string]any {
	return map[string]any{"didDoc": json.RawMessage(document(alice, pds))}
}

// A session at a server that the account has left writes nothing there.
func TestMoved(t *testing.T) {
	t.Run("before the first write", func(t *testing.T) {
		for _, named := range []string{newOrigin, ""} {
			w, o := newWorld(t, named)
			checkMoved(t, w, login(t, o), pdsOrigin, named)
			// Also of a session that was stored by somebody else.
			put(t, o.Store, auth.NewSession(alice, "alice.example.com", pdsOrigin+"/", w.access, w.refresh))
			c, err := auth.Resume(t.Context(), "", o.options()...)
			if err != nil {
				t.Fatal(err)
			}
			checkMoved(t, w, c, pdsOrigin, named)
		}
	})
	t.Run("after a renewal", func(t *testing.T) {
		for _, aud := range []any{nil, "did:web:pds.example.com"} {
			for _, said := range []bool{false, true} {
				w, o := newWorld(t, pdsOrigin)
				w.extra, w.aud = didDoc(pdsOrigin), aud
				c := login(t, o)
				if err := procedure(t, c, createRecord); err != nil {
					t.Fatal(err)
				}
				// The server itself may know it, even when the directory cannot be reached.
				w.doc = document(alice, newOrigin)
				if said {
					w.doc, w.extra = "", didDoc(newOrigin)
				}
				w.expire()
				before := w.count(createRecord)
				if err := procedure(t, c, createRecord); !errors.Is(err, auth.ErrMoved) {
					t.Fatal(err)
				}
				if n := w.count(createRecord) - before; n != 1 { // the request that was refused
					t.Errorf("sent %d times", n)
				}
				checkMoved(t, w, c, pdsOrigin, newOrigin)
			}
		}
	})
	t.Run("once for a session", func(t *testing.T) {
		w, o := newWorld(t, strings.ToUpper(pdsOrigin)+":443/")
		c := login(t, o)
		for range 3 {
			mustCall(t, c)
		}
		if w.lookUps != 0 {
			t.Errorf("%d look-ups without a write", w.lookUps)
		}
		for range 3 {
			if err := procedure(t, c, createRecord); err != nil {
				t.Fatal(err)
			}
		}
		if w.lookUps != 1 {
			t.Errorf("%d look-ups for a session", w.lookUps)
		}
		w.expire()
		for range 3 {
			if err := procedure(t, c, createRecord); err != nil {
				t.Fatal(err)
			}
		}
		if w.lookUps != 2 {
			t.Errorf("%d look-ups after a renewal", w.lookUps)
		}
	})
	t.Run("the directory cannot be reached", func(t *testing.T) {
		// Nothing was ever known.
		w, o := newWorld(t, pdsOrigin)
		login(t, o)
		put(t, o.Store, auth.NewSession(alice, "alice.example.com", pdsOrigin, w.access, w.refresh))
		resume := func() *auth.Client {
			t.Helper()
			kept, err := auth.ParseSession(stored(t, o.Store, alice).Export()) // as in a file
			if err != nil {
				t.Fatal(err)
			}
			put(t, o.Store, kept)
			c, err := auth.Resume(t.Context(), "", o.options()...)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		c := resume()
		w.doc = ""
		if err := procedure(t, c, createRecord); !errors.Is(err, identity.ErrUnreachable) || !errors.Is(err, xrpc.ErrNotSent) || !strings.Contains(err.Error(), pdsOrigin) {
			t.Errorf("%v", err)
		}
		checkCount(t, w.fake, createRecord, 0)
		w.doc = document(alice, pdsOrigin)
		if err := procedure(t, c, createRecord); err != nil {
			t.Error(err)
		}
		// From here on it was.
		w.doc = ""
		w.expire()
		if err := procedure(t, c, createRecord); err != nil {
			t.Errorf("after a look-up: %v", err)
		}
		// The login tells it as well, also in a resumed session that was renewed.
		login(t, o)
		for range 2 {
			c = resume()
			if err := procedure(t, c, createRecord); err != nil {
				t.Errorf("after a login: %v", err)
			}
			w.expire()
			mustCall(t, c)
		}
		// The server has the last word until the directory is back.
		w.extra = didDoc(newOrigin)
		w.aud = "did:web:pds.example.com"
		w.expire()
		mustCall(t, c)
		for _, c := range []*auth.Client{c, resume()} {
			if err := procedure(t, c, createRecord); !errors.Is(err, auth.ErrMoved) {
				t.Error(err)
			}
		}
		w.doc = document(alice, pdsOrigin)
		if err := procedure(t, c, createRecord); err != nil {
			t.Error(err)
		}
	})
	t.Run("the directory comes back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, o := newWorld(t, pdsOrigin)
			w.doc = ""
			c := login(t, o)
			for range 3 {
				if err := procedure(t, c, createRecord); err != nil {
					t.Error(err)
				}
			}
			if w.lookUps != 1 {
				t.Errorf("%d look-ups while it is down", w.lookUps)
			}
			w.doc = document(alice, newOrigin)
			time.Sleep(time.Minute)
			checkMoved(t, w, c, pdsOrigin, newOrigin)
		})
	})
	t.Run("an entryway", func(t *testing.T) {
		w, o := newWorld(t, newOrigin)
		w.extra = didDoc(newOrigin)
		if err := procedure(t, login(t, o), createRecord); err != nil || w.hosts[createRecord] != "new.example.com" {
			t.Errorf("%v at %s", err, w.hosts[createRecord])
		}
		// One that passes calls on.
		w, o = newWorld(t, newOrigin)
		w.aud = "did:web:new.example.com"
		if err := procedure(t, login(t, o), createRecord); err != nil {
			t.Error(err)
		}
	})
	t.Run("on the way", func(t *testing.T) {
		// The new server has given tokens; the document names the old one until the end.
		w, o := newWorld(t, "https://old.example.com")
		w.extra, w.aud = didDoc("https://old.example.com"), "did:web:pds.example.com"
		c := login(t, o)
		checkMoved(t, w, c, pdsOrigin, "https://old.example.com")
		if err := procedure(t, c, uploadBlob); err != nil {
			t.Error(err)
		}
		w.doc = document(alice, pdsOrigin)
		if err := procedure(t, c, createRecord); err != nil {
			t.Error(err)
		}
	})
	t.Run("any PDS", func(t *testing.T) {
		w, o := newWorld(t, newOrigin)
		o.AnyPDS = true
		if err := procedure(t, login(t, o), createRecord); err != nil || w.lookUps != 0 {
			t.Errorf("%v, %d look-ups", err, w.lookUps)
		}
	})
}

// TestAnnounce: the hook of the session's client hears of the pauses of packages above.
func TestAnnounce(t *testing.T) {
	_, o := newWorld(t, pdsOrigin)
	var heard []xrpc.Pause
	o.XRPC = append(o.XRPC, xrpc.WithPauses(func(p xrpc.Pause) { heard = append(heard, p) }))
	c := login(t, o)
	c.Announce(xrpc.Pause{Reason: xrpc.ReasonPoints, Wait: time.Hour})
	if len(heard) != 1 || heard[0].Service != c.Session().PDS || heard[0].Reason != xrpc.ReasonPoints {
		t.Errorf("%+v", heard)
	}
}
