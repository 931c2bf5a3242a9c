package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Rule is what a record does not follow.
type Rule string

// The rules.
const (
	// RuleEmpty: a required string is empty.
	RuleEmpty Rule = "empty"
	// RuleMisspelt: a value is not known, but differs from a known one by one letter, by case, or by what stands between
	// its words.
	RuleMisspelt Rule = "misspelt"
	// RuleUnknownField: the lexicon does not name the field.
	RuleUnknownField Rule = "unknown-field"
	// RuleSpan: a span ends before it begins, is outside its text, begins or ends within a character, or is not the text
	// that the record says it is.
	RuleSpan Rule = "span"
	// RuleToken: a token's index is not its place, or an index is not that of a token.
	RuleToken Rule = "token"
	// RuleCycle: the heads of a dependency tree form a cycle.
	RuleCycle Rule = "cycle"
	// RuleReference: a record that is referred to is not there, or an object in it is not.
	RuleReference Rule = "reference"
	// RuleUUID: two objects of a record have the same UUID.
	RuleUUID Rule = "uuid"
)

// Warning is one thing that is probably wrong.
type Warning struct {
	URI syntax.ATURI
	// Path is a JSON pointer (RFC 6901) to the value.
	Path string
	Rule Rule
	// Message says what is wrong.
	Message string
}

// String returns a text with all fields.
func (w Warning) String() string {
	return fmt.Sprintf("%s%s: %s: %s", w.URI, w.Path, w.Rule, w.Message)
}

// maxWarnings is how many warnings a record has at most.
const maxWarnings = 1000

// report collects the warnings about one record.
type report struct {
	uri      syntax.ATURI
	warnings []Warning
}

func (r *report) add(path string, rule Rule, format string, args ...any) {
	if len(r.warnings) < maxWarnings {
		r.warnings = append(r.warnings, Warning{r.uri, path, rule, fmt.Sprintf(format, args...)})
	}
}

// Record returns what is probably wrong with a record on its own, up to 1,000 warnings, in the order of the fields. It is
// safe for concurrent use.
func Record(uri syntax.ATURI, record lex.Record) []Warning {
	r := &report{uri: uri}
	r.fields(record)
	r.inside(record)
	slices.SortStableFunc(r.warnings, func(a, b Warning) int { return cmp.Compare(a.Path, b.Path) })
	return r.warnings
}
