package plan

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
	"github.com/layers-pub/layers-go/gen/prose"
)

// doc assembles a comment: an introduction that opens with the Go name, the lexicon's description, and,
// if it is deprecated, a note in the paragraph that Go's tools look for.
func doc(introduction, description string) Doc {
	rest, note := prose.SplitDeprecated(prose.Plain(description))
	text := introduction
	if rest != "" {
		text += " " + prose.Sentence(prose.UpperFirst(rest))
	}
	paragraphs := Doc{text}
	if note != "" {
		paragraphs = append(paragraphs, "Deprecated: "+prose.Sentence(note))
	}
	return paragraphs
}

// typeDoc is doc for the type of an object or record. If the description lends itself to it, the Go name is the
// subject of its first sentence, and what the type is called in the lexicon comes last.
func typeDoc(name, kind, id, description string) Doc {
	rest, note := prose.SplitDeprecated(prose.Plain(description))
	first, known := prose.Predicate(rest)
	if !known {
		return doc(fmt.Sprintf("%s is the %s %s.", name, id, kind), description)
	}
	paragraphs := Doc{fmt.Sprintf("%s %s Its lexicon is %s.", name, prose.Sentence(first), id)}
	if kind == "object" {
		paragraphs[0] = fmt.Sprintf("%s %s Its definition is %s.", name, prose.Sentence(first), id)
	}
	if note != "" {
		paragraphs = append(paragraphs, "Deprecated: "+prose.Sentence(note))
	}
	return paragraphs
}

// callDoc is doc for a method. A description that starts with a verb directly follows the name.
func callDoc(name, nsid, kind, description string) Doc {
	first, _, _ := strings.Cut(description, " ")
	if len(naming.Words(first)) == 1 && strings.HasSuffix(first, "s") && unicode.IsUpper(rune(first[0])) {
		rest, note := prose.SplitDeprecated(prose.Plain(description))
		if note == "" && rest != "" {
			rest = strings.Replace(rest, "; fails with ", "; it fails with ", 1)
			return Doc{name + " " + strings.ToLower(rest[:1]) + prose.Sentence(rest[1:])}
		}
	}
	return doc(fmt.Sprintf("%s calls the %s %s.", name, kind, nsid), description)
}

// fieldDoc returns the comment of a field: the lexicon's description, whether the field is required, and its
// limits. If there is no description and the rest is short, it returns a note instead, to be put after the field.
func fieldDoc(n *lexicon.Node, required bool) (doc Doc, note string) {
	description, deprecated := prose.SplitDeprecated(prose.Plain(n.Description))
	note = prose.Limits(n)
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
	if text := prose.Sentence(prose.UpperFirst(description)) + " " + prose.Sentence(prose.UpperFirst(note)); text != " " {
		doc = append(doc, strings.TrimSpace(text))
	}
	if deprecated != "" {
		doc = append(doc, "Deprecated: "+prose.Sentence(deprecated))
	}
	return doc, ""
}
