package lex

import (
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/internal/graphemes"
	"github.com/layers-pub/layers-go/runtime/issue"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// StringRules are the constraints of a string that [Decoder.String] does not cover. A zero member
// constrains nothing.
type StringRules struct {
	// MinLength and MaxLength count bytes of UTF-8.
	MinLength, MaxLength int
	// MinGraphemes and MaxGraphemes count extended grapheme clusters (Unicode Standard Annex 29).
	MinGraphemes, MaxGraphemes int
	// Format is the string's format, if it has one.
	Format syntax.Format
	// Enum lists the values that are allowed.
	Enum []string
	// Const says that the lexicon declares a constant; Enum then holds just that.
	Const bool
}

// StringWith reads a string, and reports it if it breaks r.
func (d *Decoder) StringWith(r *StringRules) string {
	at := d.r.At
	s, ok := d.r.Text()
	if !ok {
		return ""
	}
	if !r.Format.Valid(s) {
		if s = d.malformed(at, r.Format, s); d.r.Optional {
			return ""
		}
	}
	if len(s) < r.MinLength {
		d.r.ReportLimit(at, issue.RuleMinLength, int64(r.MinLength), int64(len(s)))
	}
	if r.MaxLength > 0 && len(s) > r.MaxLength {
		d.r.ReportLimit(at, issue.RuleMaxLength, int64(r.MaxLength), int64(len(s)))
	}
	d.checkGraphemes(at, s, r)
	if r.Enum != nil && !slices.Contains(r.Enum, s) {
		if r.Const {
			d.reportConst(at, excerpt(s), excerpt(r.Enum[0]))
		} else {
			found := d.r.Report(at, issue.RuleEnum)
			found.Found, found.Want = excerpt(s), strings.Join(r.Enum, ", ")
		}
	}
	return d.r.Keep(s)
}

// checkGraphemes reports s if it has fewer or more graphemes than r allows. It does not count them where the number of
// bytes shows that s is within the limits: a grapheme is at least one byte.
func (d *Decoder) checkGraphemes(at int, s string, r *StringRules) {
	tooShort := r.MinGraphemes > 0
	tooLong := r.MaxGraphemes > 0 && len(s) > r.MaxGraphemes
	if !tooShort && !tooLong {
		return
	}
	n := graphemes.Count(s)
	if tooShort && n < r.MinGraphemes {
		d.r.ReportLimit(at, issue.RuleMinGraphemes, int64(r.MinGraphemes), int64(n))
	}
	if tooLong && n > r.MaxGraphemes {
		d.r.ReportLimit(at, issue.RuleMaxGraphemes, int64(r.MaxGraphemes), int64(n))
	}
}

// IsKnown reports whether v is one of the known values of its type. It implements the method IsKnown of generated types.
func IsKnown[T interface {
	~string
	Known() []T
}](v T) bool {
	return slices.Contains(v.Known(), v)
}
