package lexicon

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/layers-pub/layers-go/internal/quote"
)

// Problem is an error at one place of one file.
type Problem struct {
	// File is the path of the file in the file system that it was loaded from.
	File string
	// Pointer is the JSON pointer (RFC 6901) of the place, empty for the file
	// as a whole.
	Pointer string
	// Message says what is wrong and what to do about it.
	Message string
}

// maxMessage is the length to which messages are cut, in bytes: they quote the
// document, and a quoted value may be as long as the document.
const maxMessage = 1000

// problem returns a Problem with a formatted message.
func problem(file string, pointer jsontext.Pointer, format string, args ...any) Problem {
	message := quote.Cut(fmt.Sprintf(format, args...), maxMessage)
	return Problem{File: file, Pointer: string(pointer), Message: message}
}

// Error returns the problem in one line: file, pointer and message. It escapes
// characters that are not printable, such as terminal control sequences.
func (p Problem) Error() string {
	if p.Pointer == "" {
		return printable(p.File + ": " + p.Message)
	}
	return printable(p.File + ":" + p.Pointer + ": " + p.Message)
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

// printable returns s with every character escaped that is not graphic.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strconv.IsGraphic(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return b.String()
}
