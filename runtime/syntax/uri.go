package syntax

import (
	"unicode"
	"unicode/utf8"
)

const maxURI = 8192

// URI is a URI of any scheme, such as "https://layers.pub/". It is the lexicon
// format "uri".
//
// Only the outline of RFC 3986 is checked: a scheme, a colon, and something
// after it without white space or control characters, in at most 8192 bytes.
// Characters beyond ASCII, which RFC 3986 requires to be percent-encoded, are
// accepted, because servers accept them and records have them.
//
// Specification: https://atproto.com/specs/lexicon#uri
type URI string

// ParseURI returns s as a URI, unchanged. The error is an [*Error] with the
// format "uri".
func ParseURI(s string) (URI, error) {
	return parse[URI](s, "uri", checkURI)
}

// ValidURI reports whether [ParseURI] would accept s. It does not allocate.
func ValidURI(s string) bool {
	_, reason := checkURI(s)
	return reason == ""
}

// String returns the text of u.
func (u URI) String() string {
	return string(u)
}

// MarshalText returns the text of u, without checking it. The error is
// always nil.
func (u URI) MarshalText() ([]byte, error) {
	return []byte(u), nil
}

// UnmarshalText sets u to text, if [ParseURI] accepts it. Otherwise it
// returns the error of ParseURI and leaves u unchanged.
func (u *URI) UnmarshalText(text []byte) error {
	return unmarshal(u, text, "uri", checkURI)
}

func checkURI(s string) (offset int, reason string) {
	if len(s) > maxURI {
		return maxURI, "URI is longer than 8192 bytes"
	}
	if s == "" || !isLetter(s[0]) {
		return 0, "URI scheme does not start with a letter"
	}
	i := skip(s, 1, schemeByte)
	if i == len(s) {
		return i, "URI has no colon after its scheme"
	}
	if s[i] != ':' {
		return i, "URI scheme has a character other than letters, digits and + - ."
	}
	i++
	if i == len(s) {
		return i, "URI has nothing after its scheme"
	}
	if i = skip(s, i, graphByte); i < len(s) {
		return checkURICharacters(s, i)
	}
	return 0, ""
}

// checkURICharacters checks the rest of a URI, from start on, for white space,
// control characters and bytes that are not UTF-8. checkURI calls it only from
// the first byte on that is not a visible ASCII character.
func checkURICharacters(s string, start int) (offset int, reason string) {
	for i := start; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return i, "URI is not UTF-8"
		case unicode.IsSpace(r):
			return i, "URI has white space"
		case unicode.IsControl(r):
			return i, "URI has a control character"
		}
		i += size
	}
	return 0, ""
}
