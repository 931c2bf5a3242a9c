package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The rules.
const (
	// RuleEmpty: a required string is empty.
	RuleEmpty issue.Rule = "empty"
	// RuleMisspelt: a value is not known, but differs from a known one by one letter, by case, or by what stands between
	// its words.
	RuleMisspelt issue.Rule = "misspelt"
	// RuleUnknownField: the lexicon does not name the field.
	RuleUnknownField issue.Rule = "unknown-field"
	// RuleSpan: a span ends before it begins, is outside its text, begins or ends within a character, or is not the text
	// that the record says it is.
	RuleSpan issue.Rule = "span"
	// RuleToken: a token's index is not its place, or an index is not that of a token.
	RuleToken issue.Rule = "token"
	// RuleCycle: the heads of a dependency tree form a cycle.
	RuleCycle issue.Rule = "cycle"
	// RuleReference: a record that is referred to is not there, or an object in it is not.
	RuleReference issue.Rule = "reference"
	// RuleUUID: two objects of a record have the same UUID.
	RuleUUID issue.Rule = "uuid"
)

// Warning is one thing that is probably wrong with a record of a set.
type Warning struct {
	URI syntax.ATURI
	issue.Issue
}

// String returns a text with all fields.
func (w Warning) String() string {
	return fmt.Sprintf("%s%s: %s: %s", w.URI, w.Path, w.Rule, w.Message())
}

// maxWarnings is how many warnings a record has at most.
const maxWarnings = 1000

// report collects the warnings about one record.
type report struct{ warnings []issue.Issue }

func (r *report) add(path string, rule issue.Rule, format string, args ...any) {
	if len(r.warnings) < maxWarnings {
		r.warnings = append(r.warnings, issue.Issue{Path: path, Rule: rule, Want: fmt.Sprintf(format, args...)})
	}
}

// Record returns what is probably wrong with a record on its own, up to 1,000 warnings, in the order of their paths. The
// rules are those of this package. It is safe for concurrent use.
//
// It has the form that packages write and batch call a check:
//
//	ref, err := write.Create(ctx, client, record, &write.CreateOptions{Lookup: records.Lookup, Check: check.Record})
func Record(record lex.Record) []issue.Issue {
	r := &report{}
	r.fields(record)
	r.inside(record)
	slices.SortStableFunc(r.warnings, func(a, b issue.Issue) int { return cmp.Compare(a.Path, b.Path) })
	return r.warnings
}
