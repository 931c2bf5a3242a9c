package syntax

import "strings"

const aturiScheme = "at://"

// ATURI names an account's repository, a collection in it, or a record, such as
// "at://did:plc:z72i7hdynmk6r22z27h6tvur/pub.layers.media.media/3jzfcijpj2z2a".
// It is the lexicon format "at-uri".
//
// That format is the restricted syntax of the specification: a DID or a handle,
// then at most a collection and a record key, without a query, a fragment or a
// slash at the end.
//
// Specification: https://atproto.com/specs/at-uri-scheme#restricted-at-uri-syntax
type ATURI string

// NewATURI returns the at-uri of a record. Without a record key it is the URI of
// a collection, and without a collection that of a repository. NewATURI checks
// the parts as [ParseATURI] does, and returns the same errors.
func NewATURI(authority AtIdentifier, collection NSID, key RecordKey) (ATURI, error) {
	s := aturiScheme + string(authority)
	if collection != "" || key != "" {
		s += "/" + string(collection)
	}
	if key != "" {
		s += "/" + string(key)
	}
	u, err := ParseATURI(s)
	if err != nil {
		return "", err
	}
	// A part with a slash in it would be split differently.
	if u.Authority() != authority || u.Collection() != collection {
		return "", newError("at-uri", s, len(aturiScheme), "parts of the at-uri have slashes in them")
	}
	return u, nil
}

// ParseATURI returns s as an ATURI, unchanged. The error is an [*Error] with
// the format "at-uri".
func ParseATURI(s string) (ATURI, error) {
	return parse[ATURI](s, "at-uri", checkATURI)
}

// ValidATURI reports whether [ParseATURI] would accept s. It does not allocate.
func ValidATURI(s string) bool {
	_, reason := checkATURI(s)
	return reason == ""
}

// String returns the text of u.
func (u ATURI) String() string {
	return string(u)
}

// MarshalText returns the text of u, without checking it. The error is
// always nil.
func (u ATURI) MarshalText() ([]byte, error) {
	return []byte(u), nil
}

// UnmarshalText sets u to text, if [ParseATURI] accepts it. Otherwise it
// returns the error of ParseATURI and leaves u unchanged.
func (u *ATURI) UnmarshalText(text []byte) error {
	return unmarshal(u, text, "at-uri", checkATURI)
}

// Authority returns the DID or the handle of the account. It is empty if u does
// not start with "at://".
func (u ATURI) Authority() AtIdentifier {
	authority, _, _ := u.split()
	return AtIdentifier(authority)
}

// Collection returns the collection. It is empty if u has none.
func (u ATURI) Collection() NSID {
	_, collection, _ := u.split()
	return NSID(collection)
}

// RecordKey returns the key of the record. It is empty if u has none.
func (u ATURI) RecordKey() RecordKey {
	_, _, key := u.split()
	return RecordKey(key)
}

func (u ATURI) split() (authority, collection, key string) {
	rest, found := strings.CutPrefix(string(u), aturiScheme)
	if !found {
		return "", "", ""
	}
	authority, rest, _ = strings.Cut(rest, "/")
	collection, key, _ = strings.Cut(rest, "/")
	return authority, collection, key
}

// checkATURI returns the offset of the first fault in s and what is wrong, or
// an empty reason. It does not check the length of s: the limits of the parts
// keep it far below the 8192 bytes that an at-uri may have.
func checkATURI(s string) (offset int, reason string) {
	if !strings.HasPrefix(s, aturiScheme) {
		return 0, `at-uri does not start with "at://"`
	}
	start := len(aturiScheme)
	end := segmentEnd(s, start)
	if start == end {
		return start, "at-uri has no authority"
	}
	if offset, reason := checkAtIdentifier(s[start:end]); reason != "" {
		return aturiFault(s, start+offset, reason)
	}
	if end == len(s) {
		return 0, ""
	}
	start = end + 1
	end = segmentEnd(s, start)
	if start == end {
		return start, "at-uri has a slash without a collection after it"
	}
	if offset, reason := checkNSID(s[start:end]); reason != "" {
		return aturiFault(s, start+offset, reason)
	}
	if end == len(s) {
		return 0, ""
	}
	start = end + 1
	if start == len(s) {
		return start, "at-uri has a slash without a record key after it"
	}
	if offset, reason := checkRecordKey(s[start:]); reason != "" {
		if offset < len(s)-start && s[start+offset] == '/' {
			return start + offset, "at-uri has a slash after its record key"
		}
		return aturiFault(s, start+offset, reason)
	}
	return 0, ""
}

// segmentEnd returns the offset of the first slash from start on, or len(s).
func segmentEnd(s string, start int) int {
	if i := strings.IndexByte(s[start:], '/'); i >= 0 {
		return start + i
	}
	return len(s)
}

// aturiFault returns a better reason for a fault at offset in a part of s, if a
// query or a fragment begins there.
func aturiFault(s string, offset int, reason string) (int, string) {
	if offset < len(s) {
		switch s[offset] {
		case '?':
			return offset, "at-uri has a query"
		case '#':
			return offset, "at-uri has a fragment"
		}
	}
	return offset, reason
}
