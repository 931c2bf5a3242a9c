package draw

import (
	"slices"
	"strconv"
)

// Root is used as the head of a token that has no head.
const Root = -1

// Sentence is a tokenized text with layers of annotation.
type Sentence struct {
	// Title is the heading of the sentence, such as its identifier. It may be empty.
	Title string
	// Language is the BCP 47 tag of its language; empty if it is not known.
	Language string
	// Tokens are the tokens, in the order of the text.
	Tokens []string
	// Layers are the layers of annotation, in the order in which they are drawn.
	Layers []Layer
}

// Layer is a layer of annotation. Usually only one of its fields is set besides Name. Spans and arcs with an index that
// no token has are not drawn, and a note says how many they are.
type Layer struct {
	Name string
	// Tags has a tag for each token. An empty one is not drawn.
	Tags []string
	// Spans are stretches of the text.
	Spans []Span
	// Arcs are relations between tokens.
	Arcs []Arc
	// Notes are texts that do not belong to particular tokens, one for each line.
	Notes []string
}

// Span is a stretch of the text.
type Span struct {
	// Tokens are the indexes of the tokens in it, in ascending order. They may have gaps.
	Tokens []int
	Label  string
	// Cluster is the number of the cluster that the span belongs to, from 1; 0 for none. Spans of one cluster have the
	// same color.
	Cluster int
}

// Arc is a relation between two tokens, given by their indexes, or between [Root] and a token.
type Arc struct {
	Head, Dependent int
	Label           string
}

// The limits of what is drawn. Anything beyond them is left out, and a note says how much.
const (
	// MaxSentences is the largest number of sentences of a document that are drawn, and MaxTokens that of tokens of a
	// sentence.
	MaxSentences, MaxTokens = 500, 2000
	// MaxLayers is the largest number of layers of a sentence that are drawn.
	MaxLayers = 64
	// MaxSpans is the largest number of spans, and of arcs, of a layer that are drawn.
	MaxSpans = 8000
	// MaxAllTokens is the largest number of tokens of a whole document that are drawn, and MaxAllSpans that of spans
	// and arcs.
	MaxAllTokens, MaxAllSpans = 20_000, 50_000
	// MaxNotes is the largest number of notes of a layer, and of a section, that are written.
	MaxNotes = 200
	// MaxRows is the largest number of rows of a table that are drawn, and MaxNodes that of nodes of a tree.
	MaxRows, MaxNodes = 1000, 5000
	// MaxDepth is the number of levels of a tree that are drawn.
	MaxDepth = 32
)

// budget is how many more sentences, tokens and spans (including arcs) of a document may be drawn.
type budget struct{ sentences, tokens, spans int }

func newBudget() *budget { return &budget{MaxSentences, MaxAllTokens, MaxAllSpans} }

// take returns how many of n things may be drawn, which is at most limit, and subtracts this number from left.
func take(left *int, n, limit int) int {
	n = min(n, limit, *left)
	*left -= n
	return n
}

// limited returns the part of a sentence that is drawn, and notes that say what is left out.
func (s *Sentence) limited(left *budget) (*Sentence, []string) {
	out := *s
	out.Tokens = s.Tokens[:take(&left.tokens, len(s.Tokens), MaxTokens)]
	out.Layers = make([]Layer, min(len(s.Layers), MaxLayers))
	for i := range out.Layers {
		layer := &s.Layers[i]
		out.Layers[i] = Layer{Name: layer.Name, Tags: layer.Tags[:min(len(layer.Tags), len(out.Tokens))]}
		for _, span := range layer.Spans[:take(&left.spans, len(layer.Spans), MaxSpans)] {
			if n := len(span.Tokens); n > 0 && span.Tokens[0] >= 0 && span.Tokens[n-1] < len(out.Tokens) && ascending(span.Tokens) {
				out.Layers[i].Spans = append(out.Layers[i].Spans, span)
			}
		}
		for _, arc := range layer.Arcs[:take(&left.spans, len(layer.Arcs), MaxSpans)] {
			if arc.Head >= Root && arc.Head < len(out.Tokens) && arc.Dependent >= 0 && arc.Dependent < len(out.Tokens) {
				out.Layers[i].Arcs = append(out.Layers[i].Arcs, arc)
			}
		}
		out.Layers[i].Notes = layer.notes(len(out.Layers[i].Spans), len(out.Layers[i].Arcs))
	}
	var notes []string
	if more := len(s.Tokens) - len(out.Tokens); more > 0 {
		notes = append(notes, "… and "+count(more, "more token"))
	}
	if more := len(s.Layers) - len(out.Layers); more > 0 {
		notes = append(notes, "… and "+count(more, "more layer"))
	}
	return &out, notes
}

func ascending(indexes []int) bool {
	for i := range indexes[1:] {
		if indexes[i] >= indexes[i+1] {
			return false
		}
	}
	return true
}

// notes returns the notes of a layer of which the given numbers of spans and arcs are drawn.
func (l *Layer) notes(spans, arcs int) []string {
	notes, more := limited(l.Notes, MaxNotes, "note")
	if missing := len(l.Spans) - spans; missing > 0 {
		more = append(more, count(missing, "span")+" not drawn")
	}
	if missing := len(l.Arcs) - arcs; missing > 0 {
		more = append(more, count(missing, "arc")+" not drawn")
	}
	return slices.Concat(notes, more)
}

// count returns a number with a noun, in the plural unless n is 1.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
