package issue_test

import (
	"errors"
	"testing"

	"github.com/layers-pub/layers-go/runtime/issue"
)

func TestMessage(t *testing.T) {
	for _, test := range []struct {
		issue issue.Issue
		want  string
	}{
		{issue.Issue{Rule: issue.RuleRequired}, "required field is missing"},
		{issue.Issue{Rule: issue.RuleType, Want: "object"}, "not an object"},
		{issue.Issue{Rule: issue.RuleType, Want: "string"}, "not a string"},
		{issue.Issue{Rule: issue.RuleMinLength, Limit: 2, Got: 1}, "length 1 is below the minimum of 2"},
		{issue.Issue{Rule: issue.RuleMaxLength, Limit: 2, Got: 3}, "length 3 is over the maximum of 2"},
		{issue.Issue{Rule: issue.RuleMinGraphemes, Limit: 2, Got: 1}, "1 graphemes are below the minimum of 2"},
		{issue.Issue{Rule: issue.RuleMaxGraphemes, Limit: 2, Got: 3}, "3 graphemes are over the maximum of 2"},
		{issue.Issue{Rule: issue.RuleMinimum, Limit: 2, Got: -1}, "-1 is below the minimum of 2"},
		{issue.Issue{Rule: issue.RuleMaximum, Limit: 2, Got: 3}, "3 is over the maximum of 2"},
		{issue.Issue{Rule: issue.RuleEnum, Found: `"c"`, Want: "a, b"}, `"c" is not one of a, b`},
		{issue.Issue{Rule: issue.RuleConst, Found: "1", Want: "2"}, "1 is not 2"},
		{issue.Issue{Rule: issue.RuleFormat, Found: `"x"`, Want: "did"}, `"x" is not a valid did`},
		{issue.Issue{Rule: issue.RuleCID, Found: "bafya", Want: "bafyb"}, "the bytes have the CID bafya, not bafyb"},
		{issue.Issue{Rule: issue.RuleSyntax, Want: "unexpected end", Offset: 7}, "unexpected end at byte 7"},
		{issue.Issue{Rule: issue.RuleMemory, Want: "too much"}, "too much"},
	} {
		if got := test.issue.Message(); got != test.want {
			t.Errorf("%s: %q, want %q", test.issue.Rule, got, test.want)
		}
	}
}

func TestError(t *testing.T) {
	one := issue.Issue{Path: "/a", Rule: issue.RuleRequired}
	root := issue.Issue{Rule: issue.RuleType, Want: "object"}
	for _, test := range []struct {
		err  issue.Error
		want string
	}{
		{issue.Error{Issues: []issue.Issue{root}}, "lex: (root): type: not an object"},
		{issue.Error{Issues: []issue.Issue{one, root}, Truncated: true},
			"lex: /a: required: required field is missing; (root): type: not an object; decoding stopped there"},
		{issue.Error{Issues: []issue.Issue{root, root, root, one, one}},
			"lex: (root): type: not an object; (root): type: not an object; (root): type: not an object; and 2 more"},
	} {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
		if got := issue.Of(&test.err); len(got) != len(test.err.Issues) {
			t.Errorf("Of = %v", got)
		}
	}
	if got := issue.Of(nil); got != nil {
		t.Errorf("Of(nil) = %v", got)
	}
	if got := issue.Of(errors.New("x")); len(got) != 1 || got[0].Rule != issue.RuleSyntax || got[0].Want != "x" {
		t.Errorf("Of = %v", got)
	}
}
