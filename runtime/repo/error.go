package repo

import (
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/limit"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The errors of a repository, for use with [errors.Is]. Errors of its archive and its tree are those of the packages
// car and mst: an altered block is car.ErrHash, a missing block car.ErrNotFound, a malformed tree mst.ErrInvalid.
// An invalid signature is multikey.ErrSignature.
var (
	// ErrRoot says that an archive names no root, so that it has no commit.
	ErrRoot = errors.New("repo: archive without a root")
	// ErrCommit says that the block of the commit is not a commit.
	ErrCommit = errors.New("malformed commit")
	// ErrDID says that a commit belongs to another account.
	ErrDID = errors.New("repo: commit of another account")
	// ErrUnchanged says that there is no commit after the known one. The functions that open an archive return it
	// (as an [*UnchangedError]) for an archive without blocks if [WithPartial] is set, and [Revision.CheckAfter]
	// returns it for the known commit.
	ErrUnchanged = errors.New("repo: no newer commit")
	// ErrOlderRevision says that a commit is older than the known one: the server has lost commits, is a
	// mirror that lags behind, or replays an old state of the repository.
	ErrOlderRevision = errors.New("repo: older revision")
	// ErrForkedRevision says that two different commits have the same revision.
	ErrForkedRevision = errors.New("repo: forked revision")
	// ErrFutureRevision says that the time in a commit's revision is in the future.
	ErrFutureRevision = errors.New("repo: revision in the future")
	// ErrTooLarge says that an archive has more bytes than its limit.
	ErrTooLarge = fmt.Errorf("repo: archive %w", limit.ErrTooLarge)
)

// UnchangedError says that an archive that was opened with [WithPartial] has a root and no blocks. A server sends
// such an archive when there is no commit after the revision in the request. It wraps [ErrUnchanged].
type UnchangedError struct {
	// Commit is the root, which the server claims to be the latest commit. Nothing proves that.
	Commit cid.CID
}

// Error returns a text with the CID of the commit.
func (e *UnchangedError) Error() string {
	return fmt.Sprintf("%v: the last is %s", ErrUnchanged, e.Commit)
}

// Unwrap returns [ErrUnchanged].
func (e *UnchangedError) Unwrap() error { return ErrUnchanged }

// RecordError says that reading or decoding a record of a repository failed, and which record it is.
type RecordError struct {
	DID        syntax.DID
	Collection syntax.NSID
	RecordKey  syntax.RecordKey
	CID        cid.CID
	// Err is the cause: a [*car.Error] or a [*PanicError].
	Err error
}

// Error returns a text with the record's URI, its CID and the cause.
func (e *RecordError) Error() string {
	return fmt.Sprintf("repo: %s (%s): %v", uriOf(e.DID, e.Collection, e.RecordKey), e.CID, e.Err)
}

// Unwrap returns e.Err.
func (e *RecordError) Unwrap() error { return e.Err }

// PanicError says that decoding a record panicked. That is a bug in the record's Go type or in this module, even if the
// record is malformed; please report it.
type PanicError struct {
	// Value is the argument of panic.
	Value any
	// Stack is the stack of the goroutine that panicked, as debug.Stack formats it.
	Stack []byte
}

// Error returns a text with e.Value.
func (e *PanicError) Error() string { return fmt.Sprintf("decoding panicked: %v", e.Value) }

// Unwrap returns e.Value if it is an error, and otherwise nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
