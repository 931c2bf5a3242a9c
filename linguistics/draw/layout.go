package draw

import (
	"fmt"
	"strconv"
)

// The cells between columns, and the least width of a block.
const (
	columnGap = 2
	minWidth  = 20
)

// layout is where the tokens of a sentence are drawn: in columns, of which as many as fit make a block.
type layout struct {
	*Sentence
	rtl    bool
	tokens []cell
	// widths are those of the columns, and gaps the cells before each.
	widths, gaps []int
	blocks       []block
	// blockOf is the block of each token.
	blockOf []int
	notes   []string
}

// block is a part of a sentence that is drawn as one picture.
type block struct {
	first, last int // the tokens, up to, but not including, last
	x           []int
	width       int
}

// newLayout places the tokens of a sentence. Blocks are as wide as width, if a single token is not wider.
func newLayout(s *Sentence, width int) *layout {
	l := &layout{Sentence: s.limited(), rtl: s.rtl()}
	l.notes = leftOut(s)
	l.tokens = make([]cell, len(l.Tokens))
	l.widths, l.gaps = make([]int, len(l.Tokens)), make([]int, len(l.Tokens))
	for i, token := range l.Tokens {
		l.tokens[i] = newCell(token, maxForm)
		l.widths[i], l.gaps[i] = max(1, l.tokens[i].width), columnGap
	}
	for i := range l.Layers {
		l.makeRoom(&l.Layers[i])
	}
	l.divide(max(width, minWidth))
	return l
}

// limited returns the part of a sentence that is drawn.
func (s *Sentence) limited() *Sentence {
	out := *s
	out.Tokens = s.Tokens[:min(len(s.Tokens), MaxTokens)]
	out.Layers = make([]Layer, min(len(s.Layers), MaxLayers))
	for i := range out.Layers {
		layer := &s.Layers[i]
		out.Layers[i] = Layer{Name: layer.Name, Tags: layer.Tags[:min(len(layer.Tags), len(out.Tokens))]}
		for _, span := range layer.Spans[:min(len(layer.Spans), MaxSpans)] {
			if n := len(span.Tokens); n > 0 && span.Tokens[0] >= 0 && span.Tokens[n-1] < len(out.Tokens) && ascending(span.Tokens) {
				out.Layers[i].Spans = append(out.Layers[i].Spans, span)
			}
		}
		for _, arc := range layer.Arcs[:min(len(layer.Arcs), MaxSpans)] {
			if arc.Head >= Root && arc.Head < len(out.Tokens) && arc.Dependent >= 0 && arc.Dependent < len(out.Tokens) {
				out.Layers[i].Arcs = append(out.Layers[i].Arcs, arc)
			}
		}
		out.Layers[i].Notes = layer.notes(len(out.Layers[i].Spans), len(out.Layers[i].Arcs))
	}
	return &out
}

func ascending(indexes []int) bool {
	for i := range indexes[1:] {
		if indexes[i] >= indexes[i+1] {
			return false
		}
	}
	return true
}

// notes returns the notes of a layer of which so many spans and arcs are drawn.
func (l *Layer) notes(spans, arcs int) []string {
	notes := l.Notes
	if more := len(notes) - MaxNotes; more > 0 {
		notes = append(append([]string{}, notes[:MaxNotes]...), fmt.Sprintf("… and %s", count(more, "more note")))
	}
	if missing := len(l.Spans) - spans; missing > 0 {
		notes = append(notes[:len(notes):len(notes)], count(missing, "span")+" not drawn")
	}
	if missing := len(l.Arcs) - arcs; missing > 0 {
		notes = append(notes[:len(notes):len(notes)], count(missing, "arc")+" not drawn")
	}
	return notes
}

// leftOut says what of a sentence is not drawn.
func leftOut(s *Sentence) (notes []string) {
	if more := len(s.Tokens) - MaxTokens; more > 0 {
		notes = append(notes, "… and "+count(more, "more token"))
	}
	if more := len(s.Layers) - MaxLayers; more > 0 {
		notes = append(notes, "… and "+count(more, "more layer"))
	}
	return notes
}

// count returns a number with a noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// makeRoom makes columns so wide that the labels of a layer fit, as far as that does not take too much.
func (l *layout) makeRoom(layer *Layer) {
	for i, tag := range layer.Tags {
		l.widths[i] = max(l.widths[i], newCell(tag, maxLabel).width)
	}
	for _, span := range layer.Spans {
		first, last := span.Tokens[0], span.Tokens[len(span.Tokens)-1]
		if need := newCell(span.Label, maxLabel).width + 2; last-first < maxLabel/(columnGap+1) {
			if room := l.attach(first, last) - l.widths[first]/2 + (l.widths[last]+1)/2; room < need {
				l.widths[first] += need - room
			}
		}
	}
	for distance := 1; distance < maxLabel/(columnGap+1); distance++ {
		for _, arc := range layer.Arcs {
			first, last := min(arc.Head, arc.Dependent), max(arc.Head, arc.Dependent)
			if arc.Head == Root || last-first != distance {
				continue
			}
			if need := newCell(arc.Label, maxLabel).width + 3 - l.attach(first, last); need > 0 {
				for i := first + 1; i <= last; i++ {
					part := need / (last - i + 1)
					l.gaps[i] += part
					need -= part
				}
			}
		}
	}
}

// attach returns the distance between the middles of two columns.
func (l *layout) attach(first, last int) int {
	distance := l.widths[last]/2 - l.widths[first]/2
	for i := first; i < last; i++ {
		distance += l.widths[i] + l.gaps[i+1]
	}
	return distance
}

// divide puts the columns into as few blocks as the width allows, which it makes as narrow as that number allows, so that
// no token is left alone.
func (l *layout) divide(width int) {
	l.split(width)
	if fewest := len(l.blocks); fewest > 1 {
		low, high := 1, width // with a smaller width there may be more blocks, never fewer
		for low < high {
			middle := (low + high) / 2
			if l.split(middle); len(l.blocks) > fewest {
				low = middle + 1
			} else {
				high = middle
			}
		}
		l.split(low)
	}
	l.blockOf = make([]int, len(l.tokens))
	widest := 0
	for n, b := range l.blocks {
		for i := b.first; i < b.last; i++ {
			l.blockOf[i] = n
		}
		widest = max(widest, b.width)
	}
	if l.rtl {
		for i := range l.blocks {
			b := &l.blocks[i]
			for j := range b.x {
				b.x[j] = widest - b.x[j] - l.widths[b.first+j]
			}
			b.width = widest
		}
	}
}

// split puts as many columns as fit into each block.
func (l *layout) split(width int) {
	l.blocks = nil
	for first := 0; first < len(l.tokens); {
		b := block{first: first, last: first + 1, x: []int{0}, width: l.widths[first]}
		for b.last < len(l.tokens) && b.width+l.gaps[b.last]+l.widths[b.last] <= width {
			b.x = append(b.x, b.width+l.gaps[b.last])
			b.width += l.gaps[b.last] + l.widths[b.last]
			b.last++
		}
		l.blocks = append(l.blocks, b)
		first = b.last
	}
}

// column returns where the column of a token begins and how wide it is.
func (l *layout) column(b *block, token int) (x, width int) {
	return b.x[token-b.first], l.widths[token]
}

// middle returns where arcs reach a token.
func (l *layout) middle(b *block, token int) int {
	x, width := l.column(b, token)
	return x + width/2
}
