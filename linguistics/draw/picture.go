package draw

import (
	"strconv"
	"strings"
)

// number returns the number of a token, which is counted from 1, as text. token is its index, from 0.
func number(token int) string { return strconv.Itoa(token + 1) }

// namesWidth returns the width of the longest name of a sentence's layers, with the space after it, or 0 without names.
func namesWidth(s *Sentence) int {
	width := 0
	for i := range s.Layers[:min(len(s.Layers), MaxLayers)] {
		width = max(width, newCell(s.Layers[i].Name, maxName).width)
	}
	if width > 0 {
		width += columnGap
	}
	return width
}

// writeSentence appends the blocks and the notes of a sentence to b.
func writeSentence(b *strings.Builder, s *Sentence, left *budget, o *TextOptions) {
	names := namesWidth(s)
	l := newLayout(s, o.Width-names, left)
	p := &picture{layout: l, names: names, numbered: l.crosses()}
	for i := range l.blocks {
		if i > 0 {
			b.WriteByte('\n')
		}
		c := &canvas{}
		p.block(c, i)
		c.write(b, o.Color)
	}
	for i := range l.Layers {
		writeNotes(b, l.Layers[i].Name, l.layerNotes(i), o)
	}
	writeNotes(b, "", l.notes, o)
}

// picture draws the blocks of a sentence.
type picture struct {
	*layout
	// names is the width of the layers' names, and numbered says that tokens are drawn with their numbers.
	names    int
	numbered bool
}

// block draws block n: the first layer of arcs above the tokens, tags and spans below them, and each other layer of
// arcs further below, above a copy of the tokens.
func (p *picture) block(c *canvas, n int) {
	b := &p.blocks[n]
	tokens := func() {
		y := len(c.rows)
		for i := b.first; i < b.last; i++ {
			p.inColumn(c, b, i, y, p.tokens[i], styleToken)
		}
	}
	first := p.first()
	if first >= 0 {
		p.drawArcs(c, first, n)
	}
	tokens()
	if p.numbered {
		y := len(c.rows)
		for i := b.first; i < b.last; i++ {
			p.inColumn(c, b, i, y, newCell(number(i), p.widths[i]), styleName)
		}
	}
	for i := range p.Layers {
		p.drawTags(c, i, b)
		p.drawSpans(c, i, n)
	}
	for i := first + 1; i < len(p.Layers); i++ {
		if len(p.arcs[i][n]) > 0 {
			p.drawArcs(c, i, n)
			tokens()
		}
	}
}

// inColumn draws a text in the line y, in the middle of a token's column.
func (p *picture) inColumn(c *canvas, b *block, token, y int, text cell, s style) {
	x, width := p.column(b, token)
	c.put(p.names+x+max(0, width-text.width)/2, y, text, s)
}

// drawName draws the name of a layer in the line y.
func (p *picture) drawName(c *canvas, layer, y int) {
	c.put(0, y, newCell(p.Layers[layer].Name, maxName), styleName)
}

// drawTags draws the tags of a layer in a block, below everything drawn before.
func (p *picture) drawTags(c *canvas, layer int, b *block) {
	tags := p.Layers[layer].Tags
	y, drawn := len(c.rows), false
	for i := b.first; i < min(b.last, len(tags)); i++ {
		for n, line := range tagLines(tags[i]) {
			p.inColumn(c, b, i, y+n, line, styleLabel)
			drawn = true
		}
	}
	if drawn {
		p.drawName(c, layer, y)
	}
}

// drawSpans draws the spans of a layer in block n, below everything drawn before.
func (p *picture) drawSpans(c *canvas, layer, n int) {
	items := p.spans[layer][n]
	if levels(items) == 0 {
		return
	}
	top := len(c.rows)
	for _, it := range items {
		if it.level > 0 {
			p.drawSpan(c, it, top+it.level-1)
		}
	}
	p.drawName(c, layer, top)
}

// drawSpan draws a span in the line y as a bracket below its tokens, with a dotted line where the span has a gap.
func (p *picture) drawSpan(c *canvas, it item, y int) {
	s := clusterStyle(it.cluster)
	for x := it.lo; x <= it.hi; x++ {
		c.put(p.names+x, y, cell{"┄", 1}, s)
	}
	widest := it.parts[0]
	for _, part := range it.parts {
		for x := part[0]; x <= part[1]; x++ {
			c.put(p.names+x, y, cell{"─", 1}, s)
		}
		if part[1]-part[0] > widest[1]-widest[0] {
			widest = part
		}
	}
	for i, part := range it.parts {
		low, high := "╰", "╯"
		if i == 0 && it.openLow {
			low = "┄"
		}
		if i == len(it.parts)-1 && it.openHigh {
			high = "┄"
		}
		if part[0] == part[1] {
			low = "╵"
		} else {
			c.put(p.names+part[1], y, cell{high, 1}, s)
		}
		c.put(p.names+part[0], y, cell{low, 1}, s)
	}
	label := it.label
	if room := widest[1] - widest[0] - 1; label.width > room {
		if room < 1 {
			return
		}
		label = newCell(label.text, room)
	}
	c.put(p.names+widest[0]+(widest[1]-widest[0]+1-label.width+1)/2, y, label, s)
}

// drawArcs draws the arcs of a layer in block n, below everything drawn before; the caller then draws the tokens below
// them.
func (p *picture) drawArcs(c *canvas, layer, n int) {
	items := p.arcs[layer][n]
	if levels(items) == 0 {
		return
	}
	bottom := len(c.rows) + levels(items) - 1
	c.at(0, bottom)
	for _, it := range items {
		if it.level == 0 {
			continue
		}
		y := bottom - it.level + 1
		if it.single {
			if y < bottom {
				c.vertical(p.names+it.from, y+1, bottom, styleLine)
			}
			continue
		}
		c.horizontal(p.names+it.lo, p.names+it.hi, y, styleLine)
		c.vertical(p.names+it.lo, y, bottom, styleLine)
		c.vertical(p.names+it.hi, y, bottom, styleLine)
	}
	for _, it := range items {
		if it.level > 0 {
			p.drawLabel(c, it, bottom-it.level+1)
		}
	}
	p.drawName(c, layer, bottom)
}

// drawLabel draws the label of an arc on the arc's line y, if possible at a place where no other line crosses it.
func (p *picture) drawLabel(c *canvas, it item, y int) {
	if it.single {
		c.put(p.names+it.lo, y, it.label, styleLabel)
		return
	}
	room := it.hi - it.lo - 1
	if room < 1 {
		return
	}
	label := newCell(it.label.text, max(1, room-1))
	if room == 1 {
		label = cell{}
	}
	width := label.width + 1
	middle := it.lo + 1 + (room-width)/2
	x := middle
	for off := 0; off <= room; off++ {
		if left := middle - off; left > it.lo && c.free(p.names+left, y, width) {
			x = left
			break
		}
		if right := middle + off; right+width <= it.hi && c.free(p.names+right, y, width) {
			x = right
			break
		}
	}
	x += p.names
	if it.to < it.from {
		c.put(x, y, cell{"◂", 1}, styleLine)
		c.put(x+1, y, label, styleLabel)
	} else {
		c.put(x, y, label, styleLabel)
		c.put(x+label.width, y, cell{"▸", 1}, styleLine)
	}
}
