package car

import (
	"errors"
	"fmt"
	"io"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// What can be wrong with an archive. Each error of this package that is about an archive's content is
// an [*Error] and wraps one of them, for [errors.Is].
var (
	// ErrHeader says that the archive does not begin with a header of CAR version 1 or 2, or that a
	// root in it is not a CID of the AT Protocol.
	ErrHeader = errors.New("bad header")
	// ErrSection says that a section is malformed: its length, or the CID in front of its block.
	ErrSection = errors.New("bad section")
	// ErrTruncated says that the archive ends in the middle of something.
	ErrTruncated = errors.New("archive cut short")
	// ErrTooLarge says that a size or a count is above its limit.
	ErrTooLarge = errors.New("too large")
	// ErrHash says that the bytes of a block are not those that its CID was computed from.
	ErrHash = errors.New("block does not match its CID")
	// ErrNotFound says that the archive has no block of the wanted CID.
	ErrNotFound = errors.New("block not in the archive")
)

// Error says what is wrong with an archive, and where.
type Error struct {
	// Offset is the position of what is at fault, a byte of a header, a section or a block, in bytes from the
	// beginning of the archive; -1 if it has none, as a block that is not there.
	Offset int64
	// CID is that of the block at fault; undefined if the fault is not with a block.
	CID lex.CID
	// Err is the fault. It wraps one of the errors above, or is what reading the source returned.
	Err error
}

// Error returns a text that has the position, the CID and the fault.
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

// truncated returns err, or ErrTruncated if it says that a source ended too early.
func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}
