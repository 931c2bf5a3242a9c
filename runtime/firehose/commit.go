package firehose

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// decoding makes the events of frames. It is safe for concurrent use.
type decoding struct {
	source  string
	options *Options
	filter  *filter
	keys    *keys // nil if commits are not verified
}

// lookups is how many repositories may wait for their keys at once.
const lookups = 64

// workers returns how many frames are processed at once. Without look-ups, processors are what there is to wait for.
func (d *decoding) workers() int {
	if d.keys != nil {
		return lookups
	}
	return runtime.GOMAXPROCS(0)
}

// process makes the events of a job.
func (d *decoding) process(ctx context.Context, j *job) {
	events, err := d.events(ctx, j)
	if err != nil {
		if ctx.Err() != nil {
			j.events = []Event{}
			return // the frame stays unacknowledged
		}
		events = append(j.events[:0], badFrame(d.source, &j.frame, j.data, int64(len(j.data)), err))
	}
	if events == nil {
		events = []Event{}
	}
	j.events = events
	for i, e := range events {
		h := e.Head()
		h.ticket, h.number = j.ticket, i
	}
	j.ticket.expect(len(events))
}

func (d *decoding) events(ctx context.Context, j *job) ([]Event, error) {
	f := &j.frame
	switch f.typ {
	case typeCommit:
		return d.commit(ctx, j)
	case typeSync:
		var m atproto.SyncSubscribeReposSync
		if err := decodeMessage(f.payload, &m, "time"); err != nil {
			return nil, err
		}
		e := &Sync{Header: d.header(f), DID: m.DID, Rev: syntax.TID(m.Rev), Trust: rec.Served}
		index, err := car.NewIndexBytes(ctx, m.Blocks, car.WithWorkers(1))
		if err != nil {
			return nil, err
		}
		if e.CID, e.Data, e.Trust, err = d.head(ctx, index, m.DID, e.Rev); err != nil {
			return nil, err
		}
		return []Event{e}, nil
	case typeIdentity:
		var m atproto.SyncSubscribeReposIdentity
		if err := decodeMessage(f.payload, &m, "time", "handle"); err != nil {
			return nil, err
		}
		if d.keys != nil {
			d.keys.directory.Purge(syntax.AtIdentifier(m.DID))
		}
		return []Event{&Identity{Header: d.header(f), DID: m.DID, Handle: m.Handle.Or("")}}, nil
	case typeAccount:
		var m atproto.SyncSubscribeReposAccount
		if err := decodeMessage(f.payload, &m, "time", "status"); err != nil {
			return nil, err
		}
		return []Event{&Account{Header: d.header(f), DID: m.DID, Active: m.Active, Status: string(m.Status.Or(""))}}, nil
	default:
		var m atproto.SyncSubscribeReposInfo
		if err := decodeMessage(f.payload, &m, "message"); err != nil {
			return nil, err
		}
		return []Event{&Info{Header: d.header(f), Name: cut(string(m.Name), maxName), Message: cut(m.Message.Or(""), maxText)}}, nil
	}
}

func (d *decoding) header(f *frame) Header {
	h := Header{Source: d.source, Time: syntax.Datetime(f.time)}
	if f.hasSeq {
		h.Seq = f.seq
	}
	return h
}

// decodeMessage decodes a message by its lexicon. Issues in the fields that are named do not matter: these fields may be
// missing, and servers differ in what they send in fields that nobody reads.
func decodeMessage(payload []byte, m lex.Decodable, lenient ...string) error {
	err := lex.DecodeCBORShared(payload, m)
	if err == nil {
		return nil
	}
	invalid, ok := err.(*lex.Error)
	if !ok {
		return fmt.Errorf("%w: %w", ErrFrame, err)
	}
	for _, issue := range invalid.Issues {
		field, _, _ := strings.Cut(strings.TrimPrefix(issue.Path, "/"), "/")
		if issue.Rule == lex.RuleSyntax || !slices.Contains(lenient, field) {
			return fmt.Errorf("%w: %w", ErrFrame, err)
		}
	}
	return nil
}

// head returns the CID of the commit in an archive, the root of its tree, and how far the commit is verified.
func (d *decoding) head(ctx context.Context, index *car.Index, did syntax.DID, rev syntax.TID) (c, data cid.CID, trust rec.Trust, err error) {
	commit, c, err := readCommit(index)
	switch {
	case err != nil:
	case commit.DID != did:
		err = fmt.Errorf("%w: it belongs to %s, not to %s", repo.ErrDID, commit.DID, did)
	case commit.Rev != rev:
		err = fmt.Errorf("%w: its revision is %s, not %s", repo.ErrCommit, commit.Rev, rev)
	case d.keys == nil:
		return c, commit.Data, rec.Hashed, nil
	default:
		if err = (repo.Revision{Rev: rev}).CheckAfter(repo.Revision{}, time.Now()); err == nil {
			err = d.keys.verify(ctx, commit)
		}
	}
	if err != nil {
		return cid.CID{}, cid.CID{}, rec.Claimed, err
	}
	return c, commit.Data, rec.Signed, nil
}

func readCommit(index *car.Index) (*repo.Commit, cid.CID, error) {
	if len(index.Roots()) == 0 {
		return nil, cid.CID{}, repo.ErrRoot
	}
	root := index.Roots()[0]
	block, err := index.Get(root, nil)
	if err != nil {
		return nil, cid.CID{}, err
	}
	commit, err := repo.ParseCommit(block)
	return commit, root, err
}

// commit makes the events of a commit: the records that are wanted, and the commit itself if that is wanted.
func (d *decoding) commit(ctx context.Context, j *job) ([]Event, error) {
	f := &j.frame
	var m atproto.SyncSubscribeReposCommit
	if err := decodeMessage(f.payload, &m, "time", "blobs", "rebase", "tooBig", "since", "prevData"); err != nil {
		return nil, err
	}
	header := d.header(f)
	did, rev := syntax.DID(strings.Clone(string(m.Repo))), syntax.TID(strings.Clone(string(m.Rev)))
	if m.TooBig {
		e := &Sync{Header: header, DID: did, Rev: rev, TooBig: true, Trust: rec.Served}
		e.CID, _ = m.Commit.CID()
		return []Event{e}, nil
	}
	index, err := car.NewIndexBytes(ctx, m.Blocks, car.WithWorkers(1))
	if err != nil {
		return nil, err
	}
	c, data, trust, err := d.head(ctx, index, did, rev)
	if err != nil {
		return nil, err
	}
	if claimed, _ := m.Commit.CID(); claimed != c {
		return nil, fmt.Errorf("%w: the first root is %s, not %s", repo.ErrCommit, c, m.Commit)
	}
	changes, err := fold(m.Ops)
	if err != nil {
		return nil, err
	}
	events := j.events
	records := 0
	for i := range changes {
		change := &changes[i]
		if !d.filter.wantsPath([]byte(change.path)) {
			continue
		}
		e, err := d.record(ctx, j, index, change)
		if err == nil && trust >= rec.Signed {
			err = proves(index, data, e)
		}
		if err != nil {
			return nil, err
		}
		e.Header, e.DID, e.Rev, e.Trust = header, did, rev, trust
		events = append(events, e)
		records++
	}
	if d.options.Commits != nil && d.options.Commits(f.did) {
		e := &Commit{Header: header, DID: did, Rev: rev, CID: c, Data: data, Records: records, Trust: trust}
		if since, ok := m.Since.Get(); ok {
			e.Since = syntax.TID(strings.Clone(string(since)))
		}
		if prev, ok := m.PrevData.Get(); ok {
			e.PrevData, _ = prev.CID()
		}
		events = append(events, e)
	}
	return events, nil
}

// change is what a commit did to one path.
type change struct {
	path   string
	action Action
	cid    cid.CID
}

// fold joins the operations of each path, since the reference server states some paths several times in one commit. It
// leaves out what changes nothing.
func fold(ops []atproto.SyncSubscribeReposRepoOp) ([]change, error) {
	type state struct {
		change
		existed bool
		before  cid.CID
	}
	states := make([]state, 0, len(ops))
	var byPath map[string]int
	if len(ops) > 8 {
		byPath = make(map[string]int, len(ops))
	}
	find := func(path string) int {
		if byPath != nil {
			if i, ok := byPath[path]; ok {
				return i
			}
			return -1
		}
		return slices.IndexFunc(states, func(s state) bool { return s.path == path })
	}
	for i := range ops {
		op := &ops[i]
		after, _ := op.CID.Get()
		c, ok := after.CID()
		if !ok && after.Defined() {
			return nil, fmt.Errorf("%w: operation on %s: %s is not the CID of a record", ErrFrame, op.Path, after)
		}
		if (op.Action == atproto.SyncSubscribeReposRepoOpActionDelete) == ok {
			return nil, fmt.Errorf("%w: operation %s on %s with cid %q", ErrFrame, op.Action, op.Path, after)
		}
		at := find(op.Path)
		if at < 0 {
			at = len(states)
			s := state{change: change{path: op.Path}, existed: op.Action != atproto.SyncSubscribeReposRepoOpActionCreate}
			if prev, ok := op.Prev.Get(); ok {
				s.before, _ = prev.CID()
				s.existed = true
			}
			states = append(states, s)
			if byPath != nil {
				byPath[op.Path] = at
			}
		}
		states[at].cid = c
	}
	changes := make([]change, 0, len(states))
	for _, s := range states {
		switch {
		case !s.cid.Defined() && !s.existed, s.cid.Defined() && s.cid == s.before:
			continue
		case !s.cid.Defined():
			s.action = Delete
		case s.existed:
			s.action = Update
		default:
			s.action = Create
		}
		changes = append(changes, s.change)
	}
	return changes, nil
}

// record makes the event of a change, without what it has in common with others of its commit.
func (d *decoding) record(ctx context.Context, j *job, index *car.Index, c *change) (*Record, error) {
	collection, key, ok := mst.SplitKey(c.path)
	if !ok {
		return nil, fmt.Errorf("%w: path %s is not valid", ErrFrame, quote.Text(c.path, 200))
	}
	e := j.newRecord()
	e.Action, e.CID = c.action, c.cid
	e.Collection, e.RecordKey = syntax.NSID(strings.Clone(string(collection))), syntax.RecordKey(strings.Clone(string(key)))
	if c.action == Delete {
		return e, nil
	}
	data, err := index.Get(c.cid, nil)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", c.path, err)
	}
	if e.Data = data; j.reused == nil {
		e.Data = slices.Clone(data)
		j.cost += int64(len(data))
	}
	return e, d.decode(ctx, j, e)
}

// MaxRecordMemory bounds the memory that decoding a record may take: so many bytes, plus [lex.MemoryPerByte] for each of
// the record's. A record that takes more has an issue of [lex.RuleMemory].
const MaxRecordMemory = 2 << 20

// decode decodes the record of an event.
func (d *decoding) decode(ctx context.Context, j *job, e *Record) error {
	if d.options.Lookup == nil {
		return nil
	}
	known, ok := d.options.Lookup(e.Collection)
	var spent int64
	err := panics.Catch(func() error {
		var value lex.Decodable
		options := lex.DecodeOptions{Share: true, Spent: &spent, Memory: MaxRecordMemory + lex.MemoryPerByte*int64(len(e.Data))}
		switch {
		case !ok:
			value = new(lex.Map) // only whether it fits the data model
		case j.reused != nil:
			options.Arena = j.reused.arena
			e.Value = options.Arena.New(&known)
			value = e.Value
		default:
			e.Value = known.New()
			value = e.Value
		}
		return lex.Decode(ctx, e.Data, value, options)
	})
	j.cost += spent
	if invalid, ok := err.(*lex.Error); ok {
		e.Issues = invalid.Issues
		for i := range e.Issues {
			j.cost += issueCost + int64(len(e.Issues[i].Path))
		}
		return nil
	}
	if panicked, ok := errors.AsType[*panics.Error](err); ok {
		return fmt.Errorf("record %s/%s: %w", e.Collection, e.RecordKey, &repo.PanicError{Value: panicked.Value, Stack: panicked.Stack})
	}
	return err
}

// issueCost is about how much memory an issue takes, in bytes, without its path.
const issueCost = 256

// badFrame returns the event for a frame that cannot be delivered.
func badFrame(source string, f *frame, data []byte, size int64, err error) *BadFrame {
	e := &BadFrame{Header: Header{Source: source, Time: syntax.Datetime(cut(string(f.time), maxName))}, Frame: data, Size: size, Err: err}
	if f.hasSeq {
		e.Seq = f.seq
	}
	if did, err := syntax.ParseDID(string(f.did)); err == nil {
		e.DID = did
	}
	if rev, err := syntax.ParseTID(string(f.rev)); err == nil {
		e.Rev = rev
	}
	return e
}

// reused is the memory of a job with Options.Reuse.
type reused struct {
	frame     []byte
	arena     *lex.Arena
	records   []*Record
	used      int
	overwrite bool
}

var reusedPool = sync.Pool{New: func() any { return &reused{arena: new(lex.Arena)} }}

// maxReused is how large a frame's memory may be that is used again.
const maxReused = 256 << 10

// reusedJob returns a job whose memory will be used again.
func reusedJob(overwrite bool) *job {
	if overwrite {
		return &job{reused: &reused{arena: &lex.Arena{Overwrite: true}, overwrite: true}}
	}
	return &job{reused: reusedPool.Get().(*reused)}
}

func (j *job) newRecord() *Record {
	r := j.reused
	if r == nil {
		return new(Record)
	}
	if r.used == len(r.records) {
		r.records = append(r.records, new(Record))
	}
	r.used++
	return r.records[r.used-1]
}

// release gives the memory of a job back when the loop is done with it.
func (d *decoding) release(j *job) {
	r := j.reused
	if r == nil {
		return
	}
	for _, e := range r.records[:r.used] {
		*e = Record{}
	}
	r.used = 0
	r.arena.Reset()
	if r.overwrite {
		for i := range r.frame {
			r.frame[i] = 0xdb
		}
		return // what was overwritten stays so
	}
	if cap(r.frame) > maxReused {
		r.frame = nil
	}
	reusedPool.Put(r)
}
