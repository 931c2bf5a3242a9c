package follow

import (
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/internal/pause"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// This file is the state machine of a repository. The table says, for each phase, what an event or the end of a job
// does to the repository: the phase that follows, and the job that it leads to.
//
//	             live                          stale               inactive
//	commit       follows: live, deliver it;    stays               stays, check
//	             old: live; else stale, fetch
//	#sync        same tree: live; else stale   stays               stays, check
//	bad frame    stale; old: check             stays               stays
//	active       stays                         fetch now           stale, fetch
//	not active   inactive (deleted: purge)     inactive            inactive
//	identity     check                         fetch now           check
//	checked      same: live; else stale        stays               served again: stale, fetch
//	fetched                                    live
//	fetch fails                                fetch later, or
//	                                           inactive
//
// A fetch compares the archive of the repository with the store; a check compares its latest commit. A purge delivers
// deletions of all records. If the stream says whether the account is active while a check is under way, the check is
// repeated, since its answer may be older.

// job is a set of what remains to be done for a repository.
type job uint8

const (
	fetch job = 1 << iota
	check
	purge
)

// tracked is a repository that is followed. All fields but written are guarded by follower.mu.
type tracked struct {
	Repo
	listed bool // whether the caller named it, so that it is followed even without records

	// owned says that one goroutine, the owner, works on the repository: only it changes Repo and delivers changes.
	// While the owner fetches or purges the repository, busy is set, and items are held. Then, while draining is set,
	// the owner processes the held items.
	owned, busy, draining bool
	held                  []*item
	heldSize              int64
	overflow              bool // an item was dropped, so the repository has to be fetched again

	todo    job
	alarms  job        // the jobs for which there is an alarm
	written int64      // the number of the last write of its changes; only the owner uses it
	queued  bool       // whether it is in the queue, or taken from it and not begun
	ahead   syntax.TID // the later revision that the server had at the last check, or ""

	seen     syntax.TID // the newest verified revision that the stream announced
	attempts int        // how many attempts in a row have failed at the account's own server
	absent   int        // how often in a row that server did not have the repository
	retry    time.Time  // when that server may be asked again
	fetchAt  string     // the server to fetch from next, "" for the account's own: see servers.go
	checkAt  string     // the server to check at next, likewise
	accounts int        // how many account events the stream has brought
	checked  time.Time  // when the last check began or was asked for
	fetched  time.Time  // when the last fetch that succeeded began
	forget   bool       // whether to stop following it, because it has no wanted records
}

// outcome is what has to be done after an item has changed a repository.
type outcome struct {
	events  []Event // for the handler, before the changes
	changes []*firehose.Record
	trust   rec.Trust // of the changes
	save    bool      // whether Repo has changed
	todo    job
	late    bool   // whether todo has to wait for Options.Grace
	status  string // the status of the account if its own server says that it is not active, or ""
}

// item is something that happened to a repository: events of the stream, or the result of a check.
type item struct {
	// At most one of these is set. An item that has only records is from a source that yields no commits, or from a
	// frame that arrived before the repository was followed.
	commit *firehose.Commit
	event  firehose.Event // *firehose.Sync, *firehose.BadFrame, *firehose.Account or *firehose.Identity
	latest *latest

	records []*firehose.Record
	alone   bool // whether the source yields no commits
	size    int64
}

// latest is the result of a check: what a server says of a repository.
type latest struct {
	commit   pds.LatestCommit
	known    reposync.State // the state when the server was asked
	accounts int            // how many account events the stream had brought then
	status   string         // why the server does not serve the repository, or ""
	copy     bool           // whether another server than the account's own has answered
}

// ack acknowledges the events of the item.
func (it *item) ack() {
	for _, e := range it.records {
		e.Ack()
	}
	if it.commit != nil {
		it.commit.Ack()
	}
	if it.event != nil {
		it.event.Ack()
	}
}

// step changes r according to an item, and returns what has to be done then.
func (r *tracked) step(it *item, now time.Time) outcome {
	switch {
	case it.commit != nil:
		return r.onCommit(it.commit, it.records, now)
	case it.latest != nil:
		return r.onLatest(it.latest)
	case it.event == nil:
		return r.onRecords(it.records, it.alone, now)
	}
	switch e := it.event.(type) {
	case *firehose.Sync:
		return r.onSync(e, now)
	case *firehose.BadFrame:
		return r.onBadFrame(e)
	case *firehose.Account:
		r.accounts++
		return r.onAccount(e.Active, e.Status)
	case *firehose.Identity:
		return r.onIdentity(e)
	}
	return outcome{}
}

// saw notes a revision that the stream announced, if it is verified. A fetch must not lead to an older one.
func (r *tracked) saw(rev syntax.TID, trust rec.Trust) {
	if trust >= rec.Signed && rev > r.seen {
		r.seen = rev
	}
}

// stale makes the repository one that has to be fetched because of err, and returns the outcome.
func (r *tracked) stale(rev syntax.TID, err error) outcome {
	r.Phase, r.Fault = Stale, fault(err)
	return outcome{events: []Event{&Problem{DID: r.DID, Rev: rev, Err: err}}, save: true, todo: fetch}
}

// fault returns the text of an error for Repo.Fault, at most 500 bytes of it.
func fault(err error) string {
	text := err.Error()
	return text[:min(len(text), 500)]
}

// awaken asks for a check of an inactive account that has events on the stream, at most once a minute.
func (r *tracked) awaken(now time.Time) outcome {
	if now.Sub(r.checked) < time.Minute {
		return outcome{}
	}
	r.checked = now
	return outcome{todo: check}
}

func (r *tracked) onCommit(c *firehose.Commit, records []*firehose.Record, now time.Time) outcome {
	switch {
	case r.Phase == Inactive:
		return r.awaken(now)
	case r.Phase == Stale:
		r.saw(c.Rev, c.Trust)
		return outcome{}
	case c.Rev <= r.State.Rev:
		return r.old(c.Rev, reposync.State{Rev: c.Rev, Commit: c.CID})
	}
	trust, err := r.State.CheckNext(c.Since, c.PrevData)
	if err != nil {
		r.saw(c.Rev, c.Trust)
		return r.stale(c.Rev, err)
	}
	if c.Trust < rec.Signed {
		trust = c.Trust
	}
	r.State = reposync.State{Rev: c.Rev, Commit: c.CID, Data: c.Data}
	return outcome{changes: records, trust: trust, save: true}
}

// old returns the outcome of a commit that is not newer than the state. Usually nothing has to be done. But another
// commit with the known revision shows that the account or its server made a mistake; then the repository is fetched,
// and the server decides.
func (r *tracked) old(rev syntax.TID, s reposync.State) outcome {
	if rev == r.State.Rev && s.Commit.Defined() && r.State.Commit.Defined() && s.Commit != r.State.Commit {
		return r.stale(rev, fmt.Errorf("%w: commit %s, but the known one is %s", repo.ErrForkedRevision, s.Commit, r.State.Commit))
	}
	return outcome{}
}

// onRecords processes records without their commit. alone says that the source yields no commits.
func (r *tracked) onRecords(records []*firehose.Record, alone bool, now time.Time) outcome {
	e := records[0]
	switch {
	case r.Phase == Inactive:
		return r.awaken(now)
	case r.Phase == Stale:
		r.saw(e.Rev, e.Trust)
		return outcome{}
	case e.Rev < r.State.Rev, e.Rev == r.State.Rev && r.State.Data.Defined():
		return outcome{}
	case !alone:
		return r.stale(e.Rev, errors.New("records without their commit"))
	}
	// The source yields no commits. Its records are accepted unverified until the repository is compared.
	r.State = reposync.State{Rev: e.Rev}
	return outcome{changes: records, trust: e.Trust, save: true}
}

func (r *tracked) onSync(e *firehose.Sync, now time.Time) outcome {
	switch {
	case r.Phase == Inactive:
		return r.awaken(now)
	case r.Phase == Stale:
		r.saw(e.Rev, e.Trust)
		return outcome{}
	case e.Rev <= r.State.Rev:
		return r.old(e.Rev, reposync.State{Rev: e.Rev, Commit: e.CID})
	case e.Data.Defined() && e.Data == r.State.Data:
		r.State.Rev, r.State.Commit = e.Rev, e.CID
		return outcome{save: true}
	}
	r.saw(e.Rev, e.Trust)
	r.Phase = Stale
	return outcome{save: true, todo: fetch}
}

func (r *tracked) onBadFrame(e *firehose.BadFrame) outcome {
	problem := &Problem{DID: r.DID, Rev: e.Rev, Err: e.Err, Frame: e.Frame}
	switch {
	case r.Phase != Live:
		return outcome{events: []Event{problem}}
	case e.Rev != "" && e.Rev <= r.State.Rev:
		// The repository was fetched after this commit, or the revision is wrong, too.
		return outcome{events: []Event{problem}, todo: check}
	}
	out := r.stale(e.Rev, e.Err)
	out.events = []Event{problem}
	return out
}

func (r *tracked) onAccount(active bool, status string) outcome {
	switch {
	case active && r.Phase == Inactive:
		r.Phase, r.Status = Stale, ""
		r.attempts, r.absent, r.fetchAt = 0, 0, ""
		return outcome{events: []Event{&Account{DID: r.DID, Active: true}}, save: true, todo: fetch}
	case active && r.Phase == Stale:
		r.attempts, r.fetchAt = 0, ""
		return outcome{todo: fetch}
	case active || r.Phase == Inactive && r.Status == status:
		return outcome{}
	}
	r.Phase, r.Status = Inactive, status
	out := outcome{events: []Event{&Account{DID: r.DID, Status: status}}, save: true}
	if status == deleted {
		out.todo = purge
	}
	return out
}

// deleted is the status of an account that was deleted.
const deleted = "deleted"

func (r *tracked) onIdentity(e *firehose.Identity) outcome {
	out := outcome{events: []Event{&Identity{DID: r.DID, Handle: e.Handle}}, todo: check}
	if r.checkAt = ""; r.Phase == Stale {
		r.attempts, r.fetchAt = 0, ""
		out.todo = fetch
	}
	return out
}

// onLatest processes the result of a check. Another server than the account's own is believed only if it has a later
// commit.
func (r *tracked) onLatest(l *latest) outcome {
	ahead := r.ahead
	r.ahead = ""
	switch {
	case l.accounts != r.accounts:
		return outcome{todo: check} // the stream has said meanwhile whether the account is active, and the answer may be older
	case l.copy && (r.Phase != Live || l.commit.Rev <= r.State.Rev):
		r.ahead = ahead
		return outcome{}
	case l.status != "":
		return r.onAccount(false, l.status)
	case r.Phase == Inactive:
		return r.onAccount(true, "")
	case r.Phase == Stale:
		return outcome{}
	case !r.State.Data.Defined():
		// Only a comparison shows whether a source that does not verify commits has left something out.
		r.Phase = Stale
		return outcome{save: true, todo: fetch}
	case l.commit.Rev == r.State.Rev && l.commit.CID == r.State.Commit:
		return outcome{}
	case l.commit.Rev < l.known.Rev:
		err := fmt.Errorf("%w: its latest commit has the revision %s, but the known one has %s", ErrBehind, l.commit.Rev, l.known.Rev)
		return outcome{events: []Event{&Problem{DID: r.DID, Rev: l.commit.Rev, Err: err}}}
	case l.commit.Rev < r.State.Rev:
		return outcome{} // the stream brought a later commit meanwhile
	case l.commit.Rev > r.State.Rev && (ahead == "" || r.State.Rev >= ahead):
		r.ahead = l.commit.Rev // the stream may still bring it
		return outcome{todo: check, late: true}
	}
	r.Phase = Stale
	return outcome{save: true, todo: fetch}
}

// onFetched sets the state that a fetch has led to. records is the number of wanted records, began is when the fetch
// began, and own says whether the account's own server was asked.
func (r *tracked) onFetched(s reposync.State, filter string, records int, began time.Time, own bool) {
	// A repository without wanted records is followed again when its first wanted record arrives.
	r.forget = !r.listed && records == 0 && r.State.Rev == ""
	r.State, r.Phase, r.Status, r.Fault, r.Filter = s, Live, "", "", filter
	if r.seen, r.fetched, r.fetchAt = "", began, ""; own {
		r.attempts, r.absent = 0, 0
	}
}

// onFailed processes the error of a request to the account's own server. It returns the status of the account if it is
// not active, and otherwise a problem with the time of the next attempt. absent says that the server does not have the
// repository.
func (r *tracked) onFailed(err error, absent bool, now time.Time) (status string, _ *Problem) {
	if status := inactiveStatus(err); status != "" {
		return status, nil
	}
	if !absent {
		r.absent = 0
	} else {
		// A server that was set up anew may not know its accounts for a while.
		if r.absent++; r.absent >= maxAbsent {
			return deleted, nil
		}
	}
	r.attempts++
	retry := now.Add(max(backoff.After(r.attempts), retryAfter(err, now)))
	return "", &Problem{DID: r.DID, Err: err, Attempt: r.attempts, Retry: retry}
}

// maxAbsent is how often in a row a server has to say that it does not have a repository for the account to count as
// deleted.
const maxAbsent = 3

// backoff is the pause between attempts to fetch a repository.
var backoff = pause.Backoff{Base: 2 * time.Second, Max: 30 * time.Minute, AtLeastHalf: true}

// retryAfter returns how long the server asks to wait, at most backoff.Max, or 0 if it does not.
func retryAfter(err error, now time.Time) time.Duration {
	if answer, ok := errors.AsType[*xrpc.Error](err); ok {
		if d, ok := answer.RetryAfter(now); ok {
			return min(d, backoff.Max)
		}
	}
	return 0
}

// inactiveStatus returns the status of an account if err says that its server does not serve the repository because of
// it, or "".
func inactiveStatus(err error) string {
	switch {
	case errors.Is(err, pds.ErrRepoDeactivated), errors.Is(err, rpc.ErrorName("AccountDeactivated")):
		return "deactivated"
	case errors.Is(err, pds.ErrRepoTakendown), errors.Is(err, rpc.ErrorName("AccountTakedown")):
		return "takendown"
	case errors.Is(err, pds.ErrRepoSuspended), errors.Is(err, rpc.ErrorName("AccountSuspended")):
		return "suspended"
	}
	return ""
}
