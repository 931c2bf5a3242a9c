package blob

import (
	"errors"
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/limit"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Errors of blobs, for [errors.Is].
var (
	// ErrHash says that the hash of the bytes is not that of the CID.
	ErrHash = errors.New("wrong hash")
	// ErrSize says that there are more or fewer bytes than expected.
	ErrSize = errors.New("wrong size")
	// ErrType says that the server assigned another media type to the uploaded blob.
	ErrType = errors.New("wrong media type")
	// ErrNotFound says that the server does not have the blob, or that no record refers to it. The server says so
	// without proof. The page of a proxy does not cause this error.
	ErrNotFound = errors.New("blob not found")
	// ErrTooLarge says that a blob is larger than a limit of the caller, the lexicon or the server.
	ErrTooLarge = fmt.Errorf("%w", limit.ErrTooLarge)
	// ErrUnverifiable says that a reference has no CID by which the bytes can be verified. The CID of a blob must
	// have version 1, the codec raw and a SHA-256 hash.
	ErrUnverifiable = errors.New("not the CID of a blob")
)

// Error says which blob could not be read, and why.
type Error struct {
	// DID is the account that has the blob.
	DID syntax.DID
	// CID is the CID of the blob.
	CID cid.Link
	// Read is how many bytes were read. Size is how many were expected, -1 if that is not known.
	Read, Size int64
	// Err is the cause: it wraps an error of this package, or one of the packages pds and xrpc. If the connection was
	// cut off, it wraps io.ErrUnexpectedEOF.
	Err error
}

// Error returns a text with the blob, how much of it was read, and the cause.
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
