// Package issue describes what is wrong with a value of the atproto data model: which rule of its lexicon or of the data
// model it breaks, and where.
//
//	err := lex.DecodeCBOR(block, &record)
//	for _, problem := range issue.Of(err) {
//		fmt.Println(problem.Path, problem.Rule, problem.Message())
//	}
package issue

import (
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
)

// Rule is the name of a rule that a value breaks. The names of constraints are those of the lexicon language.
type Rule string

// The rules that a value can break. RuleSyntax is for input that is not a well-formed value of the data model: broken or non-canonical
// DAG-CBOR, broken JSON, text that is not UTF-8, duplicate keys, or values nested too deep. RuleCID is for a record
// whose bytes do not match the CID that came with them. RuleMemory is for a value that takes more memory than its limit
// allows; decoding stopped before its end.
const (
	RuleRequired     Rule = "required"
	RuleType         Rule = "type"
	RuleMinLength    Rule = "minLength"
	RuleMaxLength    Rule = "maxLength"
	RuleMinGraphemes Rule = "minGraphemes"
	RuleMaxGraphemes Rule = "maxGraphemes"
	RuleMinimum      Rule = "minimum"
	RuleMaximum      Rule = "maximum"
	RuleEnum         Rule = "enum"
	RuleConst        Rule = "const"
	RuleFormat       Rule = "format"
	RuleUnion        Rule = "union"
	RuleBlob         Rule = "blob"
	RuleSyntax       Rule = "syntax"
	RuleCID          Rule = "cid"
	RuleMemory       Rule = "memory"
)

// Issue says that one value, at one place in the input, breaks one rule.
type Issue struct {
	// Path is a JSON pointer (RFC 6901) to the value, or, for RuleRequired, to the missing field. A "…" in it shows where
	// it was shortened: a key is cut after 128 bytes, and the middle of a path of more than 1,024 bytes is left out.
	// Offset is always exact.
	Path string
	// Rule is the rule that is broken.
	Rule Rule
	// Limit and Got are set for the rules about lengths and ranges: what the lexicon allows, and
	// what was found (a number of bytes, graphemes or items, or the integer itself).
	Limit, Got int64
	// Want says, for the other rules, what was expected (a type, a format, a constant) or what is wrong. For RuleCID it
	// is the expected CID.
	Want string
	// Found is the start of the offending value for RuleFormat, RuleEnum, RuleConst and some issues of RuleUnion. For
	// RuleCID it is the CID of the bytes.
	Found string
	// Offset is where the value (or, for RuleRequired, the object that lacks it) starts in the bytes
	// that were decoded.
	Offset int
}

// Message returns a text that says what is wrong, without the path.
func (i Issue) Message() string {
	switch i.Rule {
	case RuleRequired:
		return "required field is missing"
	case RuleType:
		return "not " + quote.Article(i.Want)
	case RuleMinLength:
		return fmt.Sprintf("length %d is below the minimum of %d", i.Got, i.Limit)
	case RuleMaxLength:
		return fmt.Sprintf("length %d is over the maximum of %d", i.Got, i.Limit)
	case RuleMinGraphemes:
		return fmt.Sprintf("%d graphemes are below the minimum of %d", i.Got, i.Limit)
	case RuleMaxGraphemes:
		return fmt.Sprintf("%d graphemes are over the maximum of %d", i.Got, i.Limit)
	case RuleMinimum:
		return fmt.Sprintf("%d is below the minimum of %d", i.Got, i.Limit)
	case RuleMaximum:
		return fmt.Sprintf("%d is over the maximum of %d", i.Got, i.Limit)
	case RuleEnum:
		return fmt.Sprintf("%s is not one of %s", i.Found, i.Want)
	case RuleConst:
		return fmt.Sprintf("%s is not %s", i.Found, i.Want)
	case RuleFormat:
		return fmt.Sprintf("%s is not a valid %s", i.Found, i.Want)
	case RuleCID:
		return fmt.Sprintf("the bytes have the CID %s, not %s", i.Found, i.Want)
	case RuleSyntax:
		return fmt.Sprintf("%s at byte %d", i.Want, i.Offset)
	default: // RuleUnion, RuleBlob, RuleMemory
		return i.Want
	}
}

// String returns the path, the rule and the message.
func (i Issue) String() string {
	path := i.Path
	if path == "" {
		path = "(root)"
	}
	return path + ": " + string(i.Rule) + ": " + i.Message()
}

// Error is the error that decoding and validating return for a value that has issues.
// The decoded value is still usable.
type Error struct {
	// Issues lists the issues, sorted by Offset.
	Issues []Issue
	// Truncated is true if decoding stopped at its limit of issues, so that there may be more issues.
	Truncated bool
}

// Error returns a text with the first three issues and how many more there are.
func (e *Error) Error() string {
	text := "lex: " + Summary(e.Issues)
	if e.Truncated {
		text += "; decoding stopped there"
	}
	return text
}

// Summary returns a text with the first three of the issues and how many more there are.
func Summary(issues []Issue) string {
	const shown = 3
	var b strings.Builder
	for i, issue := range issues[:min(len(issues), shown)] {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(issue.String())
	}
	if more := len(issues) - shown; more > 0 {
		fmt.Fprintf(&b, "; and %d more", more)
	}
	return b.String()
}

// Of returns the issues of an [*Error], or nil if err is nil. It returns any other error, even one that wraps an
// *Error, as one issue of [RuleSyntax].
func Of(err error) []Issue {
	switch err := err.(type) {
	case nil:
		return nil
	case *Error:
		return err.Issues
	}
	return []Issue{{Rule: RuleSyntax, Want: err.Error()}}
}
