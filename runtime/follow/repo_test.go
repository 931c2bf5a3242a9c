package follow

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/identity"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func of(text string) cid.CID { return cid.Of(cid.DagCBOR, []byte(text)) }

// Revisions, in their order.
const (
	rev1 syntax.TID = "3mbd355xl6222"
	rev2 syntax.TID = "3mbd355xl6223"
	rev3 syntax.TID = "3mbd355xl6224"
)

// TestTable is the table at the beginning of repo.go: what becomes of a repository in each phase.
func TestTable(t *testing.T) {
	state := reposync.State{Rev: rev2, Commit: of("commit 2"), Data: of("tree 2")}
	commit := func(rev, since syntax.TID, name string, prev cid.CID) *item {
		return &item{commit: &firehose.Commit{Rev: rev, Since: since, CID: of("commit " + name), Data: of("tree " + name), PrevData: prev, Trust: rec.Signed}}
	}
	sync := func(rev syntax.TID, name, tree string) *item {
		return &item{event: &firehose.Sync{Rev: rev, CID: of("commit " + name), Data: of("tree " + tree), Trust: rec.Signed}}
	}
	account := func(active bool, status string) *item {
		return &item{event: &firehose.Account{Active: active, Status: status}}
	}
	bad := func(rev syntax.TID) *item { return &item{event: &firehose.BadFrame{Rev: rev, Err: errors.New("bad")}} }
	is := func(rev syntax.TID, name string, known reposync.State) *item {
		return &item{latest: &latest{commit: pds.LatestCommit{Rev: rev, CID: of("commit " + name)}, known: known}}
	}
	record := func(rev syntax.TID, alone bool) *item {
		return &item{records: []*firehose.Record{{Rev: rev, Trust: rec.Hashed}}, alone: alone}
	}
	next := commit(rev3, rev2, "3", state.Data)
	for _, test := range []struct {
		name                  string
		it                    *item
		live, stale, inactive string // the phase after it, the revision, and what is to do
	}{
		{"the next commit", next, "live 3", "stale 2", "inactive 2 check"},
		{"a commit after a gap", commit(rev3, rev1, "3", state.Data), "stale 2 fetch", "stale 2", "inactive 2 check"},
		{"a commit on another tree", commit(rev3, rev2, "3", of("tree")), "stale 2 fetch", "stale 2", "inactive 2 check"},
		{"a first commit", commit(rev3, "", "3", cid.CID{}), "stale 2 fetch", "stale 2", "inactive 2 check"},
		{"the same commit", commit(rev2, rev1, "2", of("tree 1")), "live 2", "stale 2", "inactive 2 check"},
		{"another commit of the same revision", commit(rev2, rev1, "other", of("tree 1")), "stale 2 fetch", "stale 2", "inactive 2 check"},
		{"an old commit", commit(rev1, "", "1", cid.CID{}), "live 2", "stale 2", "inactive 2 check"},
		{"#sync with the same tree", sync(rev3, "3", "2"), "live 3", "stale 2", "inactive 2 check"},
		{"#sync with another tree", sync(rev3, "3", "3"), "stale 2 fetch", "stale 2", "inactive 2 check"},
		{"#sync that is known", sync(rev2, "2", "2"), "live 2", "stale 2", "inactive 2 check"},
		{"#sync that is old", sync(rev1, "1", "1"), "live 2", "stale 2", "inactive 2 check"},
		{"#sync of the same revision", sync(rev2, "other", "other"), "stale 2 fetch", "stale 2", "inactive 2 check"},
		{"a bad frame", bad(rev3), "stale 2 fetch", "stale 2", "inactive 2"},
		{"a bad frame without a revision", bad(""), "stale 2 fetch", "stale 2", "inactive 2"},
		{"an old bad frame", bad(rev2), "live 2 check", "stale 2", "inactive 2"},
		{"active", account(true, ""), "live 2", "stale 2 fetch", "stale 2 fetch"},
		{"deactivated", account(false, "deactivated"), "inactive 2", "inactive 2", "inactive 2"},
		{"takendown", account(false, "takendown"), "inactive 2", "inactive 2", "inactive 2"},
		{"no status", account(false, ""), "inactive 2", "inactive 2", "inactive 2"},
		{"deleted", account(false, "deleted"), "inactive 2 purge", "inactive 2 purge", "inactive 2 purge"},
		{"identity", &item{event: &firehose.Identity{}}, "live 2 check", "stale 2 fetch", "inactive 2 check"},
		{"checked: the same", is(rev2, "2", state), "live 2", "stale 2", "stale 2 fetch"},
		{"checked: newer", is(rev3, "3", state), "live 2 check late", "stale 2", "stale 2 fetch"},
		{"checked: older than when it was asked", is(rev1, "1", state), "live 2", "stale 2", "stale 2 fetch"},
		{"checked: the stream was faster", is(rev1, "1", reposync.State{Rev: rev1}), "live 2", "stale 2", "stale 2 fetch"},
		{"checked: another commit", is(rev2, "other", state), "stale 2 fetch", "stale 2", "stale 2 fetch"},
		{"checked: not active", &item{latest: &latest{status: "suspended"}}, "inactive 2", "inactive 2", "inactive 2"},
		{"records without their commit", record(rev3, false), "stale 2 fetch", "stale 2", "inactive 2 check"},
		{"a record of a source without commits", record(rev3, true), "live 3", "stale 2", "inactive 2 check"},
		{"a record that is fetched", record(rev2, true), "live 2", "stale 2", "inactive 2 check"},
		{"an old record", record(rev1, true), "live 2", "stale 2", "inactive 2 check"},
	} {
		for phase, want := range map[Phase]string{Live: test.live, Stale: test.stale, Inactive: test.inactive} {
			r := &tracked{Repo: Repo{DID: "did:plc:a", Phase: phase, State: state}}
			if phase == Inactive {
				r.Status = "deactivated"
			}
			before := r.Repo
			out := r.step(test.it, time.Now())
			got := fmt.Sprintf("%s %d", r.Phase, r.State.Rev[12]-rev1[12]+1)
			for job, name := range map[job]string{fetch: " fetch", check: " check", purge: " purge"} {
				if out.todo&job != 0 {
					got += name
				}
			}
			if out.late {
				got += " late"
			}
			if test.name == "takendown" || test.name == "no status" {
				if r.Status != map[string]string{"takendown": "takendown"}[test.name] {
					t.Errorf("%s: %s: the status is %q", test.name, phase, r.Status)
				}
			}
			if got != want {
				t.Errorf("%s: %s: %s, want %s", test.name, phase, got, want)
			}
			if r.Repo != before && !out.save {
				t.Errorf("%s: %s: a change is not stored", test.name, phase)
			}
		}
	}

	// A server that is ahead is asked again: what it had then must have arrived.
	r := &tracked{Repo: Repo{Phase: Live, State: state}}
	r.step(is(rev3, "3", state), time.Now())
	if out := r.step(is(rev3, "3", state), time.Now()); r.Phase != Stale || out.todo != fetch {
		t.Errorf("what a server has does not arrive, and it is %s, %v", r.Phase, out.todo)
	}
	r = &tracked{Repo: Repo{Phase: Live, State: state}}
	r.step(is(rev3, "3", state), time.Now())
	r.step(next, time.Now())
	if r.step(is(rev3, "3", state), time.Now()); r.Phase != Live {
		t.Error("what a server has does arrive, and the repository is fetched")
	}

	// An answer from before an account event is not the last word: the server is asked again.
	for _, active := range []bool{true, false} {
		r = &tracked{Repo: Repo{Phase: Live, State: state}}
		asked := &latest{commit: pds.LatestCommit{Rev: rev2, CID: state.Commit}, known: state, accounts: r.accounts}
		if active {
			asked = &latest{status: "deactivated", known: state, accounts: r.accounts}
			r.step(account(false, "deactivated"), time.Now())
		}
		r.step(account(active, "deactivated"), time.Now())
		phase := r.Phase
		if out := r.step(&item{latest: asked}, time.Now()); r.Phase != phase || len(out.events) != 0 || out.todo != check {
			t.Errorf("active %t: an answer from before makes it %s after %s, %v", active, r.Phase, phase, out.todo)
		}
	}

	// Commits that are not verified prove nothing about revisions.
	r = &tracked{Repo: Repo{Phase: Stale, State: state}}
	forged := *next.commit
	forged.Trust = rec.Hashed
	r.step(&item{commit: &forged}, time.Now())
	if r.seen != "" {
		t.Error("a commit that is not verified counts")
	}
	if r.step(next, time.Now()); r.seen != rev3 {
		t.Error("a commit that is verified does not count")
	}
}

// TestFailures: what the errors of a server mean.
func TestFailures(t *testing.T) {
	now := time.Now()
	r := &tracked{Repo: Repo{Phase: Stale}}
	for _, test := range []struct {
		err  error
		want string
	}{
		{pds.ErrRepoDeactivated, "deactivated"}, {fmt.Errorf("x: %w", pds.ErrRepoTakendown), "takendown"}, {pds.ErrRepoSuspended, "suspended"},
		{errors.New("x"), ""}, {identity.ErrUnreachable, ""}, {pds.ErrRecordNotFound, ""},
	} {
		if got, problem := r.onFailed(test.err, false, now); got != test.want || (problem == nil) != (got != "") {
			t.Errorf("%v: %q, %v", test.err, got, problem)
		}
	}
	r = &tracked{Repo: Repo{Phase: Stale}}
	last := time.Duration(0)
	for n := range 40 {
		_, problem := r.onFailed(errors.New("x"), false, now)
		if problem.Attempt != n+1 || problem.Retry.Sub(now) > backoff.Max {
			t.Fatalf("attempt %d: %+v", n, problem)
		}
		last = problem.Retry.Sub(now)
	}
	if last < backoff.Max/2 {
		t.Errorf("after 40 failures it waits %v", last)
	}
	r = &tracked{Repo: Repo{Phase: Stale}}
	for n := 1; n <= maxAbsent; n++ {
		if status, _ := r.onFailed(pds.ErrRepoNotFound, true, now); (status == deleted) != (n == maxAbsent) {
			t.Errorf("%q after %d times", status, n)
		}
	}
	r = &tracked{Repo: Repo{Phase: Stale}}
	for n := range 3 * maxAbsent {
		if status, _ := r.onFailed(pds.ErrRepoNotFound, n%maxAbsent > 0, now); status != "" {
			t.Errorf("%q, though the answers were not in a row", status)
		}
	}
}
