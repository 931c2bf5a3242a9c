package naming

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// Levels is the number of levels of [Longer], which begin at 0.
const Levels = 4

// Longer returns a Go name made of base and part for the thing with the given key. There are four levels, each with a
// longer name than the one before: the name by the usual rule; the same followed by the kind of the thing, if it has
// one; the name with the signs of part and the case of its first letter spelled out; and the name with the code points
// of the key, which is always unique.
func Longer(level int, base, part, kind, key string) string {
	name := base
	switch {
	case level == 0:
		name = Extend(base, part)
	case level == 1 && kind != "":
		name = Extend(base, part, kind)
	case level <= 2:
		name = Extend(base, spelled(part)...)
	default:
		name = Extend(base, part) + codePoints(key)
	}
	return exported(name)
}

// signs are the words for the signs that lexicon names have most often.
var signs = map[rune]string{
	'-': "Hyphen", '_': "Underscore", '.': "Dot", '/': "Slash", ':': "Colon", ' ': "Space", '#': "Hash", '+': "Plus",
	'*': "Asterisk", '@': "At", ',': "Comma", '=': "Equals", '&': "And", '\'': "Apostrophe", '!': "Not", '?': "Question",
}

// spelled returns the words of a part, with a word for each of its signs: foo, Hyphen and bar for foo-bar. If the part
// has no signs, the case of its first letter comes before it: Lower and fooBar for fooBar.
func spelled(part string) []string {
	var words []string
	add := func(word string) {
		if word != "" {
			words = append(words, word)
		}
	}
	start := 0
	for i, r := range part {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			continue
		}
		word, known := signs[r]
		if !known {
			word = fmt.Sprintf("U%04X", r)
		}
		add(part[start:i])
		add(word)
		_, width := utf8.DecodeRuneInString(part[i:])
		start = i + width
	}
	if start == 0 {
		first, _ := utf8.DecodeRuneInString(part)
		switch {
		case unicode.IsLower(first):
			add("Lower")
		case unicode.IsUpper(first):
			add("Upper")
		}
	}
	add(part[start:])
	return words
}
