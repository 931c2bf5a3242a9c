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
	// ErrUnchanged says that an archive that is read with [WithPartial] has no blocks, and so no commit: it
	// is what a server sends when there is none since the revision that it was asked for.
	ErrUnchanged = errors.New("repo: no commit since")
	// ErrTooLarge says that an archive has more bytes than its limit.
	ErrTooLarge = errors.New("repo: archive too large")
)

// RecordError says at which record of a repository reading failed.
type RecordError struct {
	DID        syntax.DID
	Collection syntax.NSID
	RecordKey  syntax.RecordKey
	CID        lex.CID
	// Err is what failed, an error of package car.
	Err error
}

// Error returns a text that has the record's URI and what failed.
func (e *RecordError) Error() string {
	return fmt.Sprintf("repo: at://%s/%s/%s: %v", e.DID, e.Collection, e.RecordKey, e.Err)
}

// Unwrap returns e.Err.
func (e *RecordError) Unwrap() error { return e.Err }
