package plan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
)

// plainText returns s on one line, without characters that do not belong in Go source: control and format
// characters, and bytes that are not UTF-8.
func plainText(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsGraphic(r):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// sentence returns s with a full stop, unless s is empty or already ends in a punctuation mark.
func sentence(s string) string {
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?:;") {
		return s
	}
	return s + "."
}

// upperFirst returns s with its first letter in upper case.
func upperFirst(s string) string {
	for _, r := range s {
		return string(unicode.ToUpper(r)) + s[len(string(r)):]
	}
	return s
}

var (
	deprecation    = regexp.MustCompile(`(^|[.!?;] |-- |[([])(?i:deprecated)\b[\s:;,.)\]-]*`)
	deprecationEnd = regexp.MustCompile(`[.] | -- `)
)

// splitDeprecated takes the sentence that starts with "Deprecated" out of a description. A note with no
// further text becomes "the lexicon says so".
func splitDeprecated(description string) (rest, note string) {
	at := deprecation.FindStringSubmatchIndex(description)
	if at == nil {
		return description, ""
	}
	before, note := description[:at[3]], description[at[1]:]
	after := ""
	if end := deprecationEnd.FindStringIndex(note); end != nil {
		note, after = note[:end[0]], note[end[1]:]
	}
	rest = strings.TrimRight(before, " -([") + " " + upperFirst(after)
	if note == "" {
		note = "the lexicon says so"
	}
	return strings.TrimSpace(rest), note
}

// doc assembles a comment: an introduction that opens with the Go name, the lexicon's description, and,
// if it is deprecated, a note in the paragraph that Go's tools look for.
func doc(introduction, description string) Doc {
	rest, note := splitDeprecated(plainText(description))
	text := introduction
	if rest != "" {
		text += " " + sentence(upperFirst(rest))
	}
	paragraphs := Doc{text}
	if note != "" {
		paragraphs = append(paragraphs, "Deprecated: "+sentence(note))
	}
	return paragraphs
}

// callDoc is doc for a method. A description that starts with a verb directly follows the name.
func callDoc(name, nsid, kind, description string) Doc {
	first, _, _ := strings.Cut(description, " ")
	if len(naming.Words(first)) == 1 && strings.HasSuffix(first, "s") && unicode.IsUpper(rune(first[0])) {
		rest, note := splitDeprecated(plainText(description))
		if note == "" && rest != "" {
			return Doc{name + " " + strings.ToLower(rest[:1]) + sentence(rest[1:])}
		}
	}
	return doc(fmt.Sprintf("%s calls the %s %s.", name, kind, nsid), description)
}

// fieldDoc returns the comment of a field: the lexicon's description, whether the field is required, and its
// limits. If there is no description and the rest is short, it returns a note instead, to be put after the field.
func fieldDoc(n *lexicon.Node, required bool) (doc Doc, note string) {
	description, deprecated := splitDeprecated(plainText(n.Description))
	note = limitsText(n)
	switch {
	case required && note != "":
		note = "required, " + note
	case required:
		note = "required"
	}
	if description == "" && deprecated == "" && len(note) <= 60 {
		return nil, note
	}
	if text := sentence(upperFirst(description)) + " " + sentence(upperFirst(note)); text != " " {
		doc = append(doc, strings.TrimSpace(text))
	}
	if deprecated != "" {
		doc = append(doc, "Deprecated: "+sentence(deprecated))
	}
	return doc, ""
}

// limitsText describes a node's constraints.
func limitsText(n *lexicon.Node) string {
	var list []string
	add := func(text string) {
		if text != "" {
			list = append(list, text)
		}
	}
	switch n.Type {
	case "string", "bytes":
		add(rangeText(n.MinLength, n.MaxLength, "byte"))
		add(rangeText(n.MinGraphemes, n.MaxGraphemes, "grapheme"))
	case "array":
		add(rangeText(n.MinLength, n.MaxLength, "item"))
	case "integer":
		add(rangeText(n.Minimum, n.Maximum, ""))
		add(enumText(n.IntEnum))
	case "blob":
		add(rangeText(nil, n.MaxSize, "byte"))
		if len(n.Accept) > 0 {
			add("media types " + plainText(strings.Join(n.Accept, ", ")))
		}
	}
	if n.Const != nil {
		add("always " + literalText(n.Const))
	}
	if n.Default != nil {
		add("default " + literalText(n.Default))
	}
	return strings.Join(list, ", ")
}

func rangeText(low, high *int64, unit string) string {
	switch {
	case low != nil && *low == 0 && unit != "":
		low = nil
	}
	switch {
	case low == nil && high == nil:
		return ""
	case low == nil:
		return "at most " + countText(*high, unit)
	case high == nil:
		return "at least " + countText(*low, unit)
	case *low == *high:
		return "exactly " + countText(*high, unit)
	}
	return fmt.Sprintf("%d to %s", *low, countText(*high, unit))
}

func countText(n int64, unit string) string {
	switch {
	case unit == "":
		return strconv.FormatInt(n, 10)
	case n == 1:
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

func enumText(values []int64) string {
	if len(values) == 0 {
		return ""
	}
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = strconv.FormatInt(v, 10)
	}
	return "one of " + strings.Join(list, ", ")
}

func literalText(v any) string {
	if s, ok := v.(string); ok {
		return plainText(strconv.Quote(s))
	}
	return fmt.Sprint(v)
}
