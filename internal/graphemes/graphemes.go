// Package graphemes counts what a reader perceives as characters: the extended grapheme clusters of Unicode
// Standard Annex 29, as of Unicode 17.
package graphemes

import (
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// Count returns the number of extended grapheme clusters in s. It takes linear time and does not allocate.
func Count(s string) int {
	// Of two ASCII characters, only CR and LF are one cluster.
	n := 0
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			if i > 0 { // the last ASCII character may have a mark
				i, n = i-1, n-1
			}
			return n + count(s[i:])
		}
		if s[i] != '\n' || i == 0 || s[i-1] != '\r' {
			n++
		}
	}
	return n
}

func count(s string) int {
	n := 0
	for clusters := graphemes.FromString(s); clusters.Next(); {
		n++
	}
	return n
}
