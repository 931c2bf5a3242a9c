package prose

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
)

// Comment assembles a comment: an introduction that opens with the Go name, the lexicon's description, and,
// if it is deprecated, a note in the paragraph that Go's tools look for.
func Comment(introduction, description string) []string {
	rest, note := SplitDeprecated(Plain(description))
	text := introduction
	if rest != "" {
		text += " " + Sentence(UpperFirst(rest))
	}
	paragraphs := []string{text}
	if note != "" {
		paragraphs = append(paragraphs, "Deprecated: "+Sentence(note))
	}
	return paragraphs
}

// TypeComment is [Comment] for the type of an object or record. If the description allows it, the Go name becomes the
// subject of its first sentence, and the type's name in the lexicon comes last.
func TypeComment(name, kind, id, description string) []string {
	rest, note := SplitDeprecated(Plain(description))
	first, known := Predicate(rest)
	if !known {
		return Comment(fmt.Sprintf("%s is the %s %s.", name, id, kind), description)
	}
	paragraphs := []string{fmt.Sprintf("%s %s Its lexicon is %s.", name, Sentence(first), id)}
	if kind == "object" {
		paragraphs[0] = fmt.Sprintf("%s %s Its definition is %s.", name, Sentence(first), id)
	}
	if note != "" {
		paragraphs = append(paragraphs, "Deprecated: "+Sentence(note))
	}
	return paragraphs
}

// CallComment is [Comment] for a method. A description that starts with a verb directly follows the name.
func CallComment(name, nsid, kind, description string) []string {
	first, _, _ := strings.Cut(description, " ")
	if len(naming.Words(first)) == 1 && strings.HasSuffix(first, "s") && unicode.IsUpper(rune(first[0])) {
		rest, note := SplitDeprecated(Plain(description))
		if note == "" && rest != "" {
			rest = strings.Replace(rest, "; fails with ", "; it fails with ", 1)
			return []string{name + " " + strings.ToLower(rest[:1]) + Sentence(rest[1:])}
		}
	}
	return Comment(fmt.Sprintf("%s calls the %s %s.", name, kind, nsid), description)
}

// FieldComment returns the comment of a field: the lexicon's description, whether the field is required, and its
// limits. If there is no description and the rest is short, it returns a note instead, to be put after the field.
func FieldComment(n *lexicon.Node, required bool) (doc []string, note string) {
	description, deprecated := SplitDeprecated(Plain(n.Description))
	note = Limits(n)
	switch {
	case required && note != "":
		note = "required, " + note
	case required:
		note = "required"
	}
	if description == "" && deprecated == "" && len(note) <= 60 {
		return nil, note
	}
	if note != "" && !required && strings.Contains(description, note) {
		note = "" // the description says it
	}
	if text := Sentence(UpperFirst(description)) + " " + Sentence(UpperFirst(note)); text != " " {
		doc = append(doc, strings.TrimSpace(text))
	}
	if deprecated != "" {
		doc = append(doc, "Deprecated: "+Sentence(deprecated))
	}
	return doc, ""
}
