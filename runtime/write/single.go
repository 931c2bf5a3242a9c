package write

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// CreateOptions are the options of [Create]. Nil is as good as the zero value.
type CreateOptions struct {
	// RecordKey is the new record's key. When it is empty the record gets the key that its lexicon fixes, or a
	// TID of Clock.
	RecordKey syntax.RecordKey
	// Clock makes the TID, and nil stands for a new clock. TIDs of one clock are in the order of their making.
	Clock *syntax.TIDClock
	// Lookup has the lexicons' rules for record keys, and for records of type [Untyped]. Without it any key is
	// taken.
	Lookup Lookup
	// AllowUnknown allows an [Untyped] record of a collection that Lookup does not know: it is checked no
	// further than that it is of the data model.
	AllowUnknown bool
	// Validate asks the server to check the record too (true), or not to (false). Unset, a server checks
	// records of lexicons that it knows. One that does not know a lexicon refuses its records at true.
	Validate lex.Opt[bool]
	// MaxBytes is the largest body that the server takes, and 0 stands for [DefaultMaxBytes].
	MaxBytes int
	// Limiter is waited for before the record is sent, which the account announces: see [Limiter]. Nil: no wait.
	Limiter *Limiter
}

// Create makes a new record, a pointer to a generated type or an [*Untyped], and returns its URI and CID. Its record
// key is made here: see [CreateOptions].
//
// The record is checked first, and a [*lex.Error] lists all that is wrong with it. Errors are [*OpError]s. If
// there is another record with the same key the error is [ErrConflict], and if the same one is there already that
// is a success. With [ErrCIDMismatch] the Ref has the CID that the server gave; with other errors after the key was
// made, the record that was to be.
//
// It calls com.atproto.repo.createRecord, once, and com.atproto.repo.getRecord when the answer is lost.
func Create(ctx context.Context, a Account, record lex.Record, opts *CreateOptions) (Ref, error) {
	own, err := makerOf(record)
	if err != nil {
		return Ref{}, &OpError{Action: ActionCreate, Err: err}
	}
	if opts == nil {
		opts = new(CreateOptions)
	}
	c := &change{action: ActionCreate, collection: record.RecordType(), rkey: opts.RecordKey, record: record}
	r := newRules(a, opts.Lookup, opts.AllowUnknown, opts.Validate, opts.MaxBytes)
	t, err := r.single(c, own)
	if err != nil {
		return Ref{}, c.fail(err)
	}
	if c.rkey == "" {
		c.rkey = newKey(t, opts.Clock)
	}
	if err := checkPDS(ctx, a); err != nil {
		return Ref{}, c.fail(err)
	}
	in := &atproto.RepoCreateRecordInput{
		Repo: syntax.AtIdentifier(r.did), Collection: c.collection, Rkey: lex.Some(c.rkey), Record: c.raw(), ValidateField: r.validate,
	}
	if err := r.ready(c, t, in); err != nil {
		return Ref{}, c.fail(err)
	}
	if err := pace(ctx, a, opts.Limiter, atproto.NSIDRepoCreateRecord, c); err != nil {
		return Ref{}, c.fail(err)
	}
	ref, err := send(c, func() (answer, error) {
		out, err := atproto.Reading(a, "uri", "cid").RepoCreateRecord(ctx, in)
		if err != nil {
			return answer{}, err
		}
		return answer{out.URI, out.CID}, nil
	})
	outcome, _ := outcomeOf(err)
	if err == nil || errors.Is(err, ErrCIDMismatch) || outcome != doubtful && outcome != exists {
		return ref, c.fail(err)
	}
	switch s, problem := settle(ctx, a, c, err); {
	case outcome == exists && (problem != nil || !s.found):
		err = fmt.Errorf("%w: there is a record with this key (%w)", ErrConflict, err)
	case problem != nil:
		err = problem
	case s.found && s.cid == c.cid:
		return ref, nil
	case s.found:
		err = fmt.Errorf("%w: there is another record with this key, of the CID %s (%w)", ErrConflict, s.cid, err)
	}
	return ref, c.fail(err)
}

// makerOf returns a function that makes empty records of the type of record, which has to be a pointer.
func makerOf(record lex.Record) (func() lex.Record, error) {
	v := reflect.ValueOf(record)
	switch {
	case !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil():
		return nil, errNil
	case v.Kind() != reflect.Pointer:
		return nil, fmt.Errorf("the record is a %T and not a pointer", record)
	}
	return func() lex.Record { return reflect.New(v.Type().Elem()).Interface().(lex.Record) }, nil
}

func newKey(t lex.RecordType, clock *syntax.TIDClock) syntax.RecordKey {
	if key := literalKey(t); key != "" {
		return key
	}
	if clock == nil {
		clock = syntax.NewTIDClock()
	}
	return syntax.RecordKey(clock.Next())
}

// ready makes the last checks before c is sent.
func (r *rules) ready(c *change, t lex.RecordType, in lex.Encodable) error {
	if err := t.CheckKey(c.rkey); err != nil {
		return err
	}
	if err := r.address(c); err != nil {
		return err
	}
	return r.fits(in)
}

// pace waits for the points of c, if there is a limiter.
func pace(ctx context.Context, a Account, l *Limiter, nsid syntax.NSID, c *change) error {
	if l == nil {
		return nil
	}
	return l.wait(ctx, c.action.points(), announcer(a), nsid)
}

// send sends a write of one record and compares what the server answers with it.
func send(c *change, call func() (answer, error)) (Ref, error) {
	ref := Ref{c.uri, c.cid}
	out, err := call()
	if err != nil {
		if verdict.Of(err) == verdict.TooLarge {
			err = fmt.Errorf("%w: %w", ErrTooLarge, err)
		} else if verdict.Of(err) == verdict.Swapped {
			err = fmt.Errorf("%w: the record was changed in the meantime (%w)", ErrConflict, err)
		}
		return ref, err
	}
	err = c.compare(out)
	var mismatch *mismatchError
	if errors.As(err, &mismatch) {
		ref.CID = mismatch.found
	}
	return ref, err
}

// settle reads the record of c after a call that ended with err, which leaves open whether c was carried out. Its
// own error says that this stays open.
func settle(ctx context.Context, a Account, c *change, err error) (stored, error) {
	if ctx.Err() != nil {
		return stored{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	s, problem := lookUp(ctx, a, c)
	if problem != nil {
		return s, fmt.Errorf("%w: %w; reading it failed: %w", ErrUnknown, err, problem)
	}
	return s, nil
}

// PutOptions are the options of [Put]. Nil is as good as the zero value.
type PutOptions struct {
	// Swap says what must be there for the record to be written: a record with that CID
	// (lex.ValueOrNull(cid)), no record (lex.NullOf[lex.CID]()), or, unset, anything.
	Swap lex.Nullable[lex.CID]
	// DropFields allows fields to be lost. Unless there is a Swap, nothing is compared then and the last
	// write wins.
	DropFields bool
	// Drop lists the fields that may be lost, as JSON pointers (RFC 6901). A pointer allows all that is below
	// it as well.
	Drop []string
	// Lookup, AllowUnknown, Validate, MaxBytes and Limiter are as in [CreateOptions].
	Lookup       Lookup
	AllowUnknown bool
	Validate     lex.Opt[bool]
	MaxBytes     int
	Limiter      *Limiter
}

// Put writes a record under a key, in the place of the one that is there, and returns its URI and CID.
//
// It reads the record that is there. If that is the same as the new one, nothing is written. If it has fields that
// the new one lacks, at any depth, the error is a [*DropError], unless the options say that they may go: whether
// the caller took them out or never knew of them cannot be told. Fields that change their value are not fields that
// go. Neither are the fields of an object that gives way to one with another $type, or of an array's item that is
// taken out. The items of two arrays that are not the same are compared one by one when there are as many of them;
// otherwise a field goes when some of the old items have it and none of the new ones does.
//
// The record is written only if the one that was read is still there; else the error is [ErrConflict], and the
// caller can start over with reading. That is also the error when Swap asks for something else than is there.
// Other errors are as in [Create].
//
// It calls com.atproto.repo.getRecord and com.atproto.repo.putRecord, the latter once.
func Put(ctx context.Context, a Account, rkey syntax.RecordKey, record lex.Record, opts *PutOptions) (Ref, error) {
	own, err := makerOf(record)
	if err != nil {
		return Ref{}, &OpError{Action: ActionPut, Err: err}
	}
	if opts == nil {
		opts = new(PutOptions)
	}
	c := &change{action: ActionPut, collection: record.RecordType(), rkey: rkey, record: record}
	r := newRules(a, opts.Lookup, opts.AllowUnknown, opts.Validate, opts.MaxBytes)
	t, err := r.single(c, own)
	if err != nil {
		return Ref{}, c.fail(err)
	}
	if err := t.CheckKey(rkey); err != nil {
		return Ref{}, c.fail(err)
	}
	if err := checkPDS(ctx, a); err != nil {
		return Ref{}, c.fail(err)
	}
	before, err := lookUp(ctx, a, c)
	if err != nil {
		return Ref{}, c.fail(err)
	}
	if before.found && before.cid == c.cid {
		return Ref{c.uri, c.cid}, nil
	}
	if err := checkSwap(opts.Swap, before); err != nil {
		return Ref{}, c.fail(err)
	}
	in := &atproto.RepoPutRecordInput{
		Repo: syntax.AtIdentifier(r.did), Collection: c.collection, Rkey: c.rkey, Record: c.raw(), ValidateField: r.validate,
		SwapRecord: swapText(opts.Swap),
	}
	if !opts.DropFields {
		if err := guardFields(before, c, opts.Drop); err != nil {
			return Ref{}, c.fail(err)
		}
		in.SwapRecord = lex.NullOf[syntax.CID]()
		if before.found {
			in.SwapRecord = swapText(lex.ValueOrNull(before.cid))
		}
	}
	if err := r.ready(c, t, in); err != nil {
		return Ref{}, c.fail(err)
	}
	if err := pace(ctx, a, opts.Limiter, atproto.NSIDRepoPutRecord, c); err != nil {
		return Ref{}, c.fail(err)
	}
	ref, err := send(c, func() (answer, error) {
		out, err := atproto.Reading(a, "uri", "cid").RepoPutRecord(ctx, in)
		if err != nil {
			return answer{}, err
		}
		return answer{out.URI, out.CID}, nil
	})
	if outcome, _ := outcomeOf(err); err == nil || errors.Is(err, ErrCIDMismatch) || outcome != doubtful {
		return ref, c.fail(err)
	}
	switch after, problem := settle(ctx, a, c, err); {
	case problem != nil:
		err = problem
	case after.found && after.cid == c.cid:
		return ref, nil
	case after.found != before.found || after.cid != before.cid:
		err = fmt.Errorf("%w: the record is neither what it was nor what it was to be (%w)", ErrUnknown, err)
	}
	return ref, c.fail(err)
}

// swapText returns a swap as it is sent.
func swapText(swap lex.Nullable[lex.CID]) lex.Nullable[syntax.CID] {
	cid, ok := swap.Get()
	switch {
	case ok:
		return lex.ValueOrNull(syntax.CID(cid.String()))
	case swap.IsNull():
		return lex.NullOf[syntax.CID]()
	}
	return lex.Nullable[syntax.CID]{}
}

// checkSwap compares what is there with what has to be.
func checkSwap(swap lex.Nullable[lex.CID], s stored) error {
	want, defined := swap.Get()
	switch {
	case swap.IsNull() && s.found:
		return fmt.Errorf("%w: there is a record, of the CID %s", ErrConflict, s.cid)
	case defined && !s.found:
		return fmt.Errorf("%w: there is no record", ErrConflict)
	case defined && want != s.cid:
		return fmt.Errorf("%w: the record has the CID %s and not %s", ErrConflict, s.cid, want)
	}
	return nil
}

// DeleteOptions are the options of [Delete]. Nil is as good as the zero value.
type DeleteOptions struct {
	// Swap is the CID that the record must have to be deleted; undefined, any.
	Swap lex.CID
	// Limiter is waited for before the request is sent. Nil: no wait.
	Limiter *Limiter
}

// Delete deletes the record at uri, which has to be in the account's repository and name it by its DID. One that
// is not there counts as deleted, also when there is a Swap: that is what the method says, and what makes it safe to
// repeat. If the record has another CID than Swap the error is [ErrConflict]. Errors are [*OpError]s.
//
// It calls com.atproto.repo.deleteRecord, once, and com.atproto.repo.getRecord when the answer is lost, or names no
// commit, as when there was nothing to delete.
func Delete(ctx context.Context, a Account, uri syntax.ATURI, opts *DeleteOptions) error {
	if opts == nil {
		opts = new(DeleteOptions)
	}
	c := &change{action: ActionDelete, collection: uri.Collection(), rkey: uri.RecordKey(), uri: uri}
	if err := checkOwn(a.DID(), uri); err != nil {
		return c.fail(err)
	}
	if err := checkPDS(ctx, a); err != nil {
		return c.fail(err)
	}
	in := &atproto.RepoDeleteRecordInput{Repo: syntax.AtIdentifier(a.DID()), Collection: c.collection, Rkey: c.rkey}
	if opts.Swap.Defined() {
		in.SwapRecord = lex.Some(syntax.CID(opts.Swap.String()))
	}
	if err := pace(ctx, a, opts.Limiter, atproto.NSIDRepoDeleteRecord, c); err != nil {
		return c.fail(err)
	}
	out, err := atproto.Reading(a, "commit").RepoDeleteRecord(ctx, in)
	switch {
	case err != nil && verdict.Of(err) == verdict.Swapped:
		err = fmt.Errorf("%w: the record does not have the CID %s (%w)", ErrConflict, opts.Swap, err)
	case err == nil && out.Commit == nil:
		err = errNotDeleted // a server that found nothing to delete answers in this way, and so may anything else
	}
	if outcome, _ := outcomeOf(err); err == nil || outcome != doubtful {
		return c.fail(err)
	}
	s, problem := settle(ctx, a, c, err)
	if problem == nil && !s.found {
		return nil
	}
	return c.fail(errors.Join(problem, err))
}

var errNotDeleted = errors.New("the answer names no commit that deleted it")

// checkOwn checks that uri names a record of an account.
func checkOwn(did syntax.DID, uri syntax.ATURI) error {
	if _, err := syntax.ParseATURI(string(uri)); err != nil {
		return err
	}
	switch {
	case uri.RecordKey() == "":
		return errors.New("the URI names no record")
	case uri.Authority() != syntax.AtIdentifier(did):
		return fmt.Errorf("the record is not of the account %s", did)
	}
	return nil
}
