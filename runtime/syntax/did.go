package syntax

import "strings"

const maxDID = 2048

// DID is a decentralized identifier: the name of an account that stays the
// same for as long as the account exists, such as
// "did:plc:z72i7hdynmk6r22z27h6tvur". It is the lexicon format "did".
//
// Any method is accepted, because syntax does not say which methods an
// application can resolve. Percent signs may stand anywhere but at the end;
// the characters that follow them are not checked.
//
// Specification: https://atproto.com/specs/did
type DID string

// ParseDID returns s as a DID, unchanged. The error is an [*Error] with the
// format "did".
func ParseDID(s string) (DID, error) {
	return parse[DID](s, "did", checkDID)
}

// ValidDID reports whether [ParseDID] would accept s. It does not allocate.
func ValidDID(s string) bool {
	_, reason := checkDID(s)
	return reason == ""
}

// String returns the text of d.
func (d DID) String() string {
	return string(d)
}

// MarshalText returns the text of d, without checking it. The error is
// always nil.
func (d DID) MarshalText() ([]byte, error) {
	return []byte(d), nil
}

// UnmarshalText sets d to text, if [ParseDID] accepts it. Otherwise it
// returns the error of ParseDID and leaves d unchanged.
func (d *DID) UnmarshalText(text []byte) error {
	return unmarshal(d, text, "did", checkDID)
}

// Method returns the name of the DID's method, such as "plc" or "web". It is
// empty if d is not a valid DID.
func (d DID) Method() string {
	method, _ := d.split()
	return method
}

// Identifier returns the part of the DID after the method, whose meaning depends
// on the method. It is empty if d is not a valid DID.
func (d DID) Identifier() string {
	_, identifier := d.split()
	return identifier
}

func (d DID) split() (method, identifier string) {
	if !ValidDID(string(d)) {
		return "", ""
	}
	method, identifier, _ = strings.Cut(string(d[len("did:"):]), ":")
	return method, identifier
}

// AtIdentifier returns d as an AtIdentifier, unchanged.
func (d DID) AtIdentifier() AtIdentifier {
	return AtIdentifier(d)
}

func checkDID(s string) (offset int, reason string) {
	const prefix = len("did:")
	if len(s) < prefix || s[:prefix] != "did:" {
		return 0, `DID does not start with "did:"`
	}
	if len(s) > maxDID {
		return maxDID, "DID is longer than 2048 bytes"
	}
	i := prefix
	for i < len(s) && isLower(s[i]) {
		i++
	}
	if i == len(s) || s[i] != ':' || i == prefix {
		return i, "DID method is not lower-case letters with a colon after them"
	}
	i++
	if i == len(s) {
		return i, "DID has nothing after its method"
	}
	if i = skip(s, i, didByte); i < len(s) {
		return i, "DID has a character other than letters, digits and . _ : % -"
	}
	switch s[i-1] {
	case ':':
		return i - 1, "DID ends with a colon"
	case '%':
		return i - 1, "DID ends with a percent sign"
	}
	return 0, ""
}
