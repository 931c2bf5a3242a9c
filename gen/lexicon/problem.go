package lexicon

import (
	"cmp"
	"slices"
	"strings"
)

// Problem is something wrong in one place of one file.
type Problem struct {
	// File is the path of the file, as the loader was given it.
	File string
	// Pointer is the JSON pointer (RFC 6901) of the place, empty for the file
	// as a whole.
	Pointer string
	// Message says what is wrong and what to do about it.
	Message string
}

// Error returns the problem in one line: file, pointer and message.
func (p Problem) Error() string {
	if p.Pointer == "" {
		return p.File + ": " + p.Message
	}
	return p.File + ":" + p.Pointer + ": " + p.Message
}

// Problems is the error of a run that found at least one problem. It lists
// all of them, sorted by file, pointer and message.
type Problems []Problem

// Error returns every problem, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// sorted returns the problems in order and without repetition.
func (p Problems) sorted() Problems {
	slices.SortFunc(p, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File),
			cmp.Compare(a.Pointer, b.Pointer),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.Compact(p)
}
