package follow_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/atptest"
	"github.com/layers-pub/layers-go/runtime/atptest/fault"
	"github.com/layers-pub/layers-go/runtime/atptest/forge"
	"github.com/layers-pub/layers-go/runtime/follow"
	"github.com/layers-pub/layers-go/runtime/rec"
)

// TestFollow: what is there is fetched, what comes is delivered in order and chained, and a restart goes on where it was.
func TestFollow(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a, b := account(server), account(server)
	a.Commit(put("1", "one"), put("2", "two"), other("x"))
	b.Commit(other("1")) // nothing that is wanted
	w.start(server, streamOnly(server))
	w.current(a)
	w.live(a)
	if got := w.lines(); !slices.Equal(got, []string{"create " + wanted + "/1 signed", "create " + wanted + "/2 signed", "current 2 +2 ~0 -0"}) {
		t.Errorf("%q", got)
	}
	w.clear()
	a.Commit(put("1", "uno"), remove("2"), put("3", "three"))
	a.Commit(other("y")) // moves the chain
	a.Commit(put("4", "four"))
	w.current(a)
	want := []string{"update " + wanted + "/1 chained live", "delete " + wanted + "/2 chained live", "create " + wanted + "/3 chained live", "create " + wanted + "/4 chained live"}
	if got := w.lines(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if r := w.repo(b.DID); r.DID != "" {
		t.Errorf("a repository without wanted records is kept: %+v", r)
	}
	w.live(a)
	w.stop()

	w.clear()
	a.Commit(put("5", "five"), remove("1"))
	fetches := countFetches(server)
	w.start(server, streamOnly(server))
	w.current(a)
	if want, got := []string{"delete " + wanted + "/1 chained live", "create " + wanted + "/5 chained live"}, w.lines(); !slices.Equal(sorted(got), sorted(want)) {
		t.Errorf("after a restart: %q, want %q", got, want)
	}
	if fetches.Load() != 0 {
		t.Errorf("%d fetches after a restart", fetches.Load())
	}
}

func sorted(lines []string) []string {
	lines = slices.Clone(lines)
	slices.Sort(lines)
	return lines
}

const getRepo = "com.atproto.sync.getRepo"

func sendArchive(w http.ResponseWriter, archive []byte) {
	w.Header().Set("Content-Type", "application/vnd.ipld.car")
	w.Write(archive)
}

// countFetches counts the archives that a server sends.
func countFetches(s *atptest.PDS) *atomic.Int64 {
	var n atomic.Int64
	s.Fail(fault.Custom("count", func(w http.ResponseWriter, r *http.Request, good http.Handler) {
		n.Add(1)
		good.ServeHTTP(w, r)
	}), getRepo)
	return &n
}

// TestJoins: a repository whose first wanted record appears on the stream is fetched with all that it has, also one that
// was made a moment before.
func TestJoins(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	old := account(server)
	old.Commit(other("1"))
	old.CommitSilently(put("0", "silent"))
	w.start(server, nil)
	w.until("the stream", func() bool { return server.Subscribers() > 0 })
	old.Commit(put("1", "first")) // which does not follow what the stream has seen
	w.current(old)
	fresh := account(server)
	fresh.Commit()
	fresh.Sync()
	fresh.Commit(put("1", "hello"))
	fresh.Commit(put("2", "hello again"))
	w.current(old, fresh)
	w.live(old, fresh)
}

// hook lets tests change a repository while it is being fetched: it is called when the archive was made and before it is
// sent.
func hook(s *atptest.PDS, a *atptest.Account, do func(fetch int)) *atomic.Int64 {
	var n atomic.Int64
	s.Fail(fault.Custom("hook", func(w http.ResponseWriter, r *http.Request, good http.Handler) {
		if r.URL.Query().Get("did") != string(a.DID) {
			good.ServeHTTP(w, r)
			return
		}
		archive := a.Archive()
		do(int(n.Add(1)))
		sendArchive(w, archive)
	}), getRepo)
	return &n
}

// TestChangesDuringFetch: what happens while a repository is fetched is delivered after it, in order.
func TestChangesDuringFetch(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	a.Commit(put("1", "one"), put("2", "two"))
	fetches := hook(server, a, func(n int) {
		a.Commit(put("3", "three"))
		a.Commit(remove("1"))
		a.Commit(put("1", "one again"))
		a.Commit(put("2", "zwei"))
		time.Sleep(50 * time.Millisecond) // so that the stream has them first
	})
	w.start(server, streamOnly(server))
	w.current(a)
	w.live(a)
	var live []string
	for _, l := range w.lines() {
		if strings.HasSuffix(l, "live") {
			live = append(live, l)
		}
	}
	want := []string{"create " + wanted + "/3 chained live", "delete " + wanted + "/1 chained live", "create " + wanted + "/1 chained live", "update " + wanted + "/2 chained live"}
	if !slices.Equal(live, want) || fetches.Load() != 1 {
		t.Errorf("%d fetches, %q", fetches.Load(), w.lines())
	}
}

// TestHeldTooMuch: more than may be kept during a fetch leads to another fetch.
func TestHeldTooMuch(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	a.Commit(put("1", "one"))
	fetches := hook(server, a, func(n int) {
		if n > 1 {
			return
		}
		for i := range 20 {
			a.Commit(put(fmt.Sprint("k", i), strings.Repeat("long ", 100)))
		}
		time.Sleep(50 * time.Millisecond)
	})
	w.start(server, func(o *follow.Options) { o.Host, o.MaxHeld, o.Grace = server.URL, 16<<10, time.Minute })
	w.current(a)
	w.live(a)
	if n := fetches.Load(); n < 2 {
		t.Errorf("%d fetches, want another one", n)
	}
}

// TestAway: what happened while nobody looked is found, deletions too, whether the stream still has it or not.
func TestAway(t *testing.T) {
	for _, test := range []struct {
		name   string
		away   func(s *atptest.PDS)
		report string
	}{
		{"the server has forgotten", func(s *atptest.PDS) { s.Forget() }, "problem events may be missing in the stream: the source says OutdatedCursor"},
		{"the server was reset", func(s *atptest.PDS) { s.Reset() }, "problem events may be missing in the stream: firehose:"},
		{"the server was reset and went on", func(s *atptest.PDS) {
			s.Reset()
			for range 40 {
				account(s).Commit(other("x"))
			}
		}, ""},
		{"nothing but silence", func(s *atptest.PDS) {}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			server := w.net.NewPDS()
			a, b, c := account(server), account(server), account(server)
			for _, account := range []*atptest.Account{a, b, c} {
				account.Commit(put("1", "one"), put("2", "two"), put("3", "three"))
			}
			w.start(server, func(o *follow.Options) { o.Host = server.URL })
			w.live(a, b, c)
			c.Commit(put("4", "four"))
			w.live(c)
			w.until("a position", func() bool { return w.position(server) == server.Seq() })
			w.stop()
			account(server).Commit(other("x"))
			a.CommitSilently(remove("1"), put("2", "zwei"), put("4", "four"))
			b.CommitSilently(remove("2"))
			b.CommitSilently(remove("3"))
			test.away(server)
			w.start(server, func(o *follow.Options) { o.Host = server.URL })
			w.current(a, b, c)
			w.live(a, b, c)
			if test.report != "" {
				w.has(test.report)
			}
		})
	}
}

// TestGap: a gap while it runs leads to a comparison, with the host's list or with each repository's server.
func TestGap(t *testing.T) {
	for _, host := range []bool{true, false} {
		t.Run(fmt.Sprint("host ", host), func(t *testing.T) {
			w := newWorld(t)
			server := w.net.NewPDS()
			a, b := account(server), account(server)
			a.Commit(put("1", "one"), put("2", "two"))
			b.Commit(put("1", "one"))
			w.start(server, func(o *follow.Options) {
				if o.Host = server.URL; !host {
					o.Host, o.Repos = "", append(o.Repos, a.DID, b.DID)
				}
			})
			w.live(a, b)
			b.Commit(put("0", "zero"))
			b.Commit(put("0", "null"))
			w.current(b)
			time.Sleep(300 * time.Millisecond) // past the comparison at the beginning
			a.CommitSilently(remove("1"))
			server.Reset()
			b.Commit(put("2", "two")) // does not follow, or does: the frames are counted anew
			w.current(a, b)
			w.live(a, b)
		})
	}
}

// TestCompare: a repository that differs and is silent is found by comparing from time to time.
func TestCompare(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	a.Commit(put("1", "one"), put("2", "two"))
	w.start(server, func(o *follow.Options) { o.Host, o.Compare = server.URL, 100*time.Millisecond })
	w.live(a)
	time.Sleep(300 * time.Millisecond) // past the comparison at the beginning
	a.CommitSilently(remove("1"))
	w.current(a)
	w.live(a)
}

// TestBreaks: what breaks the chain leads to a fetch, is reported, and leaves the consumer with what the server has.
func TestBreaks(t *testing.T) {
	for _, test := range []struct {
		name  string
		do    func(a *atptest.Account)
		wants string
	}{
		{"missed commit", func(a *atptest.Account) {
			a.CommitSilently(remove("1"))
			a.Commit(put("3", "three"))
		}, "problem "},
		{"#sync", func(a *atptest.Account) {
			a.CommitSilently(remove("1"), put("2", "zwei"))
			a.Sync()
		}, "current "},
		{"#sync without a change", func(a *atptest.Account) { a.Sync() }, ""},
		{"commit without operations, then one", func(a *atptest.Account) {
			a.Commit()
			a.Commit(put("3", "three"))
		}, "create " + wanted + "/3 chained live"},
		{"commit twice, and an old one", func(a *atptest.Account) {
			first := a.Commit(put("3", "three"))
			a.Commit(put("3", "drei"))
			a.Send(func(seq int64) []byte { return forge.Frame(first, seq, time.Now()) })
		}, "update " + wanted + "/3 chained live"},
		{"garbage with the account's name", func(a *atptest.Account) {
			m := a.CommitSilently(put("3", "three"))
			m.Blocks = m.Blocks[:len(m.Blocks)-1]
			a.Send(func(seq int64) []byte { return forge.Frame(m, seq, time.Now()) })
		}, "problem "},
		{"a commit of a revision that is not the next", func(a *atptest.Account) {
			m := a.Commit(put("3", "three"))
			m.Since = m.Since.Add(-time.Hour)
			a.Send(func(seq int64) []byte { return forge.Frame(m, seq, time.Now()) })
		}, "create " + wanted + "/3 chained live"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			server := w.net.NewPDS()
			a := account(server)
			a.Commit(put("1", "one"), put("2", "two"))
			w.start(server, streamOnly(server))
			w.live(a)
			w.clear()
			test.do(a)
			w.current(a)
			w.live(a)
			if test.wants != "" {
				w.has(test.wants)
			}
			w.clear()
			a.Commit(put("last", "last"))
			w.current(a)
			if got := w.lines(); !slices.Equal(got, []string{"create " + wanted + "/last chained live"}) {
				t.Errorf("afterwards: %q", got)
			}
		})
	}
}

// TestForgeries: each defect of a commit leads to the state that the account's server has, and nothing that it makes up is
// delivered. The genuine commit follows, or does not.
func TestForgeries(t *testing.T) {
	for _, follows := range []bool{true, false} {
		t.Run(fmt.Sprint("genuine follows ", follows), func(t *testing.T) {
			w := newWorld(t)
			server := w.net.NewPDS()
			relay := w.net.NewRelay()
			var accounts []*atptest.Account
			for range forge.Defects {
				a := account(server)
				a.Prepare()
				accounts = append(accounts, a)
			}
			all := func(o *follow.Options) { o.Host, o.Collections = relay.URL, []string{"com.example.*"} }
			w.before = func(e follow.Event) error {
				if c, ok := e.(*follow.Change); ok && strings.Contains(c.Path(), "never") {
					return fmt.Errorf("delivered: %s", c.ID())
				}
				return nil
			}
			w.start(relay, all)
			w.live(accounts...)
			for i, d := range forge.Defects {
				a := accounts[i]
				genuine, _ := a.Forge(d.Name)
				if follows {
					a.Send(func(seq int64) []byte { return forge.Frame(genuine, seq, time.Now()) })
				}
			}
			for i, a := range accounts {
				if d := forge.Defects[i].Name; !follows && d == "another repository" {
					a.Commit(put("1", "the next")) // only this shows that one was missed
				}
				w.live(a)
				want := recordsOf(a, func(string) bool { return true })
				if got := w.stored(a.DID); !maps.Equal(got, want) {
					t.Errorf("%s: %d records, want %d", forge.Defects[i].Name, len(got), len(want))
				}
			}
		})
	}
}

// TestAccounts: an account that is not active keeps its records in the store, and what changed meanwhile is delivered when it
// comes back. A deleted one has none.
func TestAccounts(t *testing.T) {
	for _, status := range []string{"deactivated", "takendown", "suspended", "somehow", ""} {
		t.Run("status "+status, func(t *testing.T) {
			w := newWorld(t)
			server := w.net.NewPDS()
			a := account(server)
			a.Commit(put("1", "one"), put("2", "two"))
			w.start(server, streamOnly(server))
			w.live(a)
			w.clear()
			if status == "" {
				a.Send(func(seq int64) []byte { return forge.AccountFrame(a.DID, false, "", seq, time.Now()) })
			} else {
				a.SetStatus(atptest.Status(status))
			}
			w.has(strings.TrimSpace("account false " + status))
			w.until("the phase", func() bool { return w.repo(a.DID).Phase == follow.Inactive })
			if got := len(w.stored(a.DID)); got != 2 {
				t.Errorf("%d records are left", got)
			}
			a.CommitSilently(remove("1"), put("3", "three"))
			a.SetStatus(atptest.Active)
			w.has("account true")
			w.current(a)
			w.live(a)
			if got := w.lines(); got[0] != strings.TrimSpace("account false "+status) || got[1] != "account true" {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestDeleted(t *testing.T) {
	for _, silent := range []bool{false, true} {
		t.Run(fmt.Sprint("silent ", silent), func(t *testing.T) {
			w := newWorld(t)
			server := w.net.NewPDS()
			a, b := account(server), account(server)
			a.Commit(put("1", "one"), put("2", "two"))
			b.Commit(put("1", "one"))
			compare := func(o *follow.Options) { o.Host, o.Compare = server.URL, 200*time.Millisecond }
			w.start(server, compare)
			w.live(a, b)
			w.clear()
			if silent {
				a.SetStatusSilently(atptest.Deleted)
			} else {
				a.SetStatus(atptest.Deleted)
			}
			w.until("the deletions", func() bool { return len(w.stored(a.DID)) == 0 })
			w.until("the repository to be forgotten", func() bool { return w.repo(a.DID).DID == "" })
			var got []string
			for _, l := range w.lines() {
				if !strings.HasPrefix(l, "problem") {
					got = append(got, l)
				}
			}
			if want := []string{"account false deleted", "delete " + wanted + "/1 served", "delete " + wanted + "/2 served"}; !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
			w.current(b)
		})
	}
}

// TestMigrated: an account that moves goes on at its new server, through a relay; and a server is not believed about accounts
// that it does not have.
func TestMigrated(t *testing.T) {
	w := newWorld(t)
	first, second := w.net.NewPDS(), w.net.NewPDS()
	relay := w.net.NewRelay()
	a := account(first)
	a.Commit(put("1", "one"))
	w.start(relay, func(o *follow.Options) { o.Host = relay.URL })
	w.live(a)
	fetches := countFetches(second)
	a.MoveTo(second)
	w.has("identity")
	a.Commit(put("2", "two"))
	w.current(a)
	a.CommitSilently(remove("1"))
	a.Commit(put("3", "three")) // breaks the chain
	w.current(a)
	w.live(a)
	if fetches.Load() == 0 {
		t.Error("no fetch from the new server")
	}
}

func TestElsewhere(t *testing.T) {
	w := newWorld(t)
	first, second := w.net.NewPDS(), w.net.NewPDS()
	a, b := account(first), account(first)
	a.Commit(put("1", "one"))
	b.Commit(put("1", "one"))
	w.start(first, func(o *follow.Options) { o.Host, o.Server, o.Grace = first.URL, first.URL, time.Hour })
	w.live(a, b)
	w.clear()
	a.MoveTo(second)
	first.Send(func(seq int64) []byte { return forge.AccountFrame(a.DID, false, "deactivated", seq, time.Now()) })
	w.has("problem " + string(a.DID) + ": " + follow.ErrElsewhere.Error())
	if got := w.repo(a.DID).Phase; got != follow.Live {
		t.Errorf("the former server made it %s", got)
	}
	stranger := account(second)
	m := stranger.Commit(put("1", "stranger"))
	first.Send(func(seq int64) []byte { return forge.Frame(m, seq, time.Now()) })
	w.has("problem " + string(stranger.DID) + ": " + follow.ErrElsewhere.Error())
	b.Commit(put("2", "two"))
	w.current(b)
	if got := w.stored(stranger.DID); len(got) != 0 {
		t.Errorf("the records of an account hosted elsewhere: %v", got)
	}
}

// TestSlow: a server that sends a byte a second holds up nobody else, and is given up.
func TestSlow(t *testing.T) {
	w := newWorld(t)
	slow, server := w.net.NewPDS(), w.net.NewPDS()
	relay := w.net.NewRelay()
	var accounts, late []*atptest.Account
	for range 20 {
		late = append(late, account(slow))
	}
	for range 100 {
		accounts = append(accounts, account(server))
	}
	for _, a := range slices.Concat(late, accounts) {
		a.Commit(put("1", "one"))
	}
	fast := slow.Fail(fault.Trickle(1, time.Second), getRepo)
	w.start(relay, func(o *follow.Options) { o.Host, o.Patience = relay.URL, time.Minute })
	w.live(accounts...)
	for _, a := range accounts {
		a.Commit(put("2", "two"))
	}
	w.current(accounts...)
	for _, a := range late {
		if r := w.repo(a.DID); r.Phase != follow.Stale {
			t.Errorf("%s is %s", a.DID, r.Phase)
		}
	}
	w.stop()
	w.start(relay, func(o *follow.Options) { o.Host, o.Patience = relay.URL, time.Second })
	w.until("a server that is given up", func() bool {
		return slices.ContainsFunc(w.lines(), func(l string) bool { return strings.Contains(l, follow.ErrSlow.Error()) })
	})
	fast()
	w.current(late...)
}

// TestServerFails: a server that fails, or has gone back to an older state, is asked again, and what is known is kept.
func TestServerFails(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	a.Commit(put("1", "one"))
	old := a.Archive()
	a.Commit(put("2", "two"))
	known := a.Archive()
	w.start(server, func(o *follow.Options) { o.Host, o.Grace = server.URL, time.Minute })
	w.live(a)
	var mode atomic.Int64
	server.Fail(fault.Custom("fails", func(w http.ResponseWriter, r *http.Request, good http.Handler) {
		switch mode.Add(1) {
		case 1:
			sendArchive(w, old)
		case 2:
			sendArchive(w, known) // without the commit that the stream has announced
		case 3:
			http.Error(w, "<html>", http.StatusForbidden)
		default:
			good.ServeHTTP(w, r)
		}
	}), getRepo)
	a.CommitSilently(remove("1"))
	a.Commit(put("3", "three"))
	w.has("problem " + string(a.DID) + ": " + follow.ErrBehind.Error())
	if got := len(w.stored(a.DID)); got != 2 {
		t.Errorf("%d records after a server that went back", got)
	}
	w.current(a)
	w.live(a)
}

// TestHandlerError: an event whose handler fails is delivered again, and what follows it too.
func TestHandlerError(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	a.Commit(put("1", "one"), put("2", "two"))
	fails := errors.New("disk full")
	n := 0
	failing := func(e follow.Event) error {
		if _, ok := e.(*follow.Change); ok {
			if n++; n%3 != 0 {
				return fails
			}
		}
		return nil
	}
	start := func() {
		w.start(server, func(o *follow.Options) { o.Host, o.Grace = server.URL, time.Minute })
	}
	start()
	w.live(a)
	a.Commit(put("3", "three"))
	w.until("a position", func() bool { return w.position(server) == server.Seq() })
	w.stop()
	w.before = failing
	ends := 0
	for round := range 30 {
		a.Commit(put(fmt.Sprint("k", round), "x"), put(fmt.Sprint("l", round), "x"))
		start()
		for want := recordsOf(a, isWanted); !maps.Equal(w.stored(a.DID), want); {
			select {
			case err := <-w.done:
				w.done <- nil
				if ends++; !errors.Is(err, fails) {
					t.Fatalf("Run ended with %v", err)
				}
			case <-time.After(5 * time.Millisecond):
				continue
			}
			break
		}
		w.stop()
	}
	w.before = nil
	start()
	w.current(a)
	w.live(a)
	if ends < 10 {
		t.Errorf("the handler failed %d times", ends)
	}
}

// TestCollectionsChange: what is wanted anew is fetched, and what is not any more is delivered as deleted.
func TestCollectionsChange(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	a.Commit(put("1", "one"), other("1"))
	w.start(server, func(o *follow.Options) { o.Host = server.URL })
	w.live(a)
	w.stop()
	w.clear()
	w.start(server, func(o *follow.Options) { o.Host, o.Collections = server.URL, []string{unwanted} })
	w.has("current 1 +1 ~0 -1")
}

// TestListAll: a host that cannot list by collection is asked for all repositories.
func TestListAll(t *testing.T) {
	for _, status := range []int{404, 501, 0} { // 0: the answer of the reference PDS
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w := newWorld(t)
			server := w.net.NewPDS()
			a, b := account(server), account(server)
			a.Commit(put("1", "one"))
			b.Commit(other("1"))
			if status != 0 {
				server.Fail(fault.Page(status, "text/plain", "no such thing"), "com.atproto.sync.listReposByCollection")
			}
			w.start(server, func(o *follow.Options) {
				if o.Host = server.URL; status == 0 {
					o.Collections = []string{"com.example.*"}
				}
			})
			w.live(a)
			if status != 0 && w.repo(b.DID).DID != "" {
				t.Error("a repository without wanted collections is followed")
			}
		})
	}
}

// TestTrust: changes of the stream are chained to what was fetched.
func TestTrust(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a := account(server)
	a.Commit(put("1", "one"))
	w.start(server, streamOnly(server))
	w.live(a)
	for n := range 5 {
		a.Commit(put(fmt.Sprint(n), "x"))
	}
	w.current(a)
	w.stop()
	for _, e := range w.events {
		if c, ok := e.(*follow.Change); ok && c.Trust != map[bool]rec.Trust{true: rec.Chained, false: rec.Signed}[c.Live] {
			t.Errorf("%s is %s", c.ID(), c.Trust)
		}
	}
}

// TestOnce: with Once, Run ends when all is there, also what changed while nobody looked, and what cannot be fetched does not
// hold it up.
func TestOnce(t *testing.T) {
	w := newWorld(t)
	server := w.net.NewPDS()
	a, b := account(server), account(server)
	a.Commit(put("1", "one"), put("2", "two"))
	b.Commit(put("1", "one"))
	server.Fail(fault.Custom("broken", func(w http.ResponseWriter, r *http.Request, good http.Handler) {
		if r.URL.Query().Get("did") != string(b.DID) {
			good.ServeHTTP(w, r)
			return
		}
		http.Error(w, `{"error":"Broken","message":"x"}`, http.StatusBadRequest)
	}), getRepo)
	for round := range 2 {
		w.start(server, func(o *follow.Options) { o.Host, o.Once = server.URL, true })
		select {
		case err := <-w.done:
			w.done <- err
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		case <-time.After(time.Minute):
			t.Fatalf("round %d does not end", round)
		}
		w.stop()
		w.current(a)
		a.CommitSilently(remove("1"), put("3", "three"))
		w.clear()
	}
	if r := w.repo(b.DID); r.Phase != follow.Stale || !strings.Contains(r.Fault, "Broken") {
		t.Errorf("%+v", r)
	}
}
