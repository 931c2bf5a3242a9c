package syntax

import (
	"fmt"
	"strings"
)

// maxErrorInput is how many bytes of the input an Error keeps.
const maxErrorInput = 64

// Error says why a string is not of a format. It is the type of every error
// that this package returns; use [errors.As] to get at it.
type Error struct {
	Format string // the name of the format in the lexicon language, such as "at-uri"
	Input  string // the string that was checked, cut after 64 bytes
	Offset int    // where in the whole string the fault begins, in bytes
	Reason string // what is wrong there
}

// Error returns the format, the input in quotes, the reason and the offset, in
// one line.
func (e *Error) Error() string {
	return fmt.Sprintf("syntax: invalid %s %q: %s (offset %d)", e.Format, e.Input, e.Reason, e.Offset)
}

func newError(format, input string, offset int, reason string) *Error {
	if len(input) > maxErrorInput {
		// The clone lets go of the long input.
		input = strings.Clone(input[:maxErrorInput])
	}
	return &Error{Format: format, Input: input, Offset: offset, Reason: reason}
}

// parse returns s as a T if check finds no fault in it.
func parse[T ~string](s, format string, check func(string) (int, string)) (T, error) {
	if offset, reason := check(s); reason != "" {
		return "", newError(format, s, offset, reason)
	}
	return T(s), nil
}

// unmarshal sets v to text if check finds no fault in it.
func unmarshal[T ~string](v *T, text []byte, format string, check func(string) (int, string)) error {
	parsed, err := parse[T](string(text), format, check)
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}
