package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/layers-pub/layers-go/runtime/firehose"
	"github.com/layers-pub/layers-go/runtime/follow/internal/download"
	"github.com/layers-pub/layers-go/runtime/reposync"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Handler is called with each event, one at a time. An event counts as delivered when it returns nil. If it returns an
// error, [Run] ends with that error. Events belong to the handler, which may keep them.
type Handler func(ctx context.Context, event Event) error

// Event is what a [Handler] gets: a [*Change], [*Account], [*Identity], [*Current] or [*Problem].
type Event interface {
	isEvent()
}

// Change reports that a record was created, updated or deleted. Its DID, Rev and path identify it, and its method ID
// returns them. Its method Ack has no effect.
type Change struct {
	// Record is the change. Its Trust is [rec.Chained] if the commit of the stream follows the stored state of the
	// repository, [rec.Signed] if the record is from the signed repository itself or the commit follows no stored state,
	// and lower if the source does not verify commits. Rev is the revision of the commit, or, if Live is not set, that of
	// the repository in which the difference was found. Seq and Source are set only if Live is.
	firehose.Record
	// Live says that the change comes from a commit of the stream, and not from a comparison of the repository with the
	// store.
	Live bool
}

// Account reports that an account, and so all its records, became active or inactive. The records of an inactive
// account should not be shown until it is active again. If the status is "deleted", deletions of the records follow. An
// event for an active account is delivered only if the account was inactive before.
type Account struct {
	DID    syntax.DID
	Active bool
	// Status says why the account is not active: see [firehose.Account].
	Status string
}

// Identity reports that the handle, the key or the server of a followed account may have changed.
type Identity struct {
	DID syntax.DID
	// Handle is the handle that the source states, or "" if it states none. It is not verified.
	Handle syntax.Handle
}

// Current reports that a repository was fetched and compared with the store. All changes up to the state in the event
// were delivered, and the store has that state or a later one.
type Current struct {
	DID   syntax.DID
	State reposync.State
	// Records is the number of wanted records in the repository. Created, Updated and Deleted are the numbers of
	// differences from the store.
	Records, Created, Updated, Deleted int
	// Server is the origin of the server from which the repository was read, or "" for the account's own.
	Server string
}

// Problem reports a failure that [Run] handles by itself, for example by trying again. It is for logs.
type Problem struct {
	// DID is the repository, or "" if the problem is with the stream, or with looking for repositories.
	DID syntax.DID
	// Rev is the revision of the commit that the problem is with, or "".
	Rev syntax.TID
	// Err is the error. It wraps, for example, [ErrGap] or an error of package reposync.
	Err error
	// Frame has the bytes of a frame that could not be read or verified.
	Frame []byte
	// Attempt counts the attempts in a row that have failed at the account's own server, and Retry is when the next will be
	// made. They are zero if the problem is not with a request.
	Attempt int
	Retry   time.Time
	// Next is the origin of the server that is asked next, without a pause; then Retry is not set. It is "" if there
	// is no other server. See [Options.Mirrors].
	Next string
}

func (*Change) isEvent()   {}
func (*Account) isEvent()  {}
func (*Identity) isEvent() {}
func (*Current) isEvent()  {}
func (*Problem) isEvent()  {}

// String returns a line for logs with the repository, the error and what [Run] does next.
func (p *Problem) String() string {
	text := fmt.Sprint(p.Err)
	if p.DID != "" {
		if p.Rev != "" {
			text = fmt.Sprintf("rev %s: %s", p.Rev, text)
		}
		text = fmt.Sprintf("%s: %s", p.DID, text)
	}
	if !p.Retry.IsZero() {
		text += fmt.Sprintf(" (attempt %d, the next is at %s)", p.Attempt, p.Retry.Format(time.TimeOnly))
	}
	if p.Next != "" {
		text += fmt.Sprintf(" (asking %s next)", p.Next)
	}
	return text
}

// The errors of a [Problem], besides those of the packages firehose, reposync, repo, pds and identity.
var (
	// ErrGap says that events of the stream may be missing. All repositories are compared with their servers.
	ErrGap = errors.New("events may be missing in the stream")
	// ErrElsewhere says that a PDS sent an event about an account that it does not host: see [Options.Server].
	ErrElsewhere = errors.New("the account is hosted by another server")
	// ErrSlow says that a server took too long to send an archive or to answer another request: see [Options.Patience].
	ErrSlow = download.ErrSlow
	// ErrBehind says that a server returned a repository, or named a commit, that is older than a known one.
	ErrBehind = errors.New("the server is behind")
	// ErrTooMany says that a repository is not followed, because there are [Options.MaxRepos] already.
	ErrTooMany = errors.New("too many repositories")
)

// Path returns the path of the record, "collection/recordkey".
func (c *Change) Path() string { return string(c.Collection) + "/" + string(c.RecordKey) }
