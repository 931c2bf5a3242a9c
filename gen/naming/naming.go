// Package naming converts the names in lexicons to Go names by a fixed rule:
//
//	naming.GoName("alignment", "kindUri") // AlignmentKindURI
//
// By this rule, a name depends only on its parts, never on other names. If two things would have the same name, a
// [Table] decides which one keeps it; the other one gets a longer, more specific name, never a number ([Longer]). A
// [Lock] records all names, so that additions to a lexicon do not rename anything.
package naming

import (
	"fmt"
	"go/token"
	"strings"
	"unicode"
)

// initialisms are the words that Go spells in one case, with their plurals.
var initialisms = func() map[string]string {
	words := strings.Fields("API CBOR CID CRS CSS DID DNS DOI DPI HTML HTTP HTTPS ID IP ISBN ISSN " +
		"JSON JWT NSID OCR PDS PMID SQL SSH TID TLS URI URL URN UUID XML")
	table := make(map[string]string, 2*len(words))
	for _, word := range words {
		table[strings.ToLower(word)] = word
		table[strings.ToLower(word)+"s"] = word + "s"
	}
	return table
}()

// GoName derives a Go name from lexicon names; all Go names come from it. It cuts each part into words, at
// every character that is neither a letter nor a digit and at each change from lower to upper case, and
// capitalizes each word. It spells initialisms as Go does, and puts an underscore between two digits that
// would otherwise meet. The result is an exported, valid name, whatever the parts are.
func GoName(parts ...string) string {
	return exported(Extend("", parts...))
}

func exported(name string) string {
	if !token.IsExported(name) {
		return "X" + name // a name that starts with a digit, or with a letter that has no case
	}
	return name
}

func validIdentifier(name string) bool { return token.IsIdentifier(name) && token.IsExported(name) }

// Extend appends the Go name of parts to a Go name.
func Extend(name string, parts ...string) string {
	var b strings.Builder
	b.WriteString(name)
	for _, part := range parts {
		list := Words(part)
		if len(list) == 0 {
			list = []string{codePoints(part)}
		}
		for _, word := range list {
			appendWord(&b, word)
		}
	}
	return b.String()
}

func appendWord(b *strings.Builder, word string) {
	if spelled, ok := initialisms[strings.ToLower(word)]; ok {
		word = spelled
	}
	runes := []rune(word)
	runes[0] = unicode.ToUpper(runes[0])
	if unicode.IsDigit(runes[0]) && endsInDigit(b.String()) {
		b.WriteByte('_')
	}
	b.WriteString(string(runes))
}

func endsInDigit(s string) bool {
	runes := []rune(s)
	return len(runes) > 0 && unicode.IsDigit(runes[len(runes)-1])
}

// Words cuts a lexicon name into its words: "knowledgeRefs" and "knowledge-refs" have two.
func Words(s string) []string {
	var list []string
	runes := []rune(s)
	start := 0
	cut := func(end int) {
		if end > start {
			list = append(list, string(runes[start:end]))
		}
		start = end
	}
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			cut(i)
			start = i + 1
		case i > start && unicode.IsUpper(r) && !unicode.IsUpper(runes[i-1]):
			cut(i)
		case i > start && unicode.IsUpper(r) && i+1 < len(runes) && unicode.IsLower(runes[i+1]):
			cut(i) // the last capital of "JSONSchema" starts a word
		}
	}
	cut(len(runes))
	return list
}

// codePoints returns a name made of the code points of s, or "Empty" if s is empty.
func codePoints(s string) string {
	if s == "" {
		return "Empty"
	}
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, "U%04X", r)
	}
	return b.String()
}

// Unexported returns a Go name with its first word in lower case: uuid for UUID, apiKey for APIKey.
// The result may be a keyword; callers append something to it.
func Unexported(name string) string {
	runes := []rune(name)
	for i := range runes {
		if i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1]) || !unicode.IsUpper(runes[i]) {
			break
		}
		runes[i] = unicode.ToLower(runes[i])
	}
	return string(runes)
}
