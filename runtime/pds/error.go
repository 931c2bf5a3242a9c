package pds

import (
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// What a server can say about a repository or a record. For errors.Is; the error itself has the server's
// words, too, as an *[xrpc.Error]. Only an XRPC error is a server's word: the page of a proxy, with whatever
// status, and an answer of success that has no record are other errors.
var (
	// ErrRecordNotFound says that there is no such record, in whichever of its shapes the server said so, or as
	// the repository proves. The error is an [*AbsenceError].
	ErrRecordNotFound = errors.New("record not found")
	// ErrRepoNotFound says that the server does not have the repository, in whichever of its shapes it
	// said so.
	ErrRepoNotFound = errors.New("repository not found")
)

// The states of an account in which its server does not give out the repository. They are the names of the
// server's errors.
const (
	// ErrRepoDeactivated says that its owner has deactivated the account; it may come back.
	ErrRepoDeactivated lex.ErrorName = "RepoDeactivated"
	// ErrRepoTakendown says that the server's operator took the account down.
	ErrRepoTakendown lex.ErrorName = "RepoTakendown"
	// ErrRepoSuspended says that the server's operator suspended the account for some time.
	ErrRepoSuspended lex.ErrorName = "RepoSuspended"
)

// AbsenceError says that there is no such record, and how far that is proven. It wraps [ErrRecordNotFound].
type AbsenceError struct {
	// URI is that of the record, with the account's DID if that is known.
	URI syntax.ATURI
	// Trust is [lex.Signed] if the repository that the account signed proves it, and [lex.Served] if it is the
	// server's word.
	Trust lex.Trust
	// Err is the server's answer; nil if it is proven.
	Err error
}

// Error returns a text that names the record and says whose word it is.
func (e *AbsenceError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("pds: %s: %v, as the signed repository proves", e.URI, ErrRecordNotFound)
	}
	var answer *xrpc.Error
	if errors.As(e.Err, &answer) { // whose message has the URI once more
		return fmt.Sprintf("pds: %s: %v, says %s (%d %s)", e.URI, ErrRecordNotFound, answer.Service, answer.Status, answer.Name)
	}
	return fmt.Sprintf("pds: %s: %v: %v", e.URI, ErrRecordNotFound, e.Err)
}

// Unwrap returns ErrRecordNotFound and e.Err.
func (e *AbsenceError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrRecordNotFound}
	}
	return []error{ErrRecordNotFound, e.Err}
}

// absent returns err, of a call for one record, as an [AbsenceError] if the server says that there is none.
func absent(uri syntax.ATURI, err error) error {
	if verdict.Of(err) != verdict.NoRecord {
		return err
	}
	return &AbsenceError{URI: uri, Trust: lex.Served, Err: err}
}
