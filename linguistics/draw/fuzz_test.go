package draw_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/linguistics/draw"
)

// fuzzSentence makes a sentence of a text, whose words are its tokens, tags and labels, and of numbers, which are the places
// of spans and arcs, valid or not.
func fuzzSentence(text string, numbers []byte) draw.Sentence {
	s := draw.Sentence{Title: text, Language: text, Tokens: strings.Split(text, " "), Layers: []draw.Layer{{Name: "tags", Tags: strings.Split(text, "|")}, {Name: text}, {Name: "more", Notes: []string{text}}}}
	label := func(i int) string { return s.Tokens[i%len(s.Tokens)] }
	for i := 0; i+3 < len(numbers); i += 4 {
		a, b, c, layer := int(numbers[i])-2, int(numbers[i+1])-2, int(numbers[i+2]), &s.Layers[int(numbers[i+3])%len(s.Layers)]
		layer.Arcs = append(layer.Arcs, draw.Arc{Head: a, Dependent: b, Label: label(c)})
		layer.Spans = append(layer.Spans, draw.Span{Tokens: []int{a, b, c}, Label: label(c), Cluster: a}, draw.Span{Tokens: []int{b}, Label: label(i)})
	}
	return s
}

// FuzzDraw checks that any sentence is drawn, without characters that a terminal acts upon and without elements of its own in
// the page.
func FuzzDraw(f *testing.F) {
	for _, s := range []draw.Sentence{english, crossing, hebrew, wide, features} {
		f.Add(strings.Join(s.Tokens, " "), []byte{1, 2, 3, 0, 5, 2, 9, 1, 4, 4, 4, 2}, byte(40))
	}
	f.Add("\x1b[2J <script> \u202e \xff a|b|ccccccccccccc א \u200d", []byte("0123456789abcdef"), byte(0))
	f.Fuzz(func(t *testing.T, text string, numbers []byte, width byte) {
		d := of(fuzzSentence(text, numbers))
		var out, page bytes.Buffer
		if err := draw.Text(&out, d, &draw.TextOptions{Width: int(width)}); err != nil {
			t.Fatal(err)
		}
		if err := draw.HTML(&page, d); err != nil {
			t.Fatal(err)
		}
		for _, b := range []*bytes.Buffer{&out, &page} {
			if !utf8.Valid(b.Bytes()) {
				t.Errorf("invalid UTF-8: %q", b)
			}
			for _, r := range b.String() {
				if r != '\n' && r != '\u2068' && r != '\u2069' && r != '\u200c' && r != '\u200d' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && !unicode.In(r, unicode.Prepended_Concatenation_Mark) {
					t.Errorf("%U in %q", r, b)
				}
			}
		}
		if strings.Contains(page.String(), "<script") || strings.Count(page.String(), "<svg") != strings.Count(page.String(), "</svg>") {
			t.Errorf("not a page: %s", &page)
		}
	})
}
