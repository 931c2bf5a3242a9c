package write

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"iter"
	"time"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// The settings of [Apply] that hold unless an option says otherwise.
const (
	// DefaultMaxOps is how many operations a request has at most, which is what the reference server allows.
	DefaultMaxOps = 200
	// DefaultAttempts is how often a request is tried.
	DefaultAttempts = 5
)

// ApplyOptions are the options of [Apply]. Nil is as good as the zero value.
type ApplyOptions struct {
	// Journal remembers how far the batch has come. Without it each record key must be given.
	Journal *Journal
	// Lookup has the lexicons' rules for records and record keys.
	Lookup Lookup
	// AllowUnknown allows records of collections that Lookup does not know: they are checked no further than that
	// they are of the data model.
	AllowUnknown bool
	// Validate asks the server to check records too: see [CreateOptions].
	Validate lex.Opt[bool]
	// DropFields allows updates and puts to lose fields: see [Put].
	DropFields bool
	// MaxOps is how many operations a request has at most, and 0 stands for [DefaultMaxOps].
	MaxOps int
	// MaxBytes is the largest body that the server takes, and 0 stands for [DefaultMaxBytes]. If the server takes
	// less (status 413), requests get smaller by themselves.
	MaxBytes int
	// Limiter paces the requests. Nil stands for a new one of [DefaultHourlyPoints] and [DefaultDailyPoints]; for no
	// pace, give NewLimiter(0, 0).
	Limiter *Limiter
	// Attempts is how often a request is tried when the server cannot be reached, is at fault, or wants to be left
	// alone, with growing pauses. 0 stands for [DefaultAttempts], and 1 is never again.
	Attempts int
	// MaxWait is the longest pause between two attempts that the server may ask for; what asks for a longer one is
	// an error that says until when. 0 stands for xrpc.DefaultMaxWait. Pauses for write points do not count.
	MaxWait time.Duration
	// Clock makes the record keys that a new journal remembers, and nil stands for a new clock.
	Clock *syntax.TIDClock
	// Each is called for each operation when it is done, in order, from the goroutine of Apply.
	Each func(OpResult)
	// Progress is called when all operations are checked, after each request, and before each pause, from the goroutine of
	// Apply. The account announces the pauses, too: see [Limiter].
	Progress func(Progress)
}

// OpResult is what became of an operation.
type OpResult struct {
	// Op is its number in the batch, from 1, and Line its line in the file that it came from, 0 if there is none.
	Op, Line int
	Action   Action
	// Ref names the record. The CID of a deleted one is undefined.
	Ref
	// Written says that it was carried out now: false, that the record was as it should be already.
	Written bool
}

// Progress says how far a batch has come.
type Progress struct {
	// Done operations of Ops are done.
	Done, Ops int
	// Points are the write points that this Apply has spent.
	Points int
	// Wait is how long the pause is that begins now, 0 if there is none.
	Wait time.Duration
	// Err is the failure that the pause is about, nil if it is for write points.
	Err error
}

// Result says what became of a batch.
type Result struct {
	// Ops is how many operations the batch has, of which Written were carried out now, and Already needed nothing
	// to be done: because of an earlier Apply, or because the records were like that anyway. What is left over
	// was not done, or nobody knows.
	Ops, Written, Already int
	// Requests is how many requests carried operations out, or may have, and Points their write points.
	Requests, Points int
}

// Apply makes records what a batch of operations says. It goes over the batch twice, which therefore has to give the
// same operations each time, as [Ops] and [ReadOps] do: first to check all of them, then to send them in their order,
// as few requests as the server's limits allow. At any time no more than one request's records are in memory, and a few
// bytes for each operation.
//
// Nothing is sent unless all operations are valid; else the error is an [*InvalidError]. A record may be in a batch only
// once.
//
// What a batch says is how things are to be. A create or an update is done when the record has the new CID, a delete when
// there is none, and what is done is not sent. So after an error, a lost answer or the end of the process, the same batch
// can be applied again: it does the rest and repeats nothing. That takes a look at each record. With a [Journal], what is
// known to be done is passed over, and records whose keys the journal made are looked at only if the answer to their
// request was lost.
//
// The server carries a request out as a whole or not at all. A request that fails in a way that may pass is tried again,
// after a look at what has become of it.
//
// Errors about the record of one operation are [*OpError]s: [ErrConflict] if a record that is to be created is there with
// another content, or one that is to be updated is not there; [ErrDropsFields], see [Put]; [ErrCIDMismatch]. What else
// goes wrong with a request is a [*BatchError]. The Result is there in any case.
//
// Operations are not compared with the record's state in the same instant as they are carried out: the method knows no
// such comparison. If others write the same records at the same time, the last one wins.
//
// It calls com.atproto.repo.applyWrites and com.atproto.repo.getRecord.
func Apply(ctx context.Context, a Account, ops iter.Seq2[Op, error], opts *ApplyOptions) (*Result, error) {
	if opts == nil {
		opts = new(ApplyOptions)
	}
	r := &applier{
		a: a, opts: *opts, hash: sha256.New(), result: new(Result),
		rules: newRules(a, opts.Lookup, opts.AllowUnknown, opts.Validate, opts.MaxBytes),
	}
	if err := r.start(); err != nil {
		return r.result, err
	}
	if err := r.check(ctx, ops); err != nil || r.result.Ops == 0 {
		return r.result, err
	}
	if err := checkPDS(ctx, a); err != nil {
		return r.result, fmt.Errorf("write: %w", err)
	}
	if j := opts.Journal; j != nil {
		if err := j.begin(r.rules.did, r.digests, r.opts.Clock); err != nil {
			return r.result, err
		}
		r.done, r.doubt = j.done, j.sent
	}
	r.progress(0, nil)
	return r.result, r.apply(ctx, ops)
}

// applier applies one batch.
type applier struct {
	a       Account
	opts    ApplyOptions
	rules   *rules
	hash    hash.Hash
	digests []digest // of the operations, to see that they stay the same
	other   error    // why the batch is not the journal's
	empty   int      // bytes of a request without operations
	bytes   int      // that a request may have
	done    int      // so many operations are done
	doubt   int      // so many operations may have been sent
	open    bool     // it is not known what became of the last request
	pending []*change
	result  *Result
}

func (r *applier) start() error {
	o := &r.opts
	if !syntax.ValidDID(string(r.rules.did)) {
		return fmt.Errorf("write: the account has no DID: %q", r.rules.did)
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
		o.Limiter = NewLimiter(DefaultHourlyPoints, DefaultDailyPoints)
	}
	if o.Clock == nil {
		o.Clock = syntax.NewTIDClock()
	}
	empty, err := lex.EncodeJSON(r.input())
	r.empty, r.bytes = len(empty), r.rules.maxBytes
	return err
}

func (r *applier) input(changes ...*change) *atproto.RepoApplyWritesInput {
	in := &atproto.RepoApplyWritesInput{Repo: syntax.AtIdentifier(r.rules.did), ValidateField: r.rules.validate}
	for _, c := range changes {
		in.Writes = append(in.Writes, c.item())
	}
	return in
}

// maxFailures is how many operations an InvalidError lists.
const maxFailures = 1000

// check checks all operations and sets their digests.
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
			return fmt.Errorf("write: %w", context.Cause(ctx))
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
		if err == nil && c.rkey != unassigned {
			sum := sha256.Sum256([]byte(c.uri))
			if first, twice := seen[[16]byte(sum[:])]; twice {
				err = fmt.Errorf("op %d is about the same record", first)
			}
			seen[[16]byte(sum[:])] = n
		}
		if err != nil {
			fail(&OpError{Op: n, Line: c.line, Action: c.action, URI: c.uri, Err: err})
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
	return r.other
}

// unassigned is the record key of a change that is to get one from the journal, which is as long.
const unassigned syntax.RecordKey = "(from-journal"

const anyTID syntax.RecordKey = "2222222222222"

// prepare returns the change that an operation asks for, checked.
func (r *applier) prepare(n int, op Op) (*change, error) {
	c := &change{op: n, line: op.line, action: op.Action, send: op.Action, collection: op.Collection, rkey: op.RecordKey, record: op.Record}
	if c.collection == "" && c.record != nil {
		c.collection = c.record.RecordType()
	}
	if err := r.rules.address(c); err != nil {
		return c, err
	}
	if op.authority != "" && op.authority != syntax.AtIdentifier(r.rules.did) {
		return c, fmt.Errorf("the record is of %s, not of the account %s", op.authority, r.rules.did)
	}
	switch op.Action {
	case ActionDelete:
		if c.record != nil {
			return c, errors.New("a delete takes no record")
		}
		if c.rkey == "" {
			return c, ErrNoKey
		}
		if err := (lex.RecordType{NSID: c.collection, Key: "any"}).CheckKey(c.rkey); err != nil {
			return c, err // one that its lexicon does not allow can be deleted
		}
		return c, r.measure(c)
	case ActionPut:
		c.send = ActionCreate // until the record is found
	case ActionCreate, ActionUpdate:
	default:
		return c, fmt.Errorf("unknown action %q", op.Action)
	}
	if c.record == nil {
		return c, errNil
	}
	t, err := r.rules.typeOf(c.collection, nil)
	if err != nil {
		return c, err
	}
	if err := r.key(c, t); err != nil {
		return c, err
	}
	if err := r.rules.encode(c, t); err != nil {
		return c, err
	}
	return c, r.measure(c)
}

// key checks the record key of c, or finds one.
func (r *applier) key(c *change, t lex.RecordType) error {
	literal := literalKey(t)
	switch {
	case c.rkey != "":
	case literal != "":
		c.rkey = literal
	case c.action != ActionCreate:
		return ErrNoKey
	case r.opts.Journal == nil:
		return fmt.Errorf("%w: a batch without a journal needs all of them, or what was created would be created again", ErrNoKey)
	default:
		if t.CheckKey(anyTID) != nil {
			return fmt.Errorf("%w: a TID is none in this collection", ErrNoKey)
		}
		c.rkey = unassigned
		return nil
	}
	if err := t.CheckKey(c.rkey); err != nil {
		return err
	}
	return r.rules.address(c)
}

// measure sets the size of c and checks that it fits in a request.
func (r *applier) measure(c *change) error {
	b, err := lex.EncodeJSON(r.input(c))
	if err != nil {
		return err
	}
	c.size = len(b) - r.empty
	if n := r.empty + c.size; n > r.rules.maxBytes {
		return tooLarge(n, r.rules.maxBytes)
	}
	return nil
}

// apply sends the operations that are not done.
func (r *applier) apply(ctx context.Context, ops iter.Seq2[Op, error]) error {
	n := 0
	for op, err := range ops {
		n++
		if _, bad := err.(*OpError); err != nil && !bad {
			return err
		}
		if err != nil || n > len(r.digests) {
			return r.changed(n)
		}
		c, err := r.prepare(n, op)
		if err != nil || c.digest(r.hash) != r.digests[n-1] {
			return r.changed(n)
		}
		if c.rkey == unassigned {
			c.fresh = true
			c.rkey = r.opts.Journal.key(n)
			if err := r.rules.address(c); err != nil {
				return c.fail(err)
			}
		}
		if n <= r.done {
			r.report(c, false)
			continue
		}
		if r.pending = append(r.pending, c); r.cut(r.pending) < len(r.pending) {
			if err := r.flush(ctx, 1); err != nil {
				return err
			}
		}
	}
	if n < len(r.digests) {
		return r.changed(n)
	}
	return r.flush(ctx, 0)
}

func (r *applier) changed(n int) error { return fmt.Errorf("write: op %d: %w", n, ErrChanged) }

// cut returns how many of the changes go into one request.
func (r *applier) cut(changes []*change) int {
	size, points, most := r.empty, 0, r.opts.Limiter.most()
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

// flush carries the pending changes out until no more than left are left.
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

func (r *applier) report(c *change, written bool) {
	if written {
		r.result.Written++
	} else {
		r.result.Already++
	}
	if r.opts.Each != nil {
		r.opts.Each(OpResult{Op: c.op, Line: c.line, Action: c.action, Ref: Ref{c.uri, c.cid}, Written: written})
	}
}

// pause waits as p says, after telling everybody.
func (r *applier) pause(ctx context.Context, p xrpc.Pause) error {
	p.NSID, p.Attempts = atproto.NSIDRepoApplyWrites, r.opts.Attempts
	return sleep(ctx, p, func(p xrpc.Pause) {
		r.progress(p.Wait, p.Err)
		announcer(r.a)(p)
	})
}

func (r *applier) progress(wait time.Duration, err error) {
	if r.opts.Progress != nil {
		r.opts.Progress(Progress{Done: r.done, Ops: r.result.Ops, Points: r.result.Points, Wait: wait, Err: err})
	}
}
