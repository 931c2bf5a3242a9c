package check

import (
	"reflect"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
)

// fields returns what checks the rules that hold for the fields of all types.
func (r *report) fields() *visitor {
	guesses := 0
	return &visitor{
		unknown: func(p *path) { r.add(p, RuleUnknownField, "the lexicon has no field of this name") },
		text: func(v reflect.Value, required bool, p *path) {
			if required && v.Len() == 0 {
				r.add(p, RuleEmpty, "a required text is empty")
				return
			}
			value, ok := v.Interface().(known)
			if !ok || v.Len() == 0 || v.Len() > 64 || value.IsKnown() {
				return
			}
			if guesses++; guesses > maxGuesses {
				return
			}
			try := func(s string) bool {
				return s != v.String() && reflect.ValueOf(s).Convert(v.Type()).Interface().(known).IsKnown()
			}
			if meant, found := near(v.String(), try); found {
				r.add(p, RuleMisspelt, "%s is not a known value; %s is", quote.Text(v.String(), 64), quote.Text(meant, 64))
			}
		},
	}
}

// known is implemented by the types of strings with known values.
type known interface{ IsKnown() bool }

// maxGuesses is for how many values of a record the known value that may be meant is looked for.
const maxGuesses = 100

// near returns a text that known accepts: s in other case or with other characters between its words, or, if it is long
// enough, with one letter more, less, other, or in the place of its neighbour. Types do not list their known values, so
// it tries all of these.
func near(s string, known func(string) bool) (string, bool) {
	plain := kebab(s)
	for _, form := range []string{plain, strings.ReplaceAll(plain, "-", ""), strings.ToLower(s), strings.ToUpper(s), strings.ToUpper(plain)} {
		if known(form) {
			return form, true
		}
	}
	for _, base := range []string{plain, strings.ToLower(s)} {
		if len(base) < 4 {
			continue // most short texts are close to each other
		}
		if form, found := edited(base, known); found {
			return form, true
		}
	}
	return "", false
}

// kebab returns s as known values are written: in lower case, with hyphens between its words.
func kebab(s string) string {
	var b strings.Builder
	small := false // the last character is a small letter or a digit
	for _, c := range strings.TrimSpace(s) {
		switch {
		case c == '_' || c == ' ' || c == '.' || c == '-':
			c = '-'
			small = false
		case 'A' <= c && c <= 'Z':
			if small {
				b.WriteByte('-')
			}
			small = false
		default:
			small = true
		}
		b.WriteRune(c)
	}
	return strings.ToLower(b.String())
}

// edited returns a text that known accepts and that differs from s by one edit.
func edited(s string, known func(string) bool) (string, bool) {
	const letters = "abcdefghijklmnopqrstuvwxyz-0123456789"
	for i := range len(s) + 1 {
		before, after := s[:i], s[i:]
		if after != "" && known(before+after[1:]) {
			return before + after[1:], true
		}
		if len(after) > 1 {
			if swapped := before + after[1:2] + after[:1] + after[2:]; known(swapped) {
				return swapped, true
			}
		}
		for _, c := range letters {
			if with := before + string(c) + after; known(with) {
				return with, true
			}
			if after != "" {
				if with := before + string(c) + after[1:]; known(with) {
					return with, true
				}
			}
		}
	}
	return "", false
}
