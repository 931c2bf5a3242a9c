package draw

import (
	"fmt"
	"strings"
)

// The dimensions of a picture, in pixels.
const (
	cellWidth = 8.6 // the width of a character in a monospaced font of 14 pixels
	arcHeight = 22
	rowHeight = 22
	margin    = 6
)

// svg is the picture of a block, as data for the template.
type svg struct {
	Width, Height int
	Paths         []svgPath
	Texts         []svgText
}

// svgPath is a path: its data (the attribute d) and its CSS class.
type svgPath struct{ D, Class string }

// svgText is a text with its position in pixels and its CSS class.
type svgText struct {
	X, Y, Class, Text string
	RTL               bool
	// Token says that the text is a token, which is in the language of the sentence.
	Token bool
}

// svg returns the picture of block n, with the same content and arrangement as [picture.block].
func (p *picture) svg(n int) *svg {
	b := &p.blocks[n]
	s := &svg{}
	y := margin
	tokens := func() {
		y += rowHeight
		for i := b.first; i < b.last; i++ {
			s.text(p.center(b, i), y-6, p.tokens[i], svgText{Class: "token", Token: true})
		}
	}
	first := p.first()
	if first >= 0 {
		p.svgArcs(s, first, n, &y)
	}
	tokens()
	if p.numbered {
		y += rowHeight - 6
		for i := b.first; i < b.last; i++ {
			s.text(p.center(b, i), y-4, cell{number(i), 1}, svgText{Class: "number"})
		}
	}
	for i := range p.Layers {
		p.svgTags(s, i, b, &y)
		p.svgSpans(s, i, n, &y)
	}
	for i := first + 1; i < len(p.Layers); i++ {
		if len(p.arcs[i][n]) > 0 {
			p.svgArcs(s, i, n, &y)
			tokens()
		}
	}
	s.Width, s.Height = int(float64(p.names+b.width)*cellWidth)+2*margin, y+margin
	return s
}

// at returns the horizontal position of the middle of cell x, in pixels.
func (p *picture) at(x int) float64 { return margin + (float64(p.names+x)+0.5)*cellWidth }

// center returns the horizontal position of the middle of a token's column, in pixels.
func (p *picture) center(b *block, token int) float64 {
	x, width := p.column(b, token)
	return margin + (float64(p.names+x)+float64(width)/2)*cellWidth
}

// text adds a text with the position x and y, unless it is empty.
func (s *svg) text(x float64, y int, c cell, t svgText) {
	t.X, t.Y, t.Text, t.RTL = fmt.Sprintf("%.1f", x), fmt.Sprint(y), c.text, hasRTL(c.text)
	if c.text != "" {
		s.Texts = append(s.Texts, t)
	}
}

// path adds a path of a CSS class.
func (s *svg) path(class, format string, args ...any) {
	s.Paths = append(s.Paths, svgPath{fmt.Sprintf(format, args...), class})
}

func (p *picture) svgName(s *svg, layer, y int) {
	s.text(margin, y, newCell(p.Layers[layer].Name, maxName), svgText{Class: "name"})
}

func (p *picture) svgTags(s *svg, layer int, b *block, y *int) {
	lines := 0
	for i := b.first; i < min(b.last, len(p.Layers[layer].Tags)); i++ {
		for n, line := range tagLines(p.Layers[layer].Tags[i]) {
			s.text(p.center(b, i), *y+(n+1)*rowHeight-6-4*n, line, svgText{Class: "tag"})
			lines = max(lines, n+1)
		}
	}
	if lines > 0 {
		p.svgName(s, layer, *y+rowHeight-6)
		*y += lines*rowHeight - 4*(lines-1)
	}
}

func (p *picture) svgSpans(s *svg, layer, n int, y *int) {
	items := p.spans[layer][n]
	height := levels(items)
	if height == 0 {
		return
	}
	for _, it := range items {
		if it.level == 0 {
			continue
		}
		top := *y + (it.level-1)*rowHeight + 2
		class := hue(it.cluster)
		edge := func(x int, right bool) float64 {
			if right {
				return p.at(x) + 0.4*cellWidth
			}
			return p.at(x) - 0.4*cellWidth
		}
		if len(it.parts) > 1 {
			s.path(class+" gap", "M%.1f,%dH%.1f", edge(it.lo, false), top+4, edge(it.hi, true))
		}
		widest := it.parts[0]
		for i, part := range it.parts {
			var d strings.Builder
			if i == 0 && it.openLow {
				fmt.Fprintf(&d, "M%.1f,%d", edge(part[0], false), top+4)
			} else {
				fmt.Fprintf(&d, "M%.1f,%dv4", edge(part[0], false), top)
			}
			fmt.Fprintf(&d, "H%.1f", edge(part[1], true))
			if i < len(it.parts)-1 || !it.openHigh {
				d.WriteString("v-4")
			}
			s.path(class, "%s", d.String())
			if part[1]-part[0] > widest[1]-widest[0] {
				widest = part
			}
		}
		label := newCell(it.label.text, max(1, widest[1]-widest[0]+1))
		s.text((p.at(widest[0])+p.at(widest[1]))/2, top+16, label, svgText{Class: "label " + class})
	}
	p.svgName(s, layer, *y+rowHeight-6)
	*y += height*rowHeight + 4
}

// hue returns the CSS class that sets the color of a cluster.
func hue(cluster int) string {
	if cluster < 1 {
		return "c0"
	}
	return fmt.Sprint("c", (cluster-1)%clusterStyles+1)
}

func (p *picture) svgArcs(s *svg, layer, n int, y *int) {
	items := p.arcs[layer][n]
	height := levels(items)
	if height == 0 {
		return
	}
	bottom := *y + height*arcHeight + 10
	for _, it := range items {
		if it.level == 0 {
			continue
		}
		line := bottom - it.level*arcHeight + 4
		from, to := p.at(it.from), p.at(it.to)
		if it.single {
			if it.incoming {
				s.arrow(to, bottom)
			} else {
				to += 4 // beside the arrow of the arc that leads to the token
			}
			s.path("arc", "M%.1f,%dV%d", to, line+4, bottom-1)
			s.text((p.at(it.lo)+p.at(it.hi))/2, line, it.label, svgText{Class: "relation"})
			continue
		}
		// Arcs leave a head beside the arrow of the one that leads to it.
		bend := 4.0
		if to < from {
			bend = -4
		}
		from += bend
		s.path("arc", "M%.1f,%dV%dq0,-5 %.1f,-5H%.1fq%.1f,0 %.1f,5V%d", from, bottom-1, line+5, bend*1.25, to-bend*1.25, bend*1.25, bend*1.25, bottom-1)
		s.arrow(to, bottom)
		s.text((from+to)/2, line-3, newCell(it.label.text, max(1, it.hi-it.lo+1)), svgText{Class: "relation"})
	}
	p.svgName(s, layer, bottom-4)
	*y = bottom
}

// arrow adds an arrowhead that points down to x and y.
func (s *svg) arrow(x float64, y int) {
	s.path("tip", "M%.1f,%dl-3,-6h6z", x, y)
}
