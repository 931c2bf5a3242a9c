// Package jsontext reads and writes the tokens of JSON (RFC 8259), such as strings, numbers and separators, and skips
// whole values. It checks that what it reads fits the atproto data model, which has only UTF-8 text and integers. It
// knows nothing of lexicons.
package jsontext

import (
	"strings"

	"github.com/layers-pub/layers-go/runtime/internal/input"
)

// ByteOrderMark returns the length of the UTF-8 byte order mark that s begins with, or 0 if there is none. JSON must
// not have one (RFC 8259, section 8.1), but some editors write it.
func ByteOrderMark(s string) int {
	const mark = "\uFEFF"
	if strings.HasPrefix(s, mark) {
		return len(mark)
	}
	return 0
}

// Space moves to the next byte that is not white space, and returns it, or 0 at the end of the input.
func Space(in *input.Input) byte {
	if in.At < len(in.Data) && in.Data[in.At] > ' ' {
		return in.Data[in.At]
	}
	return spaceSlow(in)
}

func spaceSlow(in *input.Input) byte {
	for ; in.At < len(in.Data); in.At++ {
		switch c := in.Data[in.At]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

// Colon moves past the colon after a key.
func Colon(in *input.Input) {
	if in.At < len(in.Data) && in.Data[in.At] == ':' {
		in.At++
	} else if Space(in) == ':' {
		in.At++
	} else {
		in.Fail("expected : after a key")
	}
}

// NextKey moves to the opening quote of an object's next key, and past the comma before it unless it is the first key.
// It returns false at the object's end, past which it moves, and if reading fails.
func NextKey(in *input.Input, first bool) bool {
	next := Space(in)
	if next == '}' {
		in.At++
		return false
	}
	if !first {
		if next != ',' {
			in.Fail("expected , or } in an object")
			return false
		}
		in.At++
		next = Space(in)
	}
	if next != '"' {
		in.Fail("expected a key")
		return false
	}
	if in.At >= in.Check {
		if in.Poll(); in.Dead {
			return false
		}
	}
	return true
}

// NextItem moves to an array's next item, and past the comma before it unless it is the first item. It returns false at
// the array's end, past which it moves, and if reading fails.
func NextItem(in *input.Input, first bool) bool {
	c := Space(in)
	if c == ']' {
		in.At++
		return false
	}
	if !first {
		if c != ',' {
			in.Fail("expected , or ] in an array")
		} else {
			in.At++
			Space(in)
		}
	}
	return !in.Dead
}

// Bool reads a boolean. It returns false for ok, and does not move, if the next value is not one. The caller has skipped the
// white space before it.
func Bool(in *input.Input) (value, ok bool) {
	switch rest := in.Str[in.At:]; {
	case strings.HasPrefix(rest, "true"):
		in.At += len("true")
		return true, true
	case strings.HasPrefix(rest, "false"):
		in.At += len("false")
		return false, true
	}
	return false, false
}

// Null moves past the next value if it is null, and reports whether it was.
func Null(in *input.Input) bool {
	if Space(in) == 'n' && strings.HasPrefix(in.Str[in.At:], "null") {
		in.At += len("null")
		return true
	}
	return false
}
