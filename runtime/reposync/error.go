package reposync

import (
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The kinds of errors. Each error of a [Verifier] about a message is an [*Error] that wraps one of them, or
// [multikey.ErrSignature], which means that the account did not sign the commit, or has changed its key since the caller
// looked it up.
var (
	// ErrInvalid says that the message is malformed, exceeds a limit, or contradicts the signed commit. Its operations
	// must be ignored. If the account did change its repository, the next commit will be an [ErrDesynchronized]; a
	// reader whose copy must not be outdated until then fetches the repository at once.
	ErrInvalid = errors.New("invalid message")
	// ErrDesynchronized says that the commit does not follow the known state, or that the message does not say what changed:
	// the reader must fetch the repository.
	ErrDesynchronized = errors.New("repository desynchronized")
	// ErrOld says that the revision is not after the known one: the message must be ignored. The error also wraps
	// [repo.ErrUnchanged], [repo.ErrOlderRevision], or [repo.ErrForkedRevision] for another commit with the known revision.
	ErrOld = errors.New("not a newer revision")
	// ErrFuture says that the revision is more than [repo.MaxClockSkew] after now: the message must be ignored. The
	// error also wraps [repo.ErrFutureRevision].
	ErrFuture = errors.New("revision in the future")
)

// Error is an error of a [Verifier], with the account and the revision of the message.
type Error struct {
	DID syntax.DID
	// Rev is the revision that the message states.
	Rev syntax.TID
	// Err is the cause. It wraps one of the errors above, or [multikey.ErrSignature].
	Err error
}

// Error returns a text with the DID, the revision and the cause. A malformed DID or revision is shortened.
func (e *Error) Error() string {
	return fmt.Sprintf("reposync: commit %s of %s: %v", quote.Text(e.Rev, 64), quote.Text(e.DID, 128), e.Err)
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}

func desynchronized(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrDesynchronized}, args...)...)
}
