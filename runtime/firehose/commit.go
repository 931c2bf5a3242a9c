package firehose

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/panics"
	"github.com/layers-pub/layers-go/runtime/internal/stream"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// decodeMessage decodes a message into m by its lexicon. It ignores issues, except syntax errors, in the fields that
// lenient names: these fields may be missing, and servers differ in what they send in fields that nobody reads. It
// also ignores values that are longer than the lexicon allows, because the verifier checks those limits. Any other
// error wraps [ErrFrame].
func decodeMessage(payload []byte, m lex.Decodable, lenient ...string) error {
	err := lex.DecodeCBORShared(payload, m)
	if err == nil {
		return nil
	}
	invalid, ok := err.(*issue.Error)
	if !ok {
		return fmt.Errorf("%w: %w", ErrFrame, err)
	}
	for _, problem := range invalid.Issues {
		field, _, _ := strings.Cut(strings.TrimPrefix(problem.Path, "/"), "/")
		if problem.Rule != issue.RuleMaxLength && (problem.Rule == issue.RuleSyntax || !slices.Contains(lenient, field)) {
			return fmt.Errorf("%w: %w", ErrFrame, err)
		}
	}
	return nil
}

// sync returns the event of a #sync message, or none if the message is not newer than the known commit.
func (r *repos) sync(ctx context.Context, j *stream.Job, f *frame) ([]stream.Event, error) {
	var raw atproto.SyncSubscribeReposSync
	if err := decodeMessage(f.payload, &raw, "time"); err != nil {
		return nil, err
	}
	m := &reposync.Sync{Size: int(j.Size), DID: clone(raw.DID), Rev: syntax.TID(clone(raw.Rev)), Blocks: raw.Blocks}
	v := r.verifiers.Get().(*reposync.Verifier)
	defer r.verifiers.Put(v)
	state, trust, err := r.checkSync(ctx, v, m, r.follows(f.did))
	if err != nil || state.Rev == "" {
		return nil, err
	}
	return []stream.Event{&Sync{Header: r.header(f), DID: m.DID, Rev: m.Rev, CID: state.Commit, Data: state.Data, Trust: trust}}, nil
}

// commit returns the events of a #commit message: one for each wanted record, and one for the commit itself if the
// caller follows the repository. A message with tooBig or rebase set does not say what changed, so its event is a
// [*Sync].
func (r *repos) commit(ctx context.Context, j *stream.Job, f *frame) ([]stream.Event, error) {
	var raw atproto.SyncSubscribeReposCommit
	if err := decodeMessage(f.payload, &raw, "time", "blobs", "rebase", "tooBig", "since", "prevData"); err != nil {
		return nil, err
	}
	follows := r.follows(f.did)
	if raw.TooBig || raw.Rebase {
		if follows {
			r.chains.cut(raw.Repo)
		}
		e := &Sync{Header: r.header(f), DID: clone(raw.Repo), Rev: clone(raw.Rev), TooBig: true, Trust: rec.Served}
		e.CID, _ = raw.Commit.CID()
		return []stream.Event{e}, nil
	}
	m, err := commitMessage(&raw, j.Size)
	if err != nil {
		return nil, err
	}
	v := r.verifiers.Get().(*reposync.Verifier)
	defer r.verifiers.Put(v)
	change, broken, err := r.checkCommit(ctx, v, m, follows)
	if err != nil || change == nil {
		return nil, err
	}
	var events []stream.Event
	head := Record{Header: r.header(f), DID: clone(change.DID), Rev: clone(change.Rev), Trust: change.Trust}
	for i := range change.Ops {
		op := &change.Ops[i]
		if !r.filter.WantsPath([]byte(op.Path)) {
			continue
		}
		e := newRecord(j)
		*e = head
		if err := r.record(ctx, j, v, op, e); err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	if follows {
		events = append(events, &Commit{
			Header: head.Header, DID: head.DID, Rev: head.Rev, Since: clone(change.Since), CID: change.Commit, Data: change.Data, PrevData: change.PrevData,
			Records: len(events), Trust: change.Trust, Desynchronized: broken,
		})
	}
	return events, nil
}

// clone returns a copy of s, which does not keep the memory of the frame in use.
func clone[T ~string](s T) T { return T(strings.Clone(string(s))) }

// commitMessage converts a decoded message to the form that a verifier takes. size is the size of its frame in bytes.
// The result shares the memory of raw.
func commitMessage(raw *atproto.SyncSubscribeReposCommit, size int64) (*reposync.Commit, error) {
	bad := false
	block := func(l cid.Link) cid.CID {
		if !l.Defined() {
			return cid.CID{}
		}
		c, ok := l.CID()
		bad = bad || !ok
		return c
	}
	m := &reposync.Commit{
		Size: int(size), DID: raw.Repo, Rev: raw.Rev, Commit: block(raw.Commit), Blocks: raw.Blocks, Ops: make([]repo.Op, 0, len(raw.Ops)),
	}
	m.Since, _ = raw.Since.Get()
	prev, _ := raw.PrevData.Get()
	m.PrevData = block(prev)
	for i := range raw.Ops {
		op := &raw.Ops[i]
		after, _ := op.CID.Get()
		before, _ := op.Prev.Get()
		m.Ops = append(m.Ops, repo.Op{Action: repo.Action(op.Action), Path: op.Path, CID: block(after), Prev: block(before)})
	}
	if bad {
		return nil, fmt.Errorf("%w: a link is not a CID that a repository's block can have", ErrFrame)
	}
	return m, nil
}

// record sets the fields of e that describe the operation op: the path, the action and the record, which it decodes.
func (r *repos) record(ctx context.Context, j *stream.Job, v *reposync.Verifier, op *repo.Op, e *Record) error {
	collection, key, _ := mst.SplitKey(op.Path) // the verifier has checked it
	e.Collection, e.RecordKey = clone(collection), clone(key)
	if e.Action, e.CID = Action(op.Action), op.CID; e.Action == Delete {
		return nil
	}
	data, err := v.Record(*op)
	if err != nil {
		return err
	}
	if e.Data = data; !r.options.Reuse {
		e.Data = slices.Clone(data)
		j.Cost += int64(len(data))
	}
	return DecodeRecord(ctx, r.options, j, e)
}

// MaxRecordMemory limits the memory that decoding a record may take: MaxRecordMemory bytes, plus [lex.MemoryPerByte]
// for each byte of the record. A record that takes more has an issue of [issue.RuleMemory].
const MaxRecordMemory = 2 << 20

// DecodeRecord decodes e.Data into the type that [Options.Lookup] returns for the collection, and sets e.Value and
// e.Issues. Without Lookup it does nothing. It adds the memory that the result takes to the job's cost. An invalid
// record is not an error. DecodeRecord is for the packages of this module that read other sources.
func DecodeRecord(ctx context.Context, o *Options, j *stream.Job, e *Record) error {
	if o.Lookup == nil {
		return nil
	}
	known, ok := o.Lookup(e.Collection)
	var spent int64
	err := panics.Catch(func() error {
		var value lex.Decodable
		options := lex.DecodeOptions{Share: true, Spent: &spent, Memory: MaxRecordMemory + lex.MemoryPerByte*int64(len(e.Data))}
		memory, reuses := j.Memory.(*reused)
		switch {
		case !ok:
			value = new(lex.Map) // checks only whether it fits the data model
		case reuses:
			options.Arena = memory.arena
			e.Value = options.Arena.New(&known)
			value = e.Value
		default:
			e.Value = known.New()
			value = e.Value
		}
		return lex.Decode(ctx, e.Data, value, options)
	})
	j.Cost += spent
	if invalid, ok := err.(*issue.Error); ok {
		e.Issues = invalid.Issues
		for i := range e.Issues {
			j.Cost += issueCost + int64(len(e.Issues[i].Path))
		}
		return nil
	}
	if panicked, ok := errors.AsType[*panics.Error](err); ok {
		return fmt.Errorf("record %s/%s: %w", e.Collection, e.RecordKey, &repo.PanicError{Value: panicked.Value, Stack: panicked.Stack})
	}
	return err
}

// issueCost is the approximate size of an issue in memory, in bytes, without its path.
const issueCost = 256
