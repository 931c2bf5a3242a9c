package syntax

import "strings"

const (
	maxHandle = 253 // the limit of domain names
	maxLabel  = 63
)

// Handle is the domain name that an account goes by, such as "jay.bsky.team".
// It is the lexicon format "handle".
//
// Names under any top-level domain are accepted, even those that no account can
// have, such as "handle.invalid".
//
// Specification: https://atproto.com/specs/handle
type Handle string

// ParseHandle returns s as a Handle, unchanged. The error is an [*Error] with
// the format "handle".
func ParseHandle(s string) (Handle, error) {
	return parse[Handle](s, "handle", checkHandle)
}

// ValidHandle reports whether [ParseHandle] would accept s. It does not allocate.
func ValidHandle(s string) bool {
	_, reason := checkHandle(s)
	return reason == ""
}

// String returns the text of h.
func (h Handle) String() string {
	return string(h)
}

// MarshalText returns the text of h, without checking it. The error is
// always nil.
func (h Handle) MarshalText() ([]byte, error) {
	return []byte(h), nil
}

// UnmarshalText sets h to text, if [ParseHandle] accepts it. Otherwise it
// returns the error of ParseHandle and leaves h unchanged.
func (h *Handle) UnmarshalText(text []byte) error {
	return unmarshal(h, text, "handle", checkHandle)
}

// Normalize returns h in lower case. Handles that differ only in case name the
// same account.
func (h Handle) Normalize() Handle {
	return Handle(strings.ToLower(string(h)))
}

// AtIdentifier returns h as an AtIdentifier, unchanged.
func (h Handle) AtIdentifier() AtIdentifier {
	return AtIdentifier(h)
}

func checkHandle(s string) (offset int, reason string) {
	if s == "" {
		return 0, "handle is empty"
	}
	if len(s) > maxHandle {
		return maxHandle, "handle is longer than 253 bytes"
	}
	start := 0 // of the label
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&labelByte != 0 {
			continue
		}
		if s[i] != '.' {
			return i, "handle has a character other than letters, digits, hyphens and dots"
		}
		if offset, reason := checkLabel(s, start, i); reason != "" {
			return offset, reason
		}
		start = i + 1
	}
	if start == 0 {
		return len(s), "handle has no dot"
	}
	if offset, reason := checkLabel(s, start, len(s)); reason != "" {
		return offset, reason
	}
	if !isLetter(s[start]) {
		return start, "top-level domain of the handle does not start with a letter"
	}
	return 0, ""
}

// checkLabel checks the length and the ends of the domain label s[start:end].
func checkLabel(s string, start, end int) (offset int, reason string) {
	switch {
	case start == end:
		return start, "domain label is empty"
	case end-start > maxLabel:
		return start + maxLabel, "domain label is longer than 63 bytes"
	case s[start] == '-':
		return start, "domain label starts with a hyphen"
	case s[end-1] == '-':
		return end - 1, "domain label ends with a hyphen"
	}
	return 0, ""
}
