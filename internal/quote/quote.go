// Package quote prepares untrusted text, such as a server's response, for messages: shortened, as valid UTF-8, and
// without characters that control a terminal.
//
//	return fmt.Errorf("unknown type %s", quote.Text(typ, 64))
package quote

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// ellipsis marks the end of a text that was cut off.
const ellipsis = "…"

// Text returns s in double quotes. Control characters, invisible characters and invalid UTF-8 are escaped as in Go
// source. If s is longer than limit bytes, Text returns its beginning, with an ellipsis after the quotes.
func Text[T ~string | ~[]byte](s T, limit int) string {
	if n := whole(s, limit); n < len(s) {
		return strconv.Quote(string(s[:n])) + ellipsis
	}
	return strconv.Quote(string(s))
}

// Message returns s unchanged if it has at most limit bytes and all of its characters are printable. Otherwise it
// returns what [Text] returns for s.
func Message(s string, limit int) string {
	strange := func(r rune) bool { return !strconv.IsPrint(r) || r == utf8.RuneError }
	if len(s) > limit || strings.ContainsFunc(s, strange) {
		return Text(s, limit)
	}
	return s
}

// Cut returns s, or, if that is longer than limit bytes, its beginning and an ellipsis. It escapes nothing: the caller
// quotes the result.
func Cut(s string, limit int) string {
	if n := whole(s, limit); n < len(s) {
		return s[:n] + ellipsis
	}
	return s
}

// whole returns the length of s, or, if that is larger than limit, the largest length up to limit that does not end
// within a character.
func whole[T ~string | ~[]byte](s T, limit int) int {
	if len(s) <= limit {
		return len(s)
	}
	n := limit
	for n > 0 && n > limit-(utf8.UTFMax-1) && !utf8.RuneStart(s[n]) {
		n--
	}
	if !utf8.RuneStart(s[n]) {
		return limit // not UTF-8
	}
	return n
}

// Article returns noun with its indefinite article.
func Article(noun string) string {
	if noun != "" && strings.IndexByte("aeiou", noun[0]) >= 0 {
		return "an " + noun
	}
	return "a " + noun
}
