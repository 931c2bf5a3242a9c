package blob

import (
	"errors"
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// What can be wrong with a blob, for [errors.Is].
var (
	// ErrHash says that bytes are not those that a CID names.
	ErrHash = errors.New("wrong hash")
	// ErrSize says that there are more or fewer bytes than there must be.
	ErrSize = errors.New("wrong size")
	// ErrType says that the server took what was uploaded for another media type.
	ErrType = errors.New("wrong media type")
	// ErrNotFound says that the server does not have the blob, or that no record refers to it: it is the server's
	// word, which nothing proves. The page of a proxy is another error.
	ErrNotFound = errors.New("blob not found")
	// ErrTooLarge says that a blob is over a limit: the caller's, the lexicon's or the server's.
	ErrTooLarge = errors.New("too large")
	// ErrUnverifiable says that a reference has no CID with which its bytes could be verified. The CID of
	// a blob is of version 1, with the codec raw and the hash SHA-256.
	ErrUnverifiable = errors.New("not the CID of a blob")
)

// Error says which blob could not be read, and why.
type Error struct {
	// DID is the account whose blob it is.
	DID syntax.DID
	// CID is the blob's.
	CID lex.CIDLink
	// Read is how many bytes had come, and Size how many there had to be, -1 if that is not known.
	Read, Size int64
	// Err is what happened: it wraps an error of this package, or one of the packages pds and xrpc. That
	// of a connection that was cut wraps io.ErrUnexpectedEOF.
	Err error
}

// Error returns a text that names the blob, how far it came, and what happened.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "blob: %s of %s", e.CID, e.DID)
	switch {
	case e.Read > 0 && e.Size >= 0:
		fmt.Fprintf(&b, " after %d of %d bytes", e.Read, e.Size)
	case e.Read > 0:
		fmt.Fprintf(&b, " after %d bytes", e.Read)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	return b.String()
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }
