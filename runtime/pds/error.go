package pds

import (
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/internal/verdict"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/rpc"
	"github.com/layers-pub/layers-go/runtime/syntax"
	"github.com/layers-pub/layers-go/runtime/xrpc"
)

// What a server can say about a repository or a record, for errors.Is. The errors also wrap the server's answer, an
// *[xrpc.Error]. Only an XRPC error counts as the server's answer: the page of a proxy, whatever its status, and a
// success answer without a record are other errors.
var (
	// ErrRecordNotFound says that the record does not exist: the server said so, in any of the forms that servers
	// use, or the repository proves it. The error is an [*AbsenceError].
	ErrRecordNotFound = errors.New("record not found")
	// ErrRepoNotFound says that the server does not have the repository: it said so, in any of the forms that servers
	// use.
	ErrRepoNotFound = errors.New("repository not found")
)

// The states of an account in which its server does not serve the repository. The constants are the names of the
// server's errors.
const (
	// ErrRepoDeactivated says that its owner has deactivated the account; it may come back.
	ErrRepoDeactivated rpc.ErrorName = "RepoDeactivated"
	// ErrRepoTakendown says that the server's operator took the account down.
	ErrRepoTakendown rpc.ErrorName = "RepoTakendown"
	// ErrRepoSuspended says that the server's operator suspended the account for some time.
	ErrRepoSuspended rpc.ErrorName = "RepoSuspended"
)

// AbsenceError says that a record does not exist, and whether that is proven. It wraps [ErrRecordNotFound].
type AbsenceError struct {
	// URI is the URI of the record, with the account's DID if that is known.
	URI syntax.ATURI
	// Trust is [rec.Signed] if the repository, signed by the account, proves the absence, and [rec.Served] if only
	// the server says so.
	Trust rec.Trust
	// Err is the server's answer; nil if the absence is proven.
	Err error
}

// Error returns a text with the record and what says that it is absent.
func (e *AbsenceError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("pds: %s: %v, as the signed repository proves", e.URI, ErrRecordNotFound)
	}
	var answer *xrpc.Error
	if errors.As(e.Err, &answer) { // its message would repeat the URI
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

// absent returns an [AbsenceError] if err, the error of a call for the record at uri, is the server's answer that the
// record does not exist. Otherwise it returns err.
func absent(uri syntax.ATURI, err error) error {
	if verdict.Of(err) != verdict.NoRecord {
		return err
	}
	return &AbsenceError{URI: uri, Trust: rec.Served, Err: err}
}
