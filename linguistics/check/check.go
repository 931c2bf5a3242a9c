package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The rules that warnings name.
const (
	// RuleEmpty: a required string is empty.
	RuleEmpty issue.Rule = "empty"
	// RuleMisspelt: a value is not known, but differs from a known value only by one letter, by case, or by the
	// separators between its words.
	RuleMisspelt issue.Rule = "misspelt"
	// RuleUnknownField: the lexicon does not define the field.
	RuleUnknownField issue.Rule = "unknown-field"
	// RuleSpan: a span ends before it begins, is outside its text or recording, begins or ends within a character, or
	// has a text other than the one in the record.
	RuleSpan issue.Rule = "span"
	// RuleAnchor: an anchor names no place.
	RuleAnchor issue.Rule = "anchor"
	// RuleToken: a token's tokenIndex is not its position, tokens are not in the order of the text, or a field refers
	// to a token by an index that no token has.
	RuleToken issue.Rule = "token"
	// RuleCycle: the heads of a basic dependency tree, or the parents of annotations or records, form a cycle.
	RuleCycle issue.Rule = "cycle"
	// RuleHeads: a token of a basic dependency tree has two heads.
	RuleHeads issue.Rule = "heads"
	// RuleReference: a referenced record or object does not exist, or a reference is empty or ambiguous.
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

// maxWarnings is the most warnings that are reported for one record.
const maxWarnings = 1000

// report collects the warnings about one record.
type report struct{ warnings []issue.Issue }

func (r *report) add(p *path, rule issue.Rule, format string, args ...any) {
	if len(r.warnings) < maxWarnings {
		r.warnings = append(r.warnings, issue.Issue{Path: p.String(), Rule: rule, Want: fmt.Sprintf(format, args...)})
	}
}

// Record checks a record by itself, and returns up to 1,000 warnings, in the order of their paths. It is safe for
// concurrent use.
//
// It can be used as a write.Check:
//
//	ref, err := write.Create(ctx, client, record, &write.CreateOptions{Lookup: records.Lookup, Check: check.Record})
func Record(record lex.Record) []issue.Issue {
	r := &report{}
	visit, end := r.inside(record)
	walk(record, r.fields(), visit)
	end()
	r.sort()
	return r.warnings
}

func (r *report) sort() {
	slices.SortStableFunc(r.warnings, func(a, b issue.Issue) int { return cmp.Compare(a.Path, b.Path) })
}
