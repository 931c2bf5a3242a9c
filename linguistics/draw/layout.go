package draw

import "slices"

// The number of cells between columns, and the least width of a block in cells.
const (
	columnGap = 2
	minWidth  = 20
)

// layout has the positions of a sentence's tokens: each has a column, and each block consists of as many columns as fit
// into the width of a line. All widths and positions are in cells.
type layout struct {
	*Sentence
	rtl    bool
	tokens []cell
	// widths are the widths of the columns, and gaps the cells before each column.
	widths, gaps []int
	blocks       []block
	// blockOf is the index of the block of each token.
	blockOf []int
	// arcs[i][n] and spans[i][n] are the arcs and spans of layer i in block n.
	arcs, spans [][][]item
	// missing is the number of spans and arcs of each layer that are not drawn for lack of space.
	missing []int
	// notes say which parts of the sentence are left out.
	notes []string
}

// block is a part of a sentence that is drawn as one picture.
type block struct {
	first, last int // the indexes of its tokens, up to, but not including, last
	x           []int
	width       int
}

// newLayout returns the layout of a sentence. Blocks are at most width cells wide, unless a single column is wider.
func newLayout(s *Sentence, width int, left *budget) *layout {
	l := &layout{}
	l.Sentence, l.notes = s.limited(left)
	l.rtl = l.Sentence.rtl()
	l.tokens = make([]cell, len(l.Tokens))
	l.widths, l.gaps = make([]int, len(l.Tokens)), make([]int, len(l.Tokens))
	for i, token := range l.Tokens {
		l.tokens[i] = newCell(token, maxForm)
		l.widths[i], l.gaps[i] = max(1, l.tokens[i].width), columnGap
	}
	for i := range l.Layers {
		l.makeRoom(&l.Layers[i])
	}
	if len(l.Tokens) > 0 && l.attach(0, len(l.Tokens)-1) > width { // there will be blocks, and so numbers
		for i := range l.widths {
			l.widths[i] = max(l.widths[i], len(number(i)))
		}
	}
	l.divide(max(width, minWidth))
	l.arcs, l.spans, l.missing = make([][][]item, len(l.Layers)), make([][][]item, len(l.Layers)), make([]int, len(l.Layers))
	for i := range l.Layers {
		l.arcs[i], l.spans[i] = l.arcsIn(&l.Layers[i]), l.spansIn(&l.Layers[i])
		for n := range l.blocks {
			l.missing[i] += stack(l.arcs[i][n], maxArcLevels, 1) + stack(l.spans[i][n], maxSpanLevels, 0)
		}
	}
	return l
}

// first returns the index of the first layer that has arcs, or -1.
func (l *layout) first() int {
	return slices.IndexFunc(l.Layers, func(layer Layer) bool { return len(layer.Arcs) > 0 })
}

// layerNotes returns the notes of a layer, including one about spans and arcs that are not drawn.
func (l *layout) layerNotes(layer int) []string {
	notes := l.Layers[layer].Notes
	if n := l.missing[layer]; n > 0 {
		return slices.Concat(notes, []string{count(n, "item") + " not drawn: too many at one place"})
	}
	return notes
}

// makeRoom widens the columns and the gaps so that the tags of a layer, and the labels of its short spans and arcs,
// fit.
func (l *layout) makeRoom(layer *Layer) {
	for i, tag := range layer.Tags {
		for _, line := range tagLines(tag) {
			l.widths[i] = max(l.widths[i], line.width)
		}
	}
	for _, span := range layer.Spans {
		first, last := span.Tokens[0], span.Tokens[len(span.Tokens)-1]
		if need := newCell(span.Label, maxLabel).width + 2; last-first < maxLabel/(columnGap+1) {
			if room := l.attach(first, last) + l.widths[first]/2 + (l.widths[last]+1)/2; room < need {
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

// attach returns the distance between the middles of two columns, in cells, as if they were in the same block.
func (l *layout) attach(first, last int) int {
	distance := l.widths[last]/2 - l.widths[first]/2
	for i := first; i < last; i++ {
		distance += l.widths[i] + l.gaps[i+1]
	}
	return distance
}

// divide puts the columns into as few blocks as the width allows. It then makes the blocks as narrow as this number of
// blocks allows, so that the last one is not much shorter than the others.
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

// split sets the blocks, with as many columns in each as fit into width.
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

// column returns the position and the width of a token's column in a block.
func (l *layout) column(b *block, token int) (x, width int) {
	return b.x[token-b.first], l.widths[token]
}

// middle returns the position of the middle of a token's column, where its arcs end.
func (l *layout) middle(b *block, token int) int {
	x, width := l.column(b, token)
	return x + width/2
}
