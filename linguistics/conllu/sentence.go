package conllu

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// None is the text of a column without a value.
const None = "_"

// ID is the first column of a row: the number of a word, a range of words that are written as one token, or the place
// of an empty node. The zero ID is the root, 0, which occurs only as a head.
type ID struct {
	// Word is the number of the word, from 1; for a range, its first word; for an empty node, the word before it, or 0
	// if it is before the first word.
	Word int
	// Last is the last word of a range, and 0 for anything else.
	Last int
	// Empty is the number of an empty node among those after the same word, from 1, and 0 for anything else.
	Empty int
}

// IsRange reports whether the row is a multiword token.
func (id ID) IsRange() bool { return id.Last > 0 }

// IsEmpty reports whether the row is an empty node.
func (id ID) IsEmpty() bool { return id.Empty > 0 }

// IsWord reports whether the row is a word: neither a multiword token nor an empty node.
func (id ID) IsWord() bool { return !id.IsRange() && !id.IsEmpty() }

// String returns the column's text, such as "3", "3-4" or "3.1".
func (id ID) String() string {
	switch s := strconv.Itoa(id.Word); {
	case id.IsRange():
		return s + "-" + strconv.Itoa(id.Last)
	case id.IsEmpty():
		return s + "." + strconv.Itoa(id.Empty)
	default:
		return s
	}
}

// ParseID parses the text of a first column, and returns an error if it is not an ID. Numbers have no sign and no
// leading zeros, and at most nine digits.
func ParseID(s string) (ID, error) {
	var id ID
	var ok bool
	if first, last, found := strings.Cut(s, "-"); found {
		var ok2 bool
		id.Word, ok = number(first)
		id.Last, ok2 = number(last)
		ok = ok && ok2 && id.Word > 0 && id.Word <= id.Last
	} else if word, empty, found := strings.Cut(s, "."); found {
		var ok2 bool
		id.Word, ok = number(word)
		id.Empty, ok2 = number(empty)
		ok = ok && ok2 && id.Empty > 0
	} else {
		id.Word, ok = number(s)
	}
	if !ok {
		return ID{}, fmt.Errorf("%q is not a number, a range of numbers such as 1-2, or an empty node such as 1.1", clip(s))
	}
	return id, nil
}

// number parses a number of up to nine digits without a sign and leading zeros, and reports whether s is one.
func number(s string) (int, bool) {
	if s == "" || len(s) > 9 || s[0] == '0' && len(s) > 1 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// Row is a line of a sentence: its ten columns, each as the file has it. [None] means that there is no value.
type Row struct {
	ID ID
	// Form is the word or the token as it appears, and Lemma its dictionary form.
	Form, Lemma string
	// UPOS is the universal part of speech, and XPOS that of the treebank's own tag set.
	UPOS, XPOS string
	// Feats has the morphological features: see [Row.Features].
	Feats string
	// Head is the number of the head, "0" for the root of the sentence, and Deprel the relation to it.
	Head, Deprel string
	// Deps are the edges of the enhanced dependency graph that lead to the word: see [Row.Edges].
	Deps string
	// Misc is anything else, as items separated by "|".
	Misc string
}

// columns are the names of the columns, in their order.
var columns = [10]string{"ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC"}

// Feature is a morphological feature, such as Case=Nom.
type Feature struct{ Name, Value string }

// Features yields the features in [Row.Feats], in the order of the file.
func (r *Row) Features() iter.Seq[Feature] {
	return func(yield func(Feature) bool) {
		for item := range items(r.Feats) {
			name, value, _ := strings.Cut(item, "=")
			if !yield(Feature{name, value}) {
				return
			}
		}
	}
}

// Edge is an edge of the enhanced dependency graph. The zero Head is the root.
type Edge struct {
	Head     ID
	Relation string
}

// Edges yields the edges in [Row.Deps], in the order of the file.
func (r *Row) Edges() iter.Seq[Edge] {
	return func(yield func(Edge) bool) {
		for item := range items(r.Deps) {
			head, relation, _ := strings.Cut(item, ":")
			id, _ := ParseID(head)
			if !yield(Edge{id, relation}) {
				return
			}
		}
	}
}

// MiscItems yields the items of [Row.Misc], in the order of the file.
func (r *Row) MiscItems() iter.Seq[string] { return items(r.Misc) }

// MiscValue returns the value of the first item NAME=VALUE of [Row.Misc] with the given name, and whether there is one.
func (r *Row) MiscValue(name string) (string, bool) {
	for item := range items(r.Misc) {
		if n, value, found := strings.Cut(item, "="); found && n == name {
			return value, true
		}
	}
	return "", false
}

// items yields the parts of a column between "|".
func items(column string) iter.Seq[string] {
	if column == None {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(column, "|")
}

// Sentence is a sentence with its comments.
type Sentence struct {
	// Line is the number of the sentence's first line, from 1, in the file that it was read from.
	Line int
	// Comments are the lines before the first row, each without the leading "#" and the line's end.
	Comments []string
	// Rows are the words, multiword tokens and empty nodes.
	Rows []Row
}

// Comment returns the value of the first comment "name = value", such as sent_id or text, and whether there is one. A
// comment that consists only of the name has the value "".
func (s *Sentence) Comment(name string) (string, bool) {
	for _, comment := range s.Comments {
		key, value, _ := strings.Cut(comment, "=")
		if strings.TrimSpace(key) == name {
			return strings.TrimSpace(value), true
		}
	}
	return "", false
}

// Append appends the sentence in CoNLL-U, including the empty line at its end, and returns the extended buffer.
func (s *Sentence) Append(b []byte) []byte {
	for _, comment := range s.Comments {
		b = append(b, '#')
		b = append(b, comment...)
		b = append(b, '\n')
	}
	for i := range s.Rows {
		r := &s.Rows[i]
		b = append(b, r.ID.String()...)
		for _, column := range [...]string{r.Form, r.Lemma, r.UPOS, r.XPOS, r.Feats, r.Head, r.Deprel, r.Deps, r.Misc} {
			b = append(b, '\t')
			b = append(b, column...)
		}
		b = append(b, '\n')
	}
	return append(b, '\n')
}
