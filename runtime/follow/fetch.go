package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow/internal/download"
	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/pds"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// worker fetches, checks and purges repositories, until ctx ends.
func (f *follower) worker(ctx context.Context) error {
	for {
		f.mu.Lock()
		r := f.work.next()
		if r == nil {
			f.mu.Unlock()
			return context.Cause(ctx)
		}
		origin := r.fetchAt
		if r.Phase != Stale {
			origin = r.checkAt
		}
		f.mu.Unlock()
		if origin == "" {
			origin = f.origin(ctx, r.DID)
		}
		f.mu.Lock()
		if !f.work.hosts.Admit(origin, r) {
			f.mu.Unlock()
			continue
		}
		todo := f.begin(r)
		f.mu.Unlock()
		err := f.do(ctx, r, todo)
		f.mu.Lock()
		f.work.leave(origin)
		f.mu.Unlock()
		if err != nil {
			return err
		}
	}
}

// begin takes a job from what there is to do for r, and returns it, or 0 if there is none now. If it is a fetch or a
// purge, the caller becomes the owner of r. f.mu must be locked.
func (f *follower) begin(r *tracked) job {
	r.queued = false
	if r.owned || f.repos[string(r.DID)] != r {
		return 0 // the owner adds r to the queue again
	}
	todo := r.todo
	r.todo = 0
	switch {
	case todo&purge != 0 && r.Phase == Inactive && r.Status == deleted:
		r.owned, r.busy = true, true
		return purge
	case todo&fetch != 0 && r.Phase == Stale:
		r.owned, r.busy = true, true
		return fetch
	case todo&check != 0 && r.Phase != Stale:
		return check
	}
	return 0
}

func (f *follower) do(ctx context.Context, r *tracked, todo job) (err error) {
	switch todo {
	case check:
		return f.check(ctx, r)
	case fetch:
		err = f.fetch(ctx, r)
	case purge:
		err = f.purge(ctx, r)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	return f.release(ctx, r)
}

// fetch reads a repository from a server, and delivers and stores its differences from the store. If that fails, it
// arranges for the next attempt. The caller must own r.
func (f *follower) fetch(ctx context.Context, r *tracked) error {
	f.mu.RLock()
	known, seen, at := r.State, r.seen, r.fetchAt
	f.mu.RUnlock()
	began := time.Now()
	archive, err := download.Repo(ctx, f.Client, r.DID, download.Options{Host: at, Patience: f.Patience, MaxSize: f.MaxRepoSize})
	var current *Current
	if err == nil {
		defer archive.Close()
		if err = checkRevision(archive.Revision(), known, seen, at == ""); err == nil {
			current, err = f.compare(ctx, r, archive)
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	out := outcome{events: []Event{current}}
	if err != nil {
		out = f.failed(ctx, r, fetch, at, err)
	}
	f.mu.Lock()
	switch {
	case err == nil:
		if current.Server = at; at != "" {
			// The account's own server may have a later commit, or say that the account is gone.
			f.work.later(r, check, r.retry)
		}
		r.onFetched(current.State, f.filter, current.Records, began, at == "")
	case out.status != "":
		out = r.onAccount(false, out.status)
		r.todo |= out.todo
	case at == "":
		r.Fault = fault(err)
	}
	f.mu.Unlock()
	for _, e := range out.events {
		if err := f.handle(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// checkRevision checks that a fetched repository is not older than the known state, nor than seen, the newest revision
// that the stream has announced. Another commit with the known revision is accepted only from the account's own
// server, which decides what is valid. A known revision without a known commit is not proven, and so is not compared.
func checkRevision(v repo.Revision, known reposync.State, seen syntax.TID, own bool) error {
	before := repo.Revision{}
	if known.Commit.Defined() {
		before = repo.Revision{Rev: known.Rev, CID: known.Commit}
	}
	err := v.CheckAfter(before, time.Now())
	switch {
	case errors.Is(err, repo.ErrOlderRevision):
		return fmt.Errorf("%w: %w", ErrBehind, err)
	case err != nil && !errors.Is(err, repo.ErrUnchanged) && !(own && errors.Is(err, repo.ErrForkedRevision)):
		return err
	case v.Rev < seen:
		return fmt.Errorf("%w: it has the revision %s, but the stream has announced %s", ErrBehind, v.Rev, seen)
	}
	return nil
}

// compare delivers the differences between a repository and the store. It stores them in parts, so that if it fails,
// the next attempt continues after the stored ones.
func (f *follower) compare(ctx context.Context, r *tracked, archive *repo.Repo) (*Current, error) {
	// Changes that were delivered before must be in the store.
	if err := f.writer.Wait(ctx, r.written); err != nil {
		return nil, err
	}
	commit := archive.Commit()
	d := &difference{
		follower: f, repo: r, rev: commit.Rev, trust: archive.Trust(), pager: pager{store: f.store, did: r.DID},
		current: &Current{DID: r.DID, State: reposync.State{Rev: commit.Rev, Commit: archive.CommitCID(), Data: commit.Data}},
	}
	for leaf, err := range archive.Leaves(ctx) {
		if err != nil {
			return nil, err
		}
		if !f.wants(leaf.Collection) {
			continue
		}
		if err := d.leaf(ctx, archive, leaf); err != nil {
			return nil, err
		}
	}
	for d.pager.next(ctx) {
		if err := d.delete(ctx, d.pager.take()); err != nil {
			return nil, err
		}
	}
	if d.pager.err != nil {
		f.fail(d.pager.err)
		return nil, d.pager.err
	}
	return d.current, d.flush(ctx)
}

// difference delivers and stores the changes that lead from the store to a repository.
type difference struct {
	*follower
	repo    *tracked
	rev     syntax.TID
	trust   rec.Trust
	pager   pager
	current *Current
	changes []*Change
	size    int64
}

// The limits of the changes of a difference that are stored in one batch.
const (
	maxPart     = 500
	maxPartSize = 1 << 20 // bytes
)

func (d *difference) leaf(ctx context.Context, archive *repo.Repo, leaf repo.Leaf) error {
	d.current.Records++
	path := string(leaf.Collection) + "/" + string(leaf.RecordKey)
	action := firehose.Create
	for d.pager.next(ctx) && d.pager.page[0].Path <= path {
		stored := d.pager.take()
		if stored.Path == path {
			if stored.CID == leaf.CID {
				return nil
			}
			action = firehose.Update
			break
		}
		if err := d.delete(ctx, stored); err != nil {
			return err
		}
	}
	data, err := archive.Load(leaf, nil)
	if err != nil {
		return err
	}
	c := &Change{Record: firehose.Record{
		DID: d.repo.DID, Rev: d.rev, Collection: leaf.Collection, RecordKey: leaf.RecordKey, Action: action, CID: leaf.CID,
		Data: append([]byte(nil), data...), Trust: d.trust,
	}}
	if err := d.decode(ctx, &c.Record); err != nil {
		return err
	}
	if action == firehose.Create {
		d.current.Created++
	} else {
		d.current.Updated++
	}
	return d.deliver(ctx, c)
}

func (d *difference) delete(ctx context.Context, p Path) error {
	d.current.Deleted++
	collection, key, _ := mst.SplitKey(p.Path)
	return d.deliver(ctx, &Change{Record: firehose.Record{
		DID: d.repo.DID, Rev: d.rev, Collection: collection, RecordKey: key, Action: firehose.Delete, Trust: d.trust,
	}})
}

func (d *difference) deliver(ctx context.Context, c *Change) error {
	if err := d.handle(ctx, c); err != nil {
		d.fail(err)
		return err
	}
	d.changes = append(d.changes, c)
	if d.size += int64(len(c.Data)); len(d.changes) >= maxPart || d.size >= maxPartSize {
		return d.flush(ctx)
	}
	return nil
}

func (d *difference) flush(ctx context.Context) error {
	if len(d.changes) == 0 {
		return nil
	}
	b := &write{Batch: Batch{Changes: d.changes}}
	d.changes, d.size = nil, 0
	err := d.writer.put(ctx, b)
	d.repo.written = b.number
	return err
}

// decode decodes a record as package firehose decodes the records of the stream.
func (f *follower) decode(ctx context.Context, e *firehose.Record) error {
	if len(f.lookup) == 0 {
		return nil
	}
	var value lex.Decodable = new(lex.Map) // checks only whether it fits the data model
	if known, ok := f.typeOf(e.Collection); ok {
		e.Value = known.New()
		value = e.Value
	}
	err := panics.Catch(func() error {
		return lex.Decode(ctx, e.Data, value, lex.DecodeOptions{Share: true, Memory: firehose.MaxRecordMemory + lex.MemoryPerByte*int64(len(e.Data))})
	})
	if invalid, ok := err.(*issue.Error); ok {
		e.Issues = invalid.Issues
		return nil
	}
	if panicked, ok := errors.AsType[*panics.Error](err); ok {
		return fmt.Errorf("record %s/%s: %w", e.Collection, e.RecordKey, &repo.PanicError{Value: panicked.Value, Stack: panicked.Stack})
	}
	return err
}

// pager reads the stored paths of a repository, one page after the other.
type pager struct {
	store Store
	did   syntax.DID
	page  []Path
	last  string // the path that take returned last
	done  bool   // whether there is no page after this one
	err   error
}

const pageSize = 1000

// next reports whether there is a path, which is page[0].
func (p *pager) next(ctx context.Context) bool {
	if len(p.page) > 0 {
		return true
	}
	if p.done {
		return false
	}
	p.page, p.err = p.store.Paths(ctx, p.did, p.last, pageSize)
	p.done = p.err != nil || len(p.page) < pageSize
	return len(p.page) > 0 && p.err == nil
}

func (p *pager) take() Path {
	first := p.page[0]
	p.page, p.last = p.page[1:], first.Path
	return first
}

// purge delivers a deletion for each stored record of an account that was deleted. The caller must own r.
func (f *follower) purge(ctx context.Context, r *tracked) error {
	if err := f.writer.Wait(ctx, r.written); err != nil {
		return err
	}
	f.mu.RLock()
	rev := r.State.Rev
	f.mu.RUnlock()
	d := &difference{follower: f, repo: r, rev: rev, trust: rec.Served, pager: pager{store: f.store, did: r.DID}, current: new(Current)}
	for d.pager.next(ctx) {
		if err := d.delete(ctx, d.pager.take()); err != nil {
			return err
		}
	}
	if d.pager.err != nil {
		return d.pager.err
	}
	f.mu.Lock()
	r.State = reposync.State{}
	r.forget = !r.listed // it is followed again when its first wanted record arrives
	f.mu.Unlock()
	return d.flush(ctx)
}

// check asks a server for the latest commit of a repository, and compares it with the state. The caller must not own r.
func (f *follower) check(ctx context.Context, r *tracked) error {
	f.mu.Lock()
	at := r.checkAt
	l := &latest{known: r.State, accounts: r.accounts, copy: at != ""}
	r.checked = time.Now()
	f.mu.Unlock()
	limited, cancel := context.WithTimeoutCause(ctx, f.Patience, ErrSlow)
	defer cancel()
	commit, err := f.Client.GetLatestCommit(limited, syntax.AtIdentifier(r.DID), &pds.LatestCommitOptions{Host: at})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	l.commit = commit
	if err == nil && at == "" {
		f.mu.Lock()
		r.attempts, r.absent = 0, 0
		f.mu.Unlock()
	} else if err != nil {
		out := f.failed(ctx, r, check, at, err)
		f.mu.Lock()
		f.work.add(r)
		f.mu.Unlock()
		for _, e := range out.events {
			return f.handle(ctx, e)
		}
		l.status = out.status
	}
	if err := f.offer(ctx, r, &item{latest: l}); err != nil || at == "" {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	r.checkAt = ""
	f.work.later(r, check, r.retry)
	return nil
}
