package syntax

import "strings"

const (
	rememberedPrefixes  = 16
	maxRememberedPrefix = 120
)

// ATURIValidator is [ValidATURI] with a memory, for a program that checks many
// at-uris of few collections, as a decoder of records does. It remembers the
// part up to the record key of the last few at-uris whose record key is as long
// as a TID, and of a further one with the same part only checks the record key.
// It does not allocate, and holds on to no string that it was given.
//
// The zero value is ready for use. An ATURIValidator is not safe for concurrent
// use.
type ATURIValidator struct {
	// prefixes has strings of the form "at://authority/collection/", each
	// known to be valid and at a place that depends on its text.
	prefixes [rememberedPrefixes]struct {
		length int
		text   [maxRememberedPrefix]byte
	}
}

// Valid tells whether [ParseATURI] would accept s.
func (v *ATURIValidator) Valid(s string) bool {
	const minPrefix = len("at://did:x:y/a.b.c/")
	n := len(s) - tidLength
	if n < minPrefix || n > maxRememberedPrefix || s[n-1] != '/' {
		return ValidATURI(s)
	}
	prefix, key := s[:n], s[n:]
	// A mix of the length and of bytes that tell apart authorities of one
	// method and collections of one namespace.
	place := (n + int(prefix[14]) + int(prefix[n-2])*7 + int(prefix[n-4])) % rememberedPrefixes
	remembered := &v.prefixes[place]
	if string(remembered.text[:remembered.length]) == prefix {
		return ValidRecordKey(key)
	}
	if !ValidATURI(s) {
		return false
	}
	// What ends n bytes into s may be the authority, and key a collection.
	if strings.Count(prefix, "/") == len("//")+len("/")+len("/") {
		remembered.length = copy(remembered.text[:], prefix)
	}
	return true
}
