package dagcbor

import "strings"

// Less reports whether a comes before b in the canonical order of DAG-CBOR map keys: by length, then by bytes.
func Less(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// Compare compares a and b in the order of [Less], for sorting: the result is negative if a comes before b, 0 if they
// are equal, and positive if a comes after b.
func Compare(a, b string) int {
	if n := len(a) - len(b); n != 0 {
		return n
	}
	return strings.Compare(a, b)
}
