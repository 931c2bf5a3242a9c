package car

import (
	"errors"
	"fmt"
	"io"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/limit"
)

// The kinds of faults in an archive. Each error of this package about an archive's content is
// an [*Error] that wraps one of them, for [errors.Is].
var (
	// ErrHeader says that the archive does not begin with a header of CAR version 1, or that a root in it is not a CID of
	// the AT Protocol.
	ErrHeader = errors.New("bad header")
	// ErrSection says that a section is malformed: its length, or the CID before its block.
	ErrSection = errors.New("bad section")
	// ErrTruncated says that the archive ends within a header or a section.
	ErrTruncated = errors.New("archive cut short")
	// ErrTooLarge says that a size or a count is above its limit.
	ErrTooLarge = fmt.Errorf("%w", limit.ErrTooLarge)
	// ErrHash says that the bytes of a block do not match its CID.
	ErrHash = errors.New("block does not match its CID")
	// ErrNotFound says that the archive has no block with the wanted CID.
	ErrNotFound = errors.New("block not in the archive")
)

// errVersion2 is the cause of the error for an archive of CAR version 2.
var errVersion2 = errors.New("CAR version 2, not 1: convert it first, for example with layers convert --to 1")

// Error says what is wrong with an archive, and where.
type Error struct {
	// Offset is the position of the fault, in bytes from the beginning of the archive: that of the section or block at
	// fault, or of the byte in the header; -1 if there is none, as for a missing block.
	Offset int64
	// CID is the CID of the block at fault; undefined if the fault is not with a block.
	CID cid.CID
	// Err is the fault. It wraps an error of this package, such as [ErrHash], or is the error of reading or writing.
	Err error
}

// Error returns a text with the position, the CID and the fault.
func (e *Error) Error() string {
	text := "car: "
	if e.CID.Defined() {
		text += e.CID.String() + " "
	}
	if e.Offset >= 0 {
		text += fmt.Sprintf("at byte %d ", e.Offset)
	}
	return fmt.Sprintf("%s: %v", text[:len(text)-1], e.Err)
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// truncated returns ErrTruncated if err says that a source ended too early, and otherwise err.
func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}
