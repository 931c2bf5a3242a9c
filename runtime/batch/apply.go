package batch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"iter"
	"time"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/writing"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/write"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// The default settings of [Apply].
const (
	// DefaultMaxOps is the largest number of operations in a request: as many as the reference server allows.
	DefaultMaxOps = 200
	// DefaultAttempts is the largest number of attempts for each request.
	DefaultAttempts = 5
)

// ApplyOptions are the options of [Apply]; nil stands for the zero value.
type ApplyOptions struct {
	// Journal records the progress of the batch. Without it, every operation must have its record key.
	Journal *Journal
	// Lookup returns the lexicons' rules for records and record keys.
	Lookup write.Lookup
	// AllowUnknown allows records of collections that Lookup does not know. Apply checks only that they follow the
	// data model.
	AllowUnknown bool
	// Check, unless it is nil, is called for each record that its lexicon allows, and returns what is probably wrong
	// with it. The URI has no record key if the operation has none yet.
	Check func(uri syntax.ATURI, record lex.Record) []issue.Issue
	// Warn, unless it is nil, is called for each operation for which Check returns an issue, before anything is sent.
	// The OpError wraps a [*write.WarningError]. If Warn is nil, such an operation is not valid.
	Warn func(*OpError)
	// Checked, unless it is nil, is called when all operations have been checked and are valid, before anything is sent.
	// If it returns an error, nothing is sent, and Apply returns that error.
	Checked func() error
	// Validate asks the server to check records, too: see [write.CreateOptions].
	Validate lex.Opt[bool]
	// DropFields allows updates and puts to remove fields: see [write.Put].
	DropFields bool
	// MaxOps is the largest number of operations in a request; 0 stands for [DefaultMaxOps].
	MaxOps int
	// MaxBytes is the size of the largest request body that the server accepts; 0 stands for [write.DefaultMaxBytes]. If
	// the server accepts less (status 413), Apply makes smaller requests.
	MaxBytes int
	// Limiter limits the rate of the requests. Nil stands for a new limiter with [write.DefaultHourlyPoints] and
	// [write.DefaultDailyPoints]; write.NewLimiter(0, 0) does not limit the rate.
	Limiter *write.Limiter
	// Attempts is how often a request is tried at most, with growing pauses, if the server cannot be reached, fails, or
	// asks clients to wait. 0 stands for [DefaultAttempts], and 1 means that it is not repeated.
	Attempts int
	// MaxWait is the longest pause between two attempts that Apply accepts when the server asks for one. If the
	// server asks for a longer one, Apply returns an error that says until when. 0 stands for xrpc.DefaultMaxWait. It
	// does not limit pauses for write points.
	MaxWait time.Duration
	// Clock makes the record keys of a new journal; nil stands for a new clock.
	Clock *syntax.TIDClock
	// Each, unless it is nil, is called for each operation when it is done, in order, in the goroutine of Apply.
	Each func(OpResult)
	// Progress, unless it is nil, is called when all operations have been checked, after each request, and before
	// each pause, in the goroutine of Apply. Pauses are also announced to the account: see [write.Limiter].
	Progress func(Progress)
}

// OpResult is the result of one operation.
type OpResult struct {
	// Op is the number of the operation in the batch, from 1. Line is its line in the file from which it was read, 0
	// if there is none.
	Op, Line int
	Action   Action
	// Ref names the record. If the record was deleted, the CID is undefined.
	write.Ref
	// Written reports whether this Apply carried the operation out. It is false if the record was already in the
	// desired state.
	Written bool
	// Change is what was done to the record, or, by [DryRun], what Apply would do: ActionCreate, ActionUpdate or
	// ActionDelete; "" if the record was already in the desired state.
	Change Action
}

// Progress is the progress of a batch.
type Progress struct {
	// Done is how many of the Ops operations are done.
	Done, Ops int
	// Points is how many write points this Apply has spent.
	Points int
	// Wait is the length of the pause that begins now, 0 if there is none.
	Wait time.Duration
	// Err is the failure that is the reason for the pause, nil if the pause is for write points.
	Err error
}

// Result is the result of [Apply].
type Result struct {
	// Ops is how many operations the batch has. Written is how many of them this Apply carried out. Already is how
	// many needed no action, because an earlier Apply had carried them out or the records were already in the desired
	// state. The others were not carried out, or it is not known whether they were.
	Ops, Written, Already int
	// Requests is how many requests carried out operations, or may have, and Points is how many write points they
	// took.
	Requests, Points int
}

// Apply brings the records of an account into the state that a batch of operations describes. It iterates over ops
// twice, first to check all operations, then to send them in order, in as few requests as the server's limits allow.
// So ops must yield the same operations each time, as [Ops] and [ReadOps] do. Apply keeps in memory at most the
// records of one request, and a few bytes for each operation.
//
// If any operation is not valid, nothing is sent, and the error is an [*InvalidError]. A record may occur in a batch
// only once.
//
// An operation describes the desired state of a record. A create, update or put is done if the record has the new
// CID, and a delete is done if there is no record. Operations that are already done are not sent. So after an error,
// a lost answer or the end of the process, the same batch can be applied again: that does the rest and repeats
// nothing. To find out what is done, Apply reads each record. With a [Journal], it skips operations that are known to
// be done, and it reads records whose keys the journal made only if the answer to their request was lost.
//
// The server carries out a request as a whole or not at all. If a request fails for a reason that may pass, Apply
// finds out whether it was carried out, and tries again if necessary.
//
// Errors about the record of one operation are [*OpError]s. They wrap [write.ErrConflict] if a record to be created
// exists with other content, or a record to be updated does not exist; [write.ErrDropsFields], see [write.Put]; or
// [write.ErrCIDMismatch]. Other errors about a request are [*BatchError]s. Apply returns a Result with every error, too.
//
// Checking the state of a record and writing it are not one atomic step, since the server's method cannot do both. If
// others write the same records at the same time, the last writer wins.
//
// Apply calls com.atproto.repo.applyWrites and com.atproto.repo.getRecord.
func Apply(ctx context.Context, a write.Client, ops iter.Seq2[Op, error], opts *ApplyOptions) (*Result, error) {
	r := newApplier(a, opts)
	if err := r.start(); err != nil {
		return r.result, err
	}
	if err := r.check(ctx, ops); err != nil || r.result.Ops == 0 {
		return r.result, err
	}
	if err := writing.CheckPDS(ctx, a); err != nil {
		return r.result, fmt.Errorf("batch: %w", err)
	}
	if j := r.opts.Journal; j != nil {
		if err := j.begin(r.rules.DID, r.digests, r.opts.Clock); err != nil {
			return r.result, err
		}
		r.done, r.doubt = j.done, j.sent
	}
	r.progress(0, nil)
	return r.result, r.apply(ctx, ops)
}

// applier applies one batch.
type applier struct {
	a       write.Client
	opts    ApplyOptions
	rules   *writing.Rules
	hash    hash.Hash
	digests []digest  // of the operations, to detect that they changed
	other   error     // why the batch does not belong to the journal; nil if it does
	empty   int       // the size of a request body without operations
	bytes   int       // the size of the largest request body
	done    int       // how many operations are done
	doubt   int       // how many operations may have been sent
	open    bool      // it is not known whether the last request was carried out
	dry     bool      // DryRun: nothing is sent
	pending []*change // prepared, but not sent yet
	result  *Result
}

func newApplier(a write.Client, opts *ApplyOptions) *applier {
	if opts == nil {
		opts = new(ApplyOptions)
	}
	return &applier{
		a: a, opts: *opts, hash: sha256.New(), result: new(Result),
		rules: writing.NewRules(a, opts.Lookup, opts.Validate, opts.MaxBytes),
	}
}

func (r *applier) start() error {
	o := &r.opts
	if !syntax.ValidDID(string(r.rules.DID)) {
		return fmt.Errorf("batch: the account has no DID: %q", r.rules.DID)
	}
	if o.MaxOps <= 0 {
		o.MaxOps = DefaultMaxOps
	}
	if o.Attempts <= 0 {
		o.Attempts = DefaultAttempts
	}
	if o.MaxWait <= 0 {
		o.MaxWait = xrpc.DefaultMaxWait
	}
	if o.Limiter == nil {
		o.Limiter = write.NewLimiter(write.DefaultHourlyPoints, write.DefaultDailyPoints)
	}
	if o.Clock == nil {
		o.Clock = syntax.NewTIDClock()
	}
	empty, err := lex.EncodeJSON(r.input())
	r.empty, r.bytes = len(empty), r.rules.MaxBytes
	return err
}

func (r *applier) input(changes ...*change) *atproto.RepoApplyWritesInput {
	in := &atproto.RepoApplyWritesInput{Repo: syntax.AtIdentifier(r.rules.DID), ValidateField: r.rules.Validate}
	for _, c := range changes {
		in.Writes = append(in.Writes, c.item())
	}
	return in
}

// maxFailures is how many operations an InvalidError or a DryRunResult lists at most.
const maxFailures = 1000

// check checks all operations before anything is sent, and sets r.digests.
func (r *applier) check(ctx context.Context, ops iter.Seq2[Op, error]) error {
	invalid := new(InvalidError)
	seen := make(map[[16]byte]int)
	fail := func(err *OpError) {
		if invalid.Failed++; len(invalid.Failures) < maxFailures {
			invalid.Failures = append(invalid.Failures, err)
		}
	}
	for op, err := range ops {
		if ctx.Err() != nil {
			return fmt.Errorf("batch: %w", context.Cause(ctx))
		}
		n := len(r.digests) + 1
		r.digests = append(r.digests, digest{})
		if bad, ok := err.(*OpError); ok {
			fail(&OpError{Op: n, Line: bad.Line, Action: bad.Action, URI: bad.URI, Err: bad.Err})
			continue
		}
		if err != nil {
			return err
		}
		c, err := r.prepare(n, op)
		if err == nil && c.RecordKey != unassigned {
			sum := sha256.Sum256([]byte(c.URI))
			if first, twice := seen[[16]byte(sum[:])]; twice {
				err = fmt.Errorf("op %d names the same record", first)
			}
			seen[[16]byte(sum[:])] = n
		}
		if err == nil {
			err = r.warn(c)
		}
		if err != nil {
			fail(&OpError{Op: n, Line: c.line, Action: c.action, URI: c.URI, Err: err})
			continue
		}
		r.digests[n-1] = c.digest(r.hash)
		if j := r.opts.Journal; j != nil && r.other == nil {
			r.other = c.fail(j.knows(n, r.digests[n-1]))
		}
	}
	r.result.Ops = len(r.digests)
	if invalid.Failed > 0 {
		invalid.Ops = r.result.Ops
		return invalid
	}
	if r.other == nil && r.opts.Checked != nil {
		return r.opts.Checked()
	}
	return r.other
}

// warn calls the option Check for the record of c. It passes what Check finds to the option Warn or, if that is nil,
// returns it as an error.
func (r *applier) warn(c *change) error {
	if r.opts.Check == nil || c.Record == nil {
		return nil
	}
	t, err := r.rules.TypeOf(c.Collection, r.own())
	if err != nil {
		return err
	}
	warnings, err := c.Warnings(t, func(record lex.Record) []issue.Issue { return r.opts.Check(c.URI, record) })
	switch {
	case err != nil || len(warnings) == 0:
		return err
	case r.opts.Warn == nil:
		return &write.WarningError{Warnings: warnings}
	}
	r.opts.Warn(&OpError{Op: c.op, Line: c.line, Action: c.action, URI: c.URI, Err: &write.WarningError{Warnings: warnings}})
	return nil
}

// unassigned stands for the record key of a change that will get one from the journal. It has the length of such a
// key.
const unassigned syntax.RecordKey = "(from-journal"

// anyTID is a TID with which key finds out whether a collection accepts TID keys.
const anyTID syntax.RecordKey = "2222222222222"

// prepare checks an operation and returns the change that it asks for.
func (r *applier) prepare(n int, op Op) (*change, error) {
	c := &change{
		Change: writing.Change{Collection: op.Collection, RecordKey: op.RecordKey, Record: op.Record},
		op:     n, line: op.line, action: op.Action, send: op.Action,
	}
	if c.Collection == "" && c.Record != nil {
		c.Collection = c.Record.RecordType()
	}
	if err := r.rules.Address(&c.Change); err != nil {
		return c, err
	}
	if op.authority != "" && op.authority != syntax.AtIdentifier(r.rules.DID) {
		return c, fmt.Errorf("the record is in the repository of %s, not of the account %s", op.authority, r.rules.DID)
	}
	switch op.Action {
	case ActionDelete:
		if c.Record != nil {
			return c, errors.New("a delete cannot have a record")
		}
		if c.RecordKey == "" {
			return c, ErrNoKey
		}
		if err := (lex.RecordDef{NSID: c.Collection, Key: "any"}).CheckKey(c.RecordKey); err != nil {
			return c, err // malformed; a key that only the lexicon disallows can be deleted
		}
		return c, r.measure(c)
	case ActionPut:
		c.send = ActionCreate // changed if the record exists
	case ActionCreate, ActionUpdate:
	default:
		return c, fmt.Errorf("unknown action %s", quote.Text(op.Action, 64))
	}
	if c.Record == nil {
		return c, errors.New("the record is nil")
	}
	t, err := r.rules.TypeOf(c.Collection, r.own())
	if err != nil {
		return c, err
	}
	if err := r.key(c, t); err != nil {
		return c, err
	}
	if err := r.rules.Encode(&c.Change, t); err != nil {
		return c, err
	}
	return c, r.measure(c)
}

// key checks the record key of c. If there is none, it sets the key that the lexicon fixes, or unassigned for a create
// that will get its key from the journal.
func (r *applier) key(c *change, t lex.RecordDef) error {
	literal := writing.LiteralKey(t)
	switch {
	case c.RecordKey != "":
	case literal != "":
		c.RecordKey = literal
	case c.action != ActionCreate:
		return ErrNoKey
	case r.opts.Journal == nil && !r.dry:
		return fmt.Errorf("%w: a batch without a journal needs one for each operation; without it, applying the batch again would create the record again", ErrNoKey)
	default:
		if t.CheckKey(anyTID) != nil {
			return fmt.Errorf("%w: this collection does not accept TID keys", ErrNoKey)
		}
		c.RecordKey = unassigned
		return nil
	}
	if err := t.CheckKey(c.RecordKey); err != nil {
		return err
	}
	return r.rules.Address(&c.Change)
}

// measure sets the size of c and checks that it fits in a request.
func (r *applier) measure(c *change) error {
	b, err := lex.EncodeJSON(r.input(c))
	if err != nil {
		return err
	}
	c.size = len(b) - r.empty
	if n := r.empty + c.size; n > r.rules.MaxBytes {
		return writing.TooLarge(n, r.rules.MaxBytes)
	}
	return nil
}

// apply sends the operations that are not done yet.
func (r *applier) apply(ctx context.Context, ops iter.Seq2[Op, error]) error {
	for c, err := range r.changes(ops) {
		if err != nil {
			return err
		}
		if c.RecordKey == unassigned {
			if err := r.assign(c); err != nil {
				return err
			}
		}
		if c.op <= r.done {
			r.report(c, "", false)
			continue
		}
		if r.pending = append(r.pending, c); r.cut(r.pending) < len(r.pending) {
			if err := r.flush(ctx, 1); err != nil {
				return err
			}
		}
	}
	return r.flush(ctx, 0)
}

// assign gives c the record key that the journal has for it.
func (r *applier) assign(c *change) error {
	c.fresh = true
	c.RecordKey = r.opts.Journal.key(c.op)
	return c.fail(r.rules.Address(&c.Change))
}

// changes reads ops for the second time, after [applier.check], and yields the prepared operations. It ends with an
// error that wraps ErrChanged if they are not the operations that were checked.
func (r *applier) changes(ops iter.Seq2[Op, error]) iter.Seq2[*change, error] {
	return func(yield func(*change, error) bool) {
		n := 0
		for op, err := range ops {
			n++
			if _, bad := err.(*OpError); err != nil && !bad {
				yield(nil, err)
				return
			}
			var c *change
			if err == nil && n <= len(r.digests) {
				c, err = r.prepare(n, op)
			}
			if err != nil || c == nil || c.digest(r.hash) != r.digests[n-1] {
				yield(nil, r.changed(n))
				return
			}
			if !yield(c, nil) {
				return
			}
		}
		if n < len(r.digests) {
			yield(nil, r.changed(n))
		}
	}
}

func (r *applier) changed(n int) error { return fmt.Errorf("batch: op %d: %w", n, ErrChanged) }

// cut returns how many of the changes fit in one request.
func (r *applier) cut(changes []*change) int {
	size, points, most := r.empty, 0, r.opts.Limiter.Max()
	for i, c := range changes {
		size += c.size
		if i > 0 {
			size++ // a comma
		}
		points += c.action.most()
		if i > 0 && (i == r.opts.MaxOps || size > r.bytes || most > 0 && points > most) {
			return i
		}
	}
	return len(changes)
}

// flush carries out pending changes until at most left of them remain.
func (r *applier) flush(ctx context.Context, left int) error {
	for len(r.pending) > left {
		n := r.cut(r.pending)
		err := r.attempt(ctx, r.pending[:n])
		if err == errSplit {
			continue
		}
		if err != nil {
			return err
		}
		r.pending = r.pending[n:]
	}
	r.pending = append(make([]*change, 0, r.opts.MaxOps), r.pending...)
	return nil
}

// report counts c in the result and calls the option Each. made is what was done or, in a dry run, would be done; written
// reports whether a request did it.
func (r *applier) report(c *change, made Action, written bool) {
	if written {
		r.result.Written++
	} else {
		r.result.Already++
	}
	if r.opts.Each != nil {
		r.opts.Each(OpResult{Op: c.op, Line: c.line, Action: c.action, Ref: write.Ref{URI: c.URI, CID: c.CID}, Written: written, Change: made})
	}
}

// pause calls the option Progress, announces p to the account, and waits for p.Wait.
func (r *applier) pause(ctx context.Context, p xrpc.Pause) error {
	p.NSID, p.Attempts = atproto.NSIDRepoApplyWrites, r.opts.Attempts
	return writing.Sleep(ctx, p, func(p xrpc.Pause) {
		r.progress(p.Wait, p.Err)
		writing.Announcer(r.a)(p)
	})
}

func (r *applier) progress(wait time.Duration, err error) {
	if r.opts.Progress != nil {
		r.opts.Progress(Progress{Done: r.done, Ops: r.result.Ops, Points: r.result.Points, Wait: wait, Err: err})
	}
}
