package syntax

import "strings"

// AtIdentifier names an account by its DID or by its handle. A DID starts with
// "did:", and a handle has no colons. It is the lexicon format "at-identifier".
//
// Specification: https://atproto.com/specs/lexicon#at-identifier
type AtIdentifier string

// ParseAtIdentifier returns s as an AtIdentifier, unchanged. The error is an
// [*Error] with the format "at-identifier".
func ParseAtIdentifier(s string) (AtIdentifier, error) {
	return parse[AtIdentifier](s, "at-identifier", checkAtIdentifier)
}

// ValidAtIdentifier reports whether [ParseAtIdentifier] would accept s. It does
// not allocate.
func ValidAtIdentifier(s string) bool {
	_, reason := checkAtIdentifier(s)
	return reason == ""
}

// String returns the text of a.
func (a AtIdentifier) String() string {
	return string(a)
}

// MarshalText returns the text of a, without checking it. The error is
// always nil.
func (a AtIdentifier) MarshalText() ([]byte, error) {
	return []byte(a), nil
}

// UnmarshalText sets a to text, if [ParseAtIdentifier] accepts it. Otherwise it
// returns the error of ParseAtIdentifier and leaves a unchanged.
func (a *AtIdentifier) UnmarshalText(text []byte) error {
	return unmarshal(a, text, "at-identifier", checkAtIdentifier)
}

// IsDID reports whether a is a DID, and not a handle. It checks only the
// prefix "did:".
func (a AtIdentifier) IsDID() bool {
	return strings.HasPrefix(string(a), "did:")
}

// DID returns a as a DID. If a is a handle, it returns false.
func (a AtIdentifier) DID() (DID, bool) {
	if !a.IsDID() {
		return "", false
	}
	return DID(a), true
}

// Handle returns a as a handle. If a is a DID, it returns false.
func (a AtIdentifier) Handle() (Handle, bool) {
	if a.IsDID() {
		return "", false
	}
	return Handle(a), true
}

func checkAtIdentifier(s string) (offset int, reason string) {
	if len(s) >= len("did:") && s[:len("did:")] == "did:" {
		return checkDID(s)
	}
	return checkHandle(s)
}
