package write

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/internal/atproto"
	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/internal/writing"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// CreateOptions are the options of [Create]; nil stands for the zero value.
type CreateOptions struct {
	// RecordKey is the key of the new record. If it is empty, the record gets the key that its lexicon fixes, or else
	// a TID from Clock.
	RecordKey syntax.RecordKey
	// Clock makes the TID; nil stands for a new clock. Each TID of a clock is greater than those it made before.
	Clock *syntax.TIDClock
	// Lookup returns the lexicons' rules for record keys, and for records of type [Untyped]. If it is nil, any record
	// key is allowed.
	Lookup Lookup
	// AllowUnknown allows an [Untyped] record of a collection that Lookup does not know. Create checks only that it
	// follows the data model.
	AllowUnknown bool
	// Validate asks the server to check the record too (true), or not to (false). If it is unset, a server checks the
	// records whose lexicons it knows. If it is true, a server that does not know the lexicon refuses the record.
	Validate lex.Opt[bool]
	// MaxBytes is the size of the largest request body that the server accepts; 0 stands for [DefaultMaxBytes].
	MaxBytes int
	// Check, unless it is nil, is called if the lexicon allows the record, and returns what is probably wrong with it.
	Check Check
	// Warn, unless it is nil, is called with the issues that Check returns, before the record is sent. If Warn is nil and
	// there are issues, the record is not sent, and the error is a [*WarningError].
	Warn func(warnings []issue.Issue)
	// Limiter limits the rate of writes: Create waits for it before it sends the record, and announces the pause, see
	// [Limiter]. Nil means no limit.
	Limiter *Limiter
}

// Create writes a new record, a pointer to a generated type or an [*Untyped], and returns its URI and CID. The record
// key is made by the client: see [CreateOptions].
//
// Create checks the record first; a [*issue.Error] lists everything that is wrong with it, and a [*WarningError] what
// [CreateOptions].Check has found. Errors are [*Error]s, which wrap those. If another record with the same key exists,
// the error is [ErrConflict]; if the same record exists already, Create succeeds. With [ErrCIDMismatch], the Ref has the
// CID that the server returned; with other errors after the request was sent, it names the record that Create was to
// write.
//
// Create calls com.atproto.repo.createRecord once, and com.atproto.repo.getRecord if the answer is lost.
func Create(ctx context.Context, a Client, record lex.Record, opts *CreateOptions) (Ref, error) {
	own, err := makerOf(record)
	if err != nil {
		return Ref{}, &Error{Action: create, Err: err}
	}
	if opts == nil {
		opts = new(CreateOptions)
	}
	c := &change{Change: writing.Change{Collection: record.RecordType(), RecordKey: opts.RecordKey, Record: record}, action: create}
	r := writing.NewRules(a, opts.Lookup, opts.Validate, opts.MaxBytes)
	t, err := check(r, c, own, checks{opts.AllowUnknown, opts.Check, opts.Warn})
	if err != nil {
		return Ref{}, c.fail(err)
	}
	if c.RecordKey == "" {
		c.RecordKey = writing.NewKey(t, opts.Clock)
	}
	if err := writing.CheckPDS(ctx, a); err != nil {
		return Ref{}, c.fail(err)
	}
	in := &atproto.RepoCreateRecordInput{
		Repo: syntax.AtIdentifier(r.DID), Collection: c.Collection, Rkey: lex.Some(c.RecordKey), Record: c.Raw(), ValidateField: r.Validate,
	}
	if err := ready(r, c, t, in); err != nil {
		return Ref{}, c.fail(err)
	}
	if err := pace(ctx, a, opts.Limiter, atproto.NSIDRepoCreateRecord, c); err != nil {
		return Ref{}, c.fail(err)
	}
	ref, err := send(c, func() (writing.Answer, error) {
		out, err := atproto.Reading(a, "uri", "cid").RepoCreateRecord(ctx, in)
		if err != nil {
			return writing.Answer{}, err
		}
		return writing.Answer{URI: out.URI, CID: out.CID}, nil
	})
	outcome, _ := writing.OutcomeOf(err)
	if err == nil || errors.Is(err, ErrCIDMismatch) || outcome != writing.Doubtful && outcome != writing.Exists {
		return ref, c.fail(err)
	}
	switch s, problem := settle(ctx, a, c, err); {
	case outcome == writing.Exists && (problem != nil || !s.Found):
		err = fmt.Errorf("%w: a record with this key exists (%w)", ErrConflict, err)
	case problem != nil:
		err = problem
	case s.Found && s.CID == c.CID:
		return ref, nil
	case s.Found:
		err = fmt.Errorf("%w: another record with this key exists, with CID %s (%w)", ErrConflict, s.CID, err)
	}
	return ref, c.fail(err)
}

// makerOf returns a function that makes empty records of the type of record, which must be a pointer.
func makerOf(record lex.Record) (func() lex.Record, error) {
	v := reflect.ValueOf(record)
	switch {
	case !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil():
		return nil, errNil
	case v.Kind() != reflect.Pointer:
		return nil, fmt.Errorf("the record is a %T, not a pointer", record)
	}
	return func() lex.Record { return reflect.New(v.Type().Elem()).Interface().(lex.Record) }, nil
}

// ready checks the record key of c and the size of in, the input of its request, before c is sent.
func ready(r *writing.Rules, c *change, t lex.RecordDef, in lex.Encodable) error {
	if err := t.CheckKey(c.RecordKey); err != nil {
		return err
	}
	if err := r.Address(&c.Change); err != nil {
		return err
	}
	return r.Fits(in)
}

// pace waits until l, if it is not nil, allows the points of c.
func pace(ctx context.Context, a Client, l *Limiter, nsid syntax.NSID, c *change) error {
	if l == nil {
		return nil
	}
	return l.wait(ctx, c.points(), writing.Announcer(a), nsid)
}

// send writes the record of c by call, and compares the server's answer with the record. The Ref has the CID that the
// server returned if that differs, and else that of c.
func send(c *change, call func() (writing.Answer, error)) (Ref, error) {
	ref := Ref{c.URI, c.CID}
	out, err := call()
	if err != nil {
		if verdict.Of(err) == verdict.TooLarge {
			err = fmt.Errorf("%w: %w", ErrTooLarge, err)
		} else if verdict.Of(err) == verdict.Swapped {
			err = fmt.Errorf("%w: the record was changed in the meantime (%w)", ErrConflict, err)
		}
		return ref, err
	}
	err = c.Compare(out)
	var mismatch *writing.MismatchError
	if errors.As(err, &mismatch) {
		ref.CID = mismatch.Found
	}
	return ref, err
}

// settle reads the record of c after a call that failed with err, which does not say whether c was carried out. If
// settle returns an error, that remains unknown.
func settle(ctx context.Context, a Client, c *change, err error) (writing.Stored, error) {
	if ctx.Err() != nil {
		return writing.Stored{}, fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	s, problem := writing.LookUp(ctx, a, &c.Change)
	if problem != nil {
		return s, fmt.Errorf("%w: %w; reading the record failed: %w", ErrUnknown, err, problem)
	}
	return s, nil
}

// PutOptions are the options of [Put]; nil stands for the zero value.
type PutOptions struct {
	// Swap says what the server must have for the record to be written: a record with that CID
	// (lex.ValueOrNull(cid)), no record (lex.NullOf[cid.CID]()), or, if Swap is unset, anything.
	Swap lex.Nullable[cid.CID]
	// DropFields allows fields to be lost. Then, unless Swap is set, Put does not compare the records, and the last
	// writer wins.
	DropFields bool
	// Drop lists the fields that may be lost, as JSON pointers (RFC 6901). A pointer also allows everything below
	// that field.
	Drop []string
	// Lookup, AllowUnknown, Validate, MaxBytes, Check, Warn and Limiter are as in [CreateOptions].
	Lookup       Lookup
	AllowUnknown bool
	Validate     lex.Opt[bool]
	MaxBytes     int
	Check        Check
	Warn         func(warnings []issue.Issue)
	Limiter      *Limiter
}

// Put creates the record with the given key, or replaces the existing one, and returns its URI and CID.
//
// Put first reads the existing record. If that is the same as the new one, nothing is written. If it has fields that
// the new one lacks, at any depth, the error is a [*DropError], unless the options allow the loss: Put cannot tell
// whether the caller removed the fields or never knew of them. Fields whose value changes do not count as lost.
// Neither do the fields of an object that is replaced by one with another $type, or of an item that is removed from
// an array. If an array changes, items that occur in both versions are ignored. If the two versions have the same
// number of other items, these are compared one by one; otherwise a field counts as lost if some of the old items
// have it and none of the new ones does.
//
// The record is written only if the server still has the record that Put read; otherwise the error is [ErrConflict],
// and the caller can start again by reading the record. The error is the same if the server does not have what Swap
// asks for. Other errors are as in [Create].
//
// Put calls com.atproto.repo.getRecord and com.atproto.repo.putRecord, the latter once.
func Put(ctx context.Context, a Client, rkey syntax.RecordKey, record lex.Record, opts *PutOptions) (Ref, error) {
	own, err := makerOf(record)
	if err != nil {
		return Ref{}, &Error{Action: put, Err: err}
	}
	if opts == nil {
		opts = new(PutOptions)
	}
	c := &change{Change: writing.Change{Collection: record.RecordType(), RecordKey: rkey, Record: record}, action: put}
	r := writing.NewRules(a, opts.Lookup, opts.Validate, opts.MaxBytes)
	t, err := check(r, c, own, checks{opts.AllowUnknown, opts.Check, opts.Warn})
	if err != nil {
		return Ref{}, c.fail(err)
	}
	if err := t.CheckKey(rkey); err != nil {
		return Ref{}, c.fail(err)
	}
	if err := writing.CheckPDS(ctx, a); err != nil {
		return Ref{}, c.fail(err)
	}
	before, err := writing.LookUp(ctx, a, &c.Change)
	if err != nil {
		return Ref{}, c.fail(err)
	}
	if before.Found && before.CID == c.CID {
		return Ref{c.URI, c.CID}, nil
	}
	if err := checkSwap(opts.Swap, before); err != nil {
		return Ref{}, c.fail(err)
	}
	in := &atproto.RepoPutRecordInput{
		Repo: syntax.AtIdentifier(r.DID), Collection: c.Collection, Rkey: c.RecordKey, Record: c.Raw(), ValidateField: r.Validate,
		SwapRecord: swapText(opts.Swap),
	}
	if !opts.DropFields {
		if err := guardFields(before, &c.Change, opts.Drop); err != nil {
			return Ref{}, c.fail(err)
		}
		in.SwapRecord = lex.NullOf[syntax.CID]()
		if before.Found {
			in.SwapRecord = swapText(lex.ValueOrNull(before.CID))
		}
	}
	if err := ready(r, c, t, in); err != nil {
		return Ref{}, c.fail(err)
	}
	if err := pace(ctx, a, opts.Limiter, atproto.NSIDRepoPutRecord, c); err != nil {
		return Ref{}, c.fail(err)
	}
	ref, err := send(c, func() (writing.Answer, error) {
		out, err := atproto.Reading(a, "uri", "cid").RepoPutRecord(ctx, in)
		if err != nil {
			return writing.Answer{}, err
		}
		return writing.Answer{URI: out.URI, CID: out.CID}, nil
	})
	if outcome, _ := writing.OutcomeOf(err); err == nil || errors.Is(err, ErrCIDMismatch) || outcome != writing.Doubtful {
		return ref, c.fail(err)
	}
	switch after, problem := settle(ctx, a, c, err); {
	case problem != nil:
		err = problem
	case after.Found && after.CID == c.CID:
		return ref, nil
	case after.Found != before.Found || after.CID != before.CID:
		err = fmt.Errorf("%w: the record was changed to something unexpected (%w)", ErrUnknown, err)
	}
	return ref, c.fail(err)
}

// swapText returns PutOptions.Swap in the form in which it is sent: the CID as text.
func swapText(swap lex.Nullable[cid.CID]) lex.Nullable[syntax.CID] {
	c, ok := swap.Get()
	switch {
	case ok:
		return lex.ValueOrNull(syntax.CID(c.String()))
	case swap.IsNull():
		return lex.NullOf[syntax.CID]()
	}
	return lex.Nullable[syntax.CID]{}
}

// checkSwap returns an error that wraps ErrConflict if s, the record at the server, is not what swap asks for.
func checkSwap(swap lex.Nullable[cid.CID], s writing.Stored) error {
	want, defined := swap.Get()
	switch {
	case swap.IsNull() && s.Found:
		return fmt.Errorf("%w: the record exists, with CID %s", ErrConflict, s.CID)
	case defined && !s.Found:
		return fmt.Errorf("%w: the record does not exist", ErrConflict)
	case defined && want != s.CID:
		return fmt.Errorf("%w: the record has CID %s, not %s", ErrConflict, s.CID, want)
	}
	return nil
}

// DeleteOptions are the options of [Delete]; nil stands for the zero value.
type DeleteOptions struct {
	// Swap is the CID that the record must have to be deleted. If it is undefined, any record is deleted.
	Swap cid.CID
	// Limiter limits the rate of writes, as in [CreateOptions]. Nil means no limit.
	Limiter *Limiter
}

// Delete deletes the record at uri, which must be in the account's repository and name the account by its DID. If the
// record does not exist, Delete succeeds, even if Swap is set: that is how com.atproto.repo.deleteRecord works, and
// it makes Delete safe to repeat. If the record's CID is not Swap, the error is [ErrConflict]. Errors are
// [*Error]s.
//
// Delete calls com.atproto.repo.deleteRecord once. It calls com.atproto.repo.getRecord if the answer is lost or names
// no commit, as it does if there was nothing to delete.
func Delete(ctx context.Context, a Client, uri syntax.ATURI, opts *DeleteOptions) error {
	if opts == nil {
		opts = new(DeleteOptions)
	}
	c := &change{Change: writing.Change{Collection: uri.Collection(), RecordKey: uri.RecordKey(), URI: uri}, action: remove}
	if err := checkOwn(a.DID(), uri); err != nil {
		return c.fail(err)
	}
	if err := writing.CheckPDS(ctx, a); err != nil {
		return c.fail(err)
	}
	in := &atproto.RepoDeleteRecordInput{Repo: syntax.AtIdentifier(a.DID()), Collection: c.Collection, Rkey: c.RecordKey}
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
		err = errNotDeleted // a server that found nothing to delete answers in this way, but so may something other than the server
	}
	if outcome, _ := writing.OutcomeOf(err); err == nil || outcome != writing.Doubtful {
		return c.fail(err)
	}
	s, problem := settle(ctx, a, c, err)
	if problem == nil && !s.Found {
		return nil
	}
	return c.fail(errors.Join(problem, err))
}

var errNotDeleted = errors.New("the response has no commit for the deletion")

// checkOwn checks that uri names a record of the account did.
func checkOwn(did syntax.DID, uri syntax.ATURI) error {
	if _, err := syntax.ParseATURI(string(uri)); err != nil {
		return err
	}
	switch {
	case uri.RecordKey() == "":
		return errors.New("the URI does not name a record")
	case uri.Authority() != syntax.AtIdentifier(did):
		return fmt.Errorf("the record is not in the repository of the account %s", did)
	}
	return nil
}
