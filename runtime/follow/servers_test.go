package follow_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/multikey"
)

// mirror starts a server that sends archives, and knows the latest commits.
func mirror(w *world, send func(did string) []byte) *atptest.Relay {
	relay := w.net.NewRelay()
	relay.Fail(fault.Custom("mirror", func(out http.ResponseWriter, r *http.Request, _ http.Handler) {
		sendArchive(out, send(r.URL.Query().Get("did")))
	}), getRepo)
	return relay
}

// archives returns the archive of an account that is among some.
func archives(accounts ...*atptest.Account) func(did string) []byte {
	return func(did string) []byte {
		for _, a := range accounts {
			if string(a.DID) == did {
				return a.Archive()
			}
		}
		return nil
	}
}

// TestOtherServers: whatever way an account's own server fails in, the next server that has the repository is asked: the one
// whose stream it is, the one that lists repositories, a mirror. It is reported, and what it sends is verified.
func TestOtherServers(t *testing.T) {
	for _, failure := range []fault.Fault{
		fault.Refuse(), fault.Hang(), fault.HTML(502), fault.HTML(200), fault.Error(500, "InternalServerError", "x"), fault.Error(400, "RepoNotFound", "x"),
		fault.Error(501, "MethodNotImplemented", "x"), fault.RateLimit(time.Hour), fault.CutBlocks(1), fault.FlipBit(), fault.Cut(300), fault.Trickle(1, 100*time.Millisecond), fault.ForgeSignature(), fault.Page(200, "application/vnd.ipld.car", ""),
	} {
		for _, from := range []string{"stream", "host", "second mirror"} {
			t.Run(failure.Name+"/"+from, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				server := w.net.NewPDS()
				a := account(server)
				copy := mirror(w, archives(a))
				// The others redirect to the account's own server, as relays do, or have no archives.
				relay, lister := w.net.NewRelay(), w.net.NewRelay()
				lister.Fail(fault.Error(501, "MethodNotImplemented", "x"), getRepo)
				a.Commit(put("1", "one"), put("2", "two"))
				server.Fail(failure, getRepo)
				source := relay
				if from == "stream" {
					source = copy
				}
				w.start(source, func(o *follow.Options) {
					o.Host, o.Mirrors = lister.URL, []string{lister.URL, copy.URL + "/"}
					o.Grace = time.Hour // the stream brings the last change, and nothing but the stream
					if o.Patience = 300 * time.Millisecond; from == "host" {
						o.Host, o.Mirrors = copy.URL, nil
					}
				})
				w.current(a)
				w.live(a)
				w.has("create " + wanted + "/1 signed")
				w.has("current 2 +2 ~0 -0 of " + copy.URL)
				if !slices.ContainsFunc(w.lines(), func(l string) bool {
					return strings.HasPrefix(l, "problem "+string(a.DID)) && strings.HasSuffix(l, " next)")
				}) {
					t.Errorf("the failure is not reported: %q", w.lines())
				}
				if n := lister.Requests(getRepo); n > 1 {
					t.Errorf("a server that lacks the method was asked %d times", n)
				}
				a.Commit(put("3", "three"))
				w.current(a)
			})
		}
	}
}

// TestOwnServerFirst: as long as an account's own server answers, nobody else is asked, whatever they have.
func TestOwnServerFirst(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	var asked atomic.Int64
	copy := mirror(w, func(string) []byte { asked.Add(1); return nil })
	a.Commit(put("1", "one"))
	w.start(copy, func(o *follow.Options) { o.Host, o.Mirrors = copy.URL, []string{copy.URL} })
	w.live(a)
	a.CommitSilently(remove("1"))
	a.Commit(put("2", "two"))
	w.current(a)
	w.live(a)
	if asked.Load() != 0 {
		t.Errorf("another server was asked %d times", asked.Load())
	}
}

// TestOtherServersLie: what another server sends counts only if it is the account's, and not older than what is stored or was
// announced. What it says about the account does not count.
func TestOtherServersLie(t *testing.T) {
	follow.Hurry(t)
	for _, test := range []struct {
		name string
		lie  func(a, b *atptest.Account, old, known []byte) fault.Fault
	}{
		{"older than what is stored", func(_, _ *atptest.Account, old, _ []byte) fault.Fault { return sends(old) }},
		{"older than what was announced", func(_, _ *atptest.Account, _, known []byte) fault.Fault { return sends(known) }},
		{"another repository", func(_, b *atptest.Account, _, _ []byte) fault.Fault { return sends(b.Archive()) }},
		{"forged", func(*atptest.Account, *atptest.Account, []byte, []byte) fault.Fault { return fault.ForgeSignature() }},
		{"nothing", func(*atptest.Account, *atptest.Account, []byte, []byte) fault.Fault { return sends(nil) }},
		{"not found", func(*atptest.Account, *atptest.Account, []byte, []byte) fault.Fault {
			return fault.Error(404, "RepoNotFound", "x")
		}},
		{"deactivated", func(*atptest.Account, *atptest.Account, []byte, []byte) fault.Fault {
			return fault.Error(400, "RepoDeactivated", "x")
		}},
		{"taken down", func(*atptest.Account, *atptest.Account, []byte, []byte) fault.Fault {
			return fault.Error(403, "AccountTakedown", "x")
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			server := w.net.NewPDS()
			a, b := account(server), account(server)
			relay, copy := w.net.NewRelay(), mirror(w, archives(a))
			a.Commit(put("1", "one"))
			b.Commit(put("b", "b"))
			old := a.Archive()
			a.Commit(put("2", "two"))
			known := a.Archive()
			w.start(relay, func(o *follow.Options) { o.Host, o.Mirrors = relay.URL, []string{copy.URL} })
			w.live(a, b)
			w.clear()
			copy.Fail(test.lie(a, b, old, known), getRepo)
			mend := server.Fail(fault.Error(400, "Broken", "x"), getRepo)
			a.CommitSilently(remove("1"))
			a.Commit(put("3", "three"))
			w.until("the mirror to be asked more than once", func() bool { return copy.Requests(getRepo) > 2 })
			if got := w.stored(a.DID); len(got) != 2 || w.repo(a.DID).Phase != follow.Stale {
				t.Errorf("%v, %s", got, w.repo(a.DID).Phase)
			}
			for _, l := range w.lines() {
				if !strings.HasPrefix(l, "problem ") {
					t.Errorf("delivered: %s", l)
				}
			}
			mend()
			w.current(a)
			w.live(a)
		})
	}
}

func sends(archive []byte) fault.Fault {
	return fault.Custom("archive", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { sendArchive(w, archive) })
}

// TestOlderCopy: a repository that was first read from a mirror that is behind is compared with its own server once that can be
// reached, though nothing else happens.
func TestOlderCopy(t *testing.T) {
	follow.Hurry(t)
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	a.Commit(put("1", "one"))
	old := a.Archive()
	a.CommitSilently(remove("1"), put("2", "two"))
	relay, copy := w.net.NewRelay(), mirror(w, func(string) []byte { return old })
	mend := server.Fail(fault.Refuse())
	w.start(relay, func(o *follow.Options) {
		o.Host, o.Mirrors, o.Compare = relay.URL, []string{copy.URL}, -1
	})
	w.until("the copy", func() bool { return len(w.stored(a.DID)) == 1 && w.repo(a.DID).Phase == follow.Live })
	mend()
	w.current(a)
	w.live(a)
}

// TestGapWithoutServer: a change that the stream has lost is found and fetched though the account's own server is down.
func TestGapWithoutServer(t *testing.T) {
	follow.Hurry(t)
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	a.Commit(put("1", "one"))
	relay, copy := w.net.NewRelay(), mirror(w, archives(a))
	w.start(relay, func(o *follow.Options) {
		o.Host, o.Mirrors, o.Compare = relay.URL, []string{copy.URL}, 200*time.Millisecond
	})
	w.live(a)
	time.Sleep(300 * time.Millisecond) // past the comparison at the beginning
	server.Fail(fault.Refuse())
	a.CommitSilently(remove("1"), put("2", "two"))
	w.current(a)
	w.live(a)
	w.has("current 1 +1 ~0 -1 of " + copy.URL)
}

// TestNotGone: a directory whose document of an account lacks the server does not say that the account is gone, and nor does a mirror that does not have it. Its own server says so, or a tombstone.
func TestNotGone(t *testing.T) {
	follow.Hurry(t)
	for _, test := range []struct {
		name string
		do   func(w *world, s *atptest.PDS, a *atptest.Account)
		gone bool
	}{
		{"no server", func(w *world, s *atptest.PDS, a *atptest.Account) { a.SetPDS("") }, false},
		{"the directory fails", func(w *world, s *atptest.PDS, a *atptest.Account) { w.net.PLC().Fail(fault.HTML(404)) }, false},
		{"the server fails", func(w *world, s *atptest.PDS, a *atptest.Account) { s.Fail(fault.Error(500, "RepoNotFound", "x")) }, false},
		{"a proxy says 404", func(w *world, s *atptest.PDS, a *atptest.Account) { s.Fail(fault.HTML(404)) }, false},
		{"own server", func(w *world, s *atptest.PDS, a *atptest.Account) { s.Fail(fault.Error(400, "RepoNotFound", "x")) }, true},
		{"tombstone", func(w *world, s *atptest.PDS, a *atptest.Account) { a.Tombstone() }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			server := w.net.NewPDS()
			relay, copy := w.net.NewRelay(), w.net.NewRelay()
			a := account(server)
			a.Commit(put("1", "one"))
			w.start(relay, func(o *follow.Options) { o.Host, o.Mirrors = relay.URL, []string{copy.URL} })
			w.live(a)
			w.clear()
			relay.Fail(fault.Error(404, "RepoNotFound", "x"))
			copy.Fail(fault.Error(404, "RepoNotFound", "x"))
			test.do(w, server, a)
			a.RotateKey(multikey.K256) // whose #identity makes the directory and the server be asked
			if test.gone {
				w.has("account false deleted")
				w.until("the deletions", func() bool { return len(w.stored(a.DID)) == 0 })
				return
			}
			w.until("attempts", func() bool {
				n := 0
				for _, l := range w.lines() {
					if strings.HasPrefix(l, "problem "+string(a.DID)) {
						n++
					}
				}
				return n > 10
			})
			if got := w.stored(a.DID); len(got) != 1 {
				t.Errorf("%d records are left: %q", len(got), w.lines())
			}
		})
	}
}

// TestMirrorsOption: what is not the origin of a server is refused.
func TestMirrorsOption(t *testing.T) {
	w := newWorld(t)
	for _, mirror := range []string{"", "mirror.example.com", "wss://mirror.example.com", "https://", "https://%"} {
		options := w.options(w.directory())
		options.Mirrors = []string{mirror}
		if err := follow.Run(t.Context(), nil, w.store, nil, options); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", mirror)) {
			t.Errorf("%q: %v", mirror, err)
		}
	}
}
