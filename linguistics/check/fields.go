package check

import (
	"reflect"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
)

// fields returns a visitor that checks the rules for the fields of all types: RuleUnknownField, RuleEmpty and
// RuleMisspelt.
func (r *report) fields() *visitor {
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
			if meant, found := near(v.String(), valuesOf(v)); found {
				r.add(p, RuleMisspelt, "%s is not a known value; %s is", quote.Text(v.String(), 64), quote.Text(meant, 64))
			}
		},
	}
}

// known is implemented by the types of strings with known values. They also have a method Known, which returns the
// values in a slice of their own type.
type known interface{ IsKnown() bool }

// valuesOf returns the known values of the type of v, which implements known.
func valuesOf(v reflect.Value) []string {
	list := v.MethodByName("Known").Call(nil)[0]
	values := make([]string, list.Len())
	for i := range values {
		values[i] = list.Index(i).String()
	}
	return values
}

// near returns the one of values that s may be a misspelling of: it differs from s in case or in the characters between
// its words, or, if s has at least four bytes, by one edit (see [oneEdit]).
func near(s string, values []string) (string, bool) {
	words := kebab(s)
	letters := strings.ReplaceAll(words, "-", "")
	for _, value := range values {
		if strings.ReplaceAll(kebab(value), "-", "") == letters {
			return value, true
		}
	}
	for _, form := range []string{words, strings.ToLower(s)} {
		if len(form) < 4 {
			continue // most short texts are close to each other
		}
		for _, value := range values {
			if oneEdit(form, value) {
				return value, true
			}
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

// oneEdit reports whether a and b differ by one edit: one of them has one byte more, one byte differs, or two adjacent
// bytes are swapped.
func oneEdit(a, b string) bool {
	start := 0
	for start < min(len(a), len(b)) && a[start] == b[start] {
		start++
	}
	a, b = a[start:], b[start:]
	switch {
	case len(a) == len(b)+1:
		return a[1:] == b
	case len(b) == len(a)+1:
		return b[1:] == a
	case len(a) != len(b) || a == "":
		return false
	}
	return a[1:] == b[1:] || len(a) > 1 && a[0] == b[1] && a[1] == b[0] && a[2:] == b[2:]
}
