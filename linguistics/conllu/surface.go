package conllu

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Span is the place of a token in a text, in bytes: from Start up to, but not including, End.
type Span struct{ Start, End int }

// Surface is the text of a sentence, with the places of its rows.
type Surface struct {
	// Text is the text of the comment "text", if the tokens occur in it in their order, with nothing but spaces between
	// them. Otherwise it is made from the tokens.
	Text string
	// Spans has a span for each row. Words of a multiword token have the span of the token, and empty nodes have the
	// empty span after the word before them.
	Spans []Span
	// After is the text between this sentence and the next one: a space, nothing if the last token has SpaceAfter=No,
	// or the value of its SpacesAfter.
	After string
	// Stated reports whether Text comes from the comment.
	Stated bool
}

// Surface returns the text of the sentence with the places of its rows.
func (s *Sentence) Surface() Surface {
	if text, ok := s.textComment(); ok {
		if spans, ok := s.align(text); ok {
			return Surface{Text: text, Spans: spans, After: s.after(), Stated: true}
		}
	}
	return s.compose()
}

// textComment returns the value of the comment "text", including spaces at its end.
func (s *Sentence) textComment() (string, bool) {
	for _, comment := range s.Comments {
		if text, found := strings.CutPrefix(comment, " text = "); found {
			return text, true
		}
	}
	return "", false
}

// align returns the spans of the rows in a text, or false if the tokens do not occur in it in their order with only
// spaces between them.
func (s *Sentence) align(text string) ([]Span, bool) {
	spans := make([]Span, 0, len(s.Rows))
	at, covered := 0, 0
	last := Span{}
	for i := range s.Rows {
		r := &s.Rows[i]
		switch {
		case r.ID.IsEmpty():
			spans = append(spans, Span{last.End, last.End})
			continue
		case r.ID.IsWord() && r.ID.Word <= covered:
			spans = append(spans, last)
			continue
		}
		at += spacesLen(text[at:])
		if !strings.HasPrefix(text[at:], r.Form) {
			return nil, false
		}
		last = Span{at, at + len(r.Form)}
		at = last.End
		covered = r.ID.Last
		spans = append(spans, last)
	}
	return spans, at+spacesLen(text[at:]) == len(text)
}

// compose makes the text from the tokens, with the spaces after each token that MISC states.
func (s *Sentence) compose() Surface {
	var out strings.Builder
	spans := make([]Span, 0, len(s.Rows))
	covered := 0
	last, gap := Span{}, ""
	for i := range s.Rows {
		r := &s.Rows[i]
		switch {
		case r.ID.IsEmpty():
			spans = append(spans, Span{last.End, last.End})
			continue
		case r.ID.IsWord() && r.ID.Word <= covered:
			spans = append(spans, last)
			continue
		}
		out.WriteString(gap)
		start := out.Len()
		out.WriteString(r.Form)
		last, gap = Span{start, out.Len()}, r.spaceAfter()
		covered = r.ID.Last
		spans = append(spans, last)
	}
	return Surface{Text: out.String(), Spans: spans, After: gap}
}

// after returns the spaces after the last token.
func (s *Sentence) after() string {
	covered, last := 0, 0
	for i := range s.Rows {
		if id := s.Rows[i].ID; id.IsRange() || id.IsWord() && id.Word > covered {
			last, covered = i, max(covered, id.Last)
		}
	}
	return s.Rows[last].spaceAfter()
}

// spaceAfter returns the spaces after a token, as MISC says.
func (r *Row) spaceAfter() string {
	if spaces, ok := r.MiscValue("SpacesAfter"); ok {
		return unescape(spaces)
	}
	if v, ok := r.MiscValue("SpaceAfter"); ok && v == "No" {
		return ""
	}
	return " "
}

// unescape returns the spaces that a SpacesAfter of the UDPipe convention stands for: \s \t \r \n \p (for |) and \\.
var unescape = strings.NewReplacer(`\s`, " ", `\t`, "\t", `\r`, "\r", `\n`, "\n", `\p`, "|", `\\`, `\`).Replace

// spacesLen returns the length of the spaces at the beginning of a text, in bytes.
func spacesLen(text string) int {
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		if !unicode.IsSpace(r) {
			break
		}
		n += size
	}
	return n
}
