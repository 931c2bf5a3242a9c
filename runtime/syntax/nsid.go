package syntax

import (
	"slices"
	"strings"
)

const maxNSID = 317

// NSID is a namespaced identifier: the name of a lexicon, such as
// "pub.layers.expression.expression". All segments but the last are a domain
// name in reverse order, the authority. It is the lexicon format "nsid".
//
// An NSID has at most 317 bytes, and a segment at most 63. The authority may be
// longer than the 253 bytes that a domain name may have, because the conformance
// tests require it.
//
// Specification: https://atproto.com/specs/nsid
type NSID string

// ParseNSID returns s as an NSID, unchanged. The error is an [*Error] with the
// format "nsid".
func ParseNSID(s string) (NSID, error) {
	return parse[NSID](s, "nsid", checkNSID)
}

// ValidNSID reports whether [ParseNSID] would accept s. It does not allocate.
func ValidNSID(s string) bool {
	_, reason := checkNSID(s)
	return reason == ""
}

// String returns the text of n.
func (n NSID) String() string {
	return string(n)
}

// MarshalText returns the text of n, without checking it. The error is
// always nil.
func (n NSID) MarshalText() ([]byte, error) {
	return []byte(n), nil
}

// UnmarshalText sets n to text, if [ParseNSID] accepts it. Otherwise it
// returns the error of ParseNSID and leaves n unchanged.
func (n *NSID) UnmarshalText(text []byte) error {
	return unmarshal(n, text, "nsid", checkNSID)
}

// Authority returns the domain name that controls n: all segments but the last,
// in the order of domain names and in lower case. The authority of
// "pub.layers.expression.expression" is "expression.layers.pub". It is empty if
// n has fewer than two segments.
func (n NSID) Authority() string {
	segments := n.Segments()
	if len(segments) < 2 {
		return ""
	}
	domain := segments[:len(segments)-1]
	slices.Reverse(domain)
	return strings.ToLower(strings.Join(domain, "."))
}

// Name returns the last segment of n, which is "expression" for
// "pub.layers.expression.expression".
func (n NSID) Name() string {
	return string(n[strings.LastIndexByte(string(n), '.')+1:])
}

// Segments returns the parts of n between its dots, in a new slice. It is nil if
// n is empty.
func (n NSID) Segments() []string {
	if n == "" {
		return nil
	}
	return strings.Split(string(n), ".")
}

func checkNSID(s string) (offset int, reason string) {
	if s == "" {
		return 0, "NSID is empty"
	}
	if len(s) > maxNSID {
		return maxNSID, "NSID is longer than 317 bytes"
	}
	start, dots := 0, 0 // start is where the current segment starts
	for i := 0; i < len(s); i++ {
		if classes[s[i]]&labelByte != 0 {
			continue
		}
		if s[i] != '.' {
			return i, "NSID has a character other than letters, digits, hyphens and dots"
		}
		if offset, reason := checkLabel(s, start, i); reason != "" {
			return offset, reason
		}
		start = i + 1
		dots++
	}
	if dots < 2 {
		return len(s), "NSID has fewer than three segments"
	}
	if !isLetter(s[0]) {
		return 0, "top-level domain of the NSID does not start with a letter"
	}
	name := s[start:]
	if name == "" {
		return start, "name of the NSID is empty"
	}
	if len(name) > maxLabel {
		return start + maxLabel, "name of the NSID is longer than 63 bytes"
	}
	if !isLetter(name[0]) {
		return start, "name of the NSID does not start with a letter"
	}
	if i := skip(s, start, alnumByte); i < len(s) {
		return i, "name of the NSID has a character other than letters and digits"
	}
	return 0, ""
}
