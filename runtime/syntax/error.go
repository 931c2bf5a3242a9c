package syntax

import (
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
)

// maxErrorInput is how many bytes of a string an Error quotes, so that an
// error neither keeps nor prints megabytes of input.
const maxErrorInput = 64

// Error says why a string is not valid in a format. Every error that this package
// returns is an *Error; use [errors.As] to find it in an error that wraps it.
type Error struct {
	Format string // the format's name in the lexicon language, such as "at-uri"
	Input  string // the string; if it is longer than 64 bytes, its beginning and an ellipsis
	Offset int    // where the fault begins, in bytes from the beginning of the string
	Reason string // what is wrong there
}

// Error returns the format, the quoted string, the reason and the offset, in
// one line.
func (e *Error) Error() string {
	return fmt.Sprintf("syntax: invalid %s %q: %s (offset %d)", e.Format, e.Input, e.Reason, e.Offset)
}

func newError(format, input string, offset int, reason string) *Error {
	// The copy does not keep the buffer in memory that the string may be a part of.
	return &Error{Format: format, Input: strings.Clone(quote.Cut(input, maxErrorInput)), Offset: offset, Reason: reason}
}

// parse returns s as a T if check finds no fault in it. check returns the offset
// of the first fault and a reason, which is empty if there is no fault; it must
// not allocate.
func parse[T ~string](s, format string, check func(string) (offset int, reason string)) (T, error) {
	if offset, reason := check(s); reason != "" {
		return "", newError(format, s, offset, reason)
	}
	return T(s), nil
}

// unmarshal sets v to text if check finds no fault in it, and otherwise leaves
// v unchanged.
func unmarshal[T ~string](v *T, text []byte, format string, check func(string) (offset int, reason string)) error {
	parsed, err := parse[T](string(text), format, check)
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}
