package terminal

import (
	"strconv"
	"strings"
)

// Number returns a number of things, such as "1 record", "2 records" or "0 repositories", given the word for one of them.
func Number(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, ok := strings.CutSuffix(thing, "y"); ok {
		thing = stem + "ie"
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

// Are returns the verb for n things: "is" for one, and "are" for any other number.
func Are(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
