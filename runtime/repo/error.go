package repo

import (
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// What can be wrong with a repository beyond what can be wrong with an archive and a tree, which are
// the errors of the packages car and mst: an altered block is car.ErrHash, a missing one
// car.ErrNotFound, a malformed tree mst.ErrInvalid. A signature that does not hold is
// multikey.ErrSignature.
var (
	// ErrRoot says that an archive names no root, so that it has no commit.
	ErrRoot = errors.New("repo: archive without a root")
	// ErrCommit says that the block of the commit is not a commit.
	ErrCommit = errors.New("malformed commit")
	// ErrDID says that a commit is another account's.
	ErrDID = errors.New("repo: commit of another account")
	// ErrUnchanged says that there is no commit after the known one. An archive that is read with
	// [WithPartial] and has no blocks says so (an [*UnchangedError]), and so does [Revision.CheckAfter] of the
	// known commit itself.
	ErrUnchanged = errors.New("repo: no commit since")
	// ErrOlderRevision says that a commit is older than the known one: the server has lost commits, is a
	// mirror that lags behind, or replays what the account has replaced.
	ErrOlderRevision = errors.New("repo: older revision")
	// ErrForkedRevision says that there are two commits of one revision.
	ErrForkedRevision = errors.New("repo: forked revision")
	// ErrFutureRevision says that the revision of a commit is of a time that has not come yet.
	ErrFutureRevision = errors.New("repo: revision in the future")
	// ErrTooLarge says that an archive has more bytes than its limit.
	ErrTooLarge = errors.New("repo: archive too large")
)

// UnchangedError says that an archive that is read with [WithPartial] has a root and no blocks, which is what
// a server sends when there is no commit after the revision that it was asked for. It wraps [ErrUnchanged].
type UnchangedError struct {
	// Commit is the root: the commit that the server says is the latest. Nothing proves it.
	Commit lex.CID
}

// Error returns a text that has the CID of the commit.
func (e *UnchangedError) Error() string {
	return fmt.Sprintf("%v: the last is %s", ErrUnchanged, e.Commit)
}

// Unwrap returns [ErrUnchanged].
func (e *UnchangedError) Unwrap() error { return ErrUnchanged }

// RecordError says at which record of a repository reading failed.
type RecordError struct {
	DID        syntax.DID
	Collection syntax.NSID
	RecordKey  syntax.RecordKey
	CID        lex.CID
	// Err is what failed: a [*car.Error], or a [*PanicError].
	Err error
}

// Error returns a text that has the record's URI, its CID and what failed.
func (e *RecordError) Error() string {
	return fmt.Sprintf("repo: %s (%s): %v", uriOf(e.DID, e.Collection, e.RecordKey), e.CID, e.Err)
}

// Unwrap returns e.Err.
func (e *RecordError) Unwrap() error { return e.Err }

// PanicError says that decoding a record panicked. That is a fault of the record's Go type or of this module, and
// worth a report; the record is only what made it show.
type PanicError struct {
	// Value is what panic was called with.
	Value any
	// Stack is the stack of the goroutine that panicked, as debug.Stack formats it.
	Stack []byte
}

// Error returns a text that has the value.
func (e *PanicError) Error() string { return fmt.Sprintf("decoding panicked: %v", e.Value) }

// Unwrap returns the value if it is an error, and else nil.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
