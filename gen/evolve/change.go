package evolve

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

// Verdict says whether a change follows the rules of lexicon evolution.
type Verdict int

// The verdicts, from the best to the worst.
const (
	// Fine: all data stays valid.
	Fine Verdict = iota
	// Warning: data stays valid, but something that programs may use was removed or has another meaning.
	Warning
	// Error: data or calls of one side can be invalid on the other.
	Error
)

// String returns "fine", "warning" or "error".
func (v Verdict) String() string { return [...]string{"fine", "warning", "error"}[v] }

// Change is one difference between two versions of a set of documents.
type Change struct {
	Verdict Verdict
	// NSID is the NSID of the new document, or of the old one if there is no new one.
	NSID string
	// OldNSID is the NSID that a renamed document had.
	OldNSID string
	// Pointer is the JSON pointer (RFC 6901) of the place in the new document or, if the place is not there, in the old one. It
	// is empty for the document as a whole.
	Pointer string
	// RenamedField is the old name of a field that was renamed.
	RenamedField string
	// Message says what changed and, unless the change is fine, what that breaks.
	Message string
	// Go lists the changes of the Go API, one line for each name; see [Attach].
	Go []string
}

// String returns the change in one line, without the Go API.
func (c Change) String() string {
	return c.Verdict.String() + " " + lexicon.Problem{File: c.NSID, Pointer: c.Pointer, Message: c.Message}.Error()
}

// Worst returns the worst verdict of the changes, and Fine if there are none.
func Worst(changes []Change) Verdict {
	worst := Fine
	for _, c := range changes {
		worst = max(worst, c.Verdict)
	}
	return worst
}

// Count returns how many of the changes have the verdict.
func Count(changes []Change, v Verdict) int {
	count := 0
	for _, c := range changes {
		if c.Verdict == v {
			count++
		}
	}
	return count
}

// Summary returns the numbers of changes in words, such as "1 error, 2 warnings, 3 fine".
func Summary(changes []Change) string {
	var parts []string
	for _, v := range []Verdict{Error, Warning, Fine} {
		switch n := Count(changes, v); {
		case n == 1 || n > 0 && v == Fine:
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		case n > 0:
			parts = append(parts, fmt.Sprintf("%d %ss", n, v))
		}
	}
	if parts == nil {
		return "no changes"
	}
	return strings.Join(parts, ", ")
}

func sortChanges(changes []Change) {
	slices.SortStableFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(a.NSID, b.NSID), cmp.Compare(a.Pointer, b.Pointer), cmp.Compare(a.Message, b.Message))
	})
}
