package plan

import (
	"fmt"
	"strconv"
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
			add("media types " + prose.Plain(strings.Join(n.Accept, ", ")))
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
	return grouped(*low) + " to " + countText(*high, unit)
}

func countText(n int64, unit string) string {
	switch {
	case unit == "":
		return grouped(n)
	case n == 1:
		return "1 " + unit
	}
	return grouped(n) + " " + unit + "s"
}

// grouped returns a number with commas between groups of three digits if it has more than four.
func grouped(n int64) string {
	digits, negative := strings.CutPrefix(strconv.FormatInt(n, 10), "-")
	if len(digits) > 4 {
		for i := len(digits) - 3; i > 0; i -= 3 {
			digits = digits[:i] + "," + digits[i:]
		}
	}
	if negative {
		return "-" + digits
	}
	return digits
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
		return prose.Plain(strconv.Quote(s))
	}
	return fmt.Sprint(v)
}
