// Package prose converts the descriptions in lexicons to sentences for Go comments.
//
//	text, ok := prose.Predicate("A named set of expressions") // "is a named set of expressions", true
package prose

import (
	"regexp"
	"strings"
	"unicode"
)

// Plain returns s on one line, without characters that do not belong in Go source: control and format
// characters, and bytes that are not UTF-8.
func Plain(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsGraphic(r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// Sentence returns s with a full stop, unless s is empty or already ends in a punctuation mark.
func Sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?:;") {
		return s
	}
	return s + "."
}

// UpperFirst returns s with its first letter in upper case.
func UpperFirst(s string) string {
	for _, r := range s {
		return string(unicode.ToUpper(r)) + s[len(string(r)):]
	}
	return s
}

var (
	deprecation    = regexp.MustCompile(`(^|[.!?;] |-- |[([])(?i:deprecated)\b[\s:;,.)\]-]*`)
	deprecationEnd = regexp.MustCompile(`[.] | -- `)
)

// SplitDeprecated takes the sentence that starts with "Deprecated" out of a description. A note with no
// further text becomes "the lexicon says so".
func SplitDeprecated(description string) (rest, note string) {
	at := deprecation.FindStringSubmatchIndex(description)
	if at == nil {
		return description, ""
	}
	before, note := description[:at[3]], description[at[1]:]
	after := ""
	if end := deprecationEnd.FindStringIndex(note); end != nil {
		note, after = note[:end[0]], note[end[1]:]
	}
	rest = strings.TrimRight(before, " -([") + " " + UpperFirst(after)
	if note == "" {
		note = "the lexicon says so"
	}
	return strings.TrimSpace(rest), note
}

var (
	// The words and endings by which Predicate recognizes how a description begins.
	articles      = words("a an the one")
	groups        = words("all many multiple several")
	questions     = words("how what who where which whether")
	verbs         = words("contains declares defines describes groups identifies indicates lists marks represents specifies ties")
	objects       = words("a an the one what how who which whether at all each every several")
	prepositions  = words("of that for in with to which between around about from")
	massNouns     = words("amount content count data information list metadata number provenance set state status")
	unlikelyNouns = regexp.MustCompile(`(able|ed|ible|ic|ing|ive|ly)$`)
	pluralOrVerb  = regexp.MustCompile(`[^ius]s$`)
)

// words returns the set of the words in a text.
func words(text string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range strings.Fields(text) {
		set[word] = true
	}
	return set
}

// Predicate turns a description into what follows the name of the thing in a sentence: "A set of texts" becomes
// "is a set of texts", and "Puts one entry in a collection" only loses its capital. It reports false for a
// description whose first words it does not recognize.
func Predicate(description string) (string, bool) {
	list := strings.SplitN(description, " ", 4)
	if len(list) < 4 || strings.ContainsFunc(list[0][1:], func(r rune) bool { return !unicode.IsLower(r) }) {
		return "", false
	}
	first := strings.ToLower(list[0])
	rest := first + description[len(list[0]):]
	noun := list[0]
	switch {
	case articles[first]:
		return "is " + rest, true
	case groups[first]:
		return "holds " + rest, true
	case questions[first]:
		return "says " + rest, true
	case prepositions[list[1]] && !unlikelyNouns.MatchString(first):
	case pluralOrVerb.MatchString(first) && (objects[list[1]] || verbs[first]):
		return rest, true
	case prepositions[list[2]] && !pluralOrVerb.MatchString(first) && !unlikelyNouns.MatchString(list[1]):
		noun = list[1]
	default:
		return "", false
	}
	switch {
	case pluralOrVerb.MatchString(noun):
		return "holds the " + rest, true
	case massNouns[strings.ToLower(noun)]:
		return "is the " + rest, true
	case strings.ContainsRune("aeio", rune(first[0])):
		return "is an " + rest, true
	}
	return "is a " + rest, true
}
