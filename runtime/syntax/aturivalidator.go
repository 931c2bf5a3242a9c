package syntax

import "strings"

const (
	rememberedPrefixes  = 16
	maxRememberedPrefix = 120
)

// ATURIValidator is [ValidATURI] with a cache, for a program that checks many
// at-uris of few collections, as a decoder of records does. For the last few
// at-uris whose record keys are as long as a TID, it remembers the part before
// the record key. In at-uris that begin with the same part, it checks only the
// record key. It does not allocate, and does not keep the strings that it was
// given.
//
// The zero value is ready for use. An ATURIValidator is not safe for concurrent
// use.
type ATURIValidator struct {
	// prefixes has valid strings of the form "at://authority/collection/", each
	// at an index that is computed from its text.
	prefixes [rememberedPrefixes]struct {
		length int
		text   [maxRememberedPrefix]byte
	}
}

// Valid reports whether [ParseATURI] would accept s.
func (v *ATURIValidator) Valid(s string) bool {
	const minPrefix = len("at://did:x:y/a.b.c/")
	n := len(s) - tidLength
	if n < minPrefix || n > maxRememberedPrefix || s[n-1] != '/' {
		return ValidATURI(s)
	}
	prefix, key := s[:n], s[n:]
	// A mix of the length and of bytes that usually differ between authorities
	// of one method and between collections of one namespace.
	place := (n + int(prefix[14]) + int(prefix[n-2])*7 + int(prefix[n-4])) % rememberedPrefixes
	remembered := &v.prefixes[place]
	if string(remembered.text[:remembered.length]) == prefix {
		return ValidRecordKey(key)
	}
	if !ValidATURI(s) {
		return false
	}
	// If s has no record key, prefix ends with the authority, and key is a collection.
	if strings.Count(prefix, "/") == len("//")+len("/")+len("/") {
		remembered.length = copy(remembered.text[:], prefix)
	}
	return true
}
