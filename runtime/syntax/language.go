package syntax

import "strings"

// Language is a language tag, such as "ja", "pt-BR" or "hy-Latn-IT-arevela". It
// is the lexicon format "language".
//
// A tag must be well-formed in the sense of RFC 5646, section 2.1. Whether its
// subtags are registered or repeated is not checked. In one respect the protocol
// is stricter than the RFC: the language must be two or three letters in lower
// case.
//
// Specification: https://atproto.com/specs/lexicon#language
type Language string

// ParseLanguage returns s as a Language, unchanged. The error is an [*Error]
// with the format "language".
func ParseLanguage(s string) (Language, error) {
	return parse[Language](s, "language", checkLanguage)
}

// ValidLanguage reports whether [ParseLanguage] would accept s. It does not
// allocate.
func ValidLanguage(s string) bool {
	_, reason := checkLanguage(s)
	return reason == ""
}

// String returns the text of l.
func (l Language) String() string {
	return string(l)
}

// MarshalText returns the text of l, without checking it. The error is
// always nil.
func (l Language) MarshalText() ([]byte, error) {
	return []byte(l), nil
}

// UnmarshalText sets l to text, if [ParseLanguage] accepts it. Otherwise it
// returns the error of ParseLanguage and leaves l unchanged.
func (l *Language) UnmarshalText(text []byte) error {
	return unmarshal(l, text, "language", checkLanguage)
}

// The parts of a language tag, in the order in which they may occur.
const (
	partLanguage = iota
	partScript
	partRegion
	partVariant
	partExtension
)

func checkLanguage(s string) (offset int, reason string) {
	offset, reason = checkLanguageTag(s)
	if reason != "" && isIrregularLanguage(s) {
		return 0, ""
	}
	return offset, reason
}

func checkLanguageTag(s string) (offset int, reason string) {
	if len(s) > 1 && s[0]|0x20 == 'x' && s[1] == '-' {
		return checkPrivateUse(s, 1)
	}
	end := 0 // of the subtag: that of s, or a hyphen
	for end < len(s) && isLower(s[end]) {
		end++
	}
	if end < len(s) && classes[s[end]]&labelByte == 0 {
		return end, "language tag has a character other than letters, digits and hyphens"
	}
	if end != 2 && end != 3 || end < len(s) && s[end] != '-' {
		return 0, "language is not two or three lower-case letters"
	}
	part := partLanguage
	extendedLanguages := 0
	extensionIsEmpty := false
	for end < len(s) {
		start := end + 1
		end, offset, reason = languageSubtag(s, start)
		if reason != "" {
			return offset, reason
		}
		subtag := s[start:end]
		switch length := len(subtag); {
		case length == 1 && extensionIsEmpty:
			return start, "extension of the language tag is empty"
		case length == 1 && subtag[0]|0x20 == 'x':
			return checkPrivateUse(s, end)
		case length == 1:
			part = partExtension
			extensionIsEmpty = true
		case part == partExtension:
			extensionIsEmpty = false
		case length == 3 && part == partLanguage && extendedLanguages < 3 && areLetters(subtag):
			extendedLanguages++
		case length == 4 && part < partScript && areLetters(subtag):
			part = partScript
		case length == 2 && part < partRegion && areLetters(subtag),
			length == 3 && part < partRegion && areDigits(subtag):
			part = partRegion
		case length >= 5, length == 4 && isDigit(subtag[0]):
			part = partVariant
		default:
			return start, "subtag of the language tag is not allowed at its position"
		}
	}
	if extensionIsEmpty {
		return len(s), "extension of the language tag is empty"
	}
	return 0, ""
}

// checkPrivateUse checks the private use subtags of s. end is the offset after
// the letter x that precedes them.
func checkPrivateUse(s string, end int) (offset int, reason string) {
	if end == len(s) {
		return end, "private use part of the language tag is empty"
	}
	for end < len(s) {
		end, offset, reason = languageSubtag(s, end+1)
		if reason != "" {
			return offset, reason
		}
	}
	return 0, ""
}

// languageSubtag finds the end of the subtag that begins at start, and checks
// the rules that apply to all subtags.
func languageSubtag(s string, start int) (end, offset int, reason string) {
	end = skip(s, start, alnumByte)
	switch {
	case end < len(s) && s[end] != '-':
		return end, end, "language tag has a character other than letters, digits and hyphens"
	case end == start:
		return end, start, "subtag of the language tag is empty"
	case end-start > 8:
		return end, start + 8, "subtag of the language tag is longer than 8 characters"
	}
	return end, 0, ""
}

// isIrregularLanguage reports whether s is one of the tags that do not follow
// the grammar but are valid because they are older than it.
func isIrregularLanguage(s string) bool {
	var lower [len("i-enochian")]byte
	if len(s) > len(lower) {
		return false
	}
	copy(lower[:], s)
	// All but the language may be in upper case.
	for i := max(strings.IndexByte(s, '-'), 0); i < len(s); i++ {
		if s[i]-'A' < 26 {
			lower[i] |= 0x20
		}
	}
	switch string(lower[:len(s)]) {
	case "en-gb-oed", "i-ami", "i-bnn", "i-default", "i-enochian", "i-hak", "i-klingon", "i-lux",
		"i-mingo", "i-navajo", "i-pwn", "i-tao", "i-tay", "i-tsu", "sgn-be-fr", "sgn-be-nl", "sgn-ch-de":
		return true
	}
	return false
}

func areLetters(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isLetter(s[i]) {
			return false
		}
	}
	return true
}

func areDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}
