package dagcbor

import "strings"

// Less reports whether a comes before b in the canonical order of DAG-CBOR map keys: by length, then by bytes.
func Less(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// Compare is Less for sorting.
func Compare(a, b string) int {
	if n := len(a) - len(b); n != 0 {
		return n
	}
	return strings.Compare(a, b)
}
