package draw

import "strings"

// style is how a piece of text looks on a terminal.
type style uint8

// The styles. Those of clusters begin at styleCluster.
const (
	stylePlain style = iota
	styleToken
	styleName
	styleLine
	styleLabel
	styleHeading
	styleCluster
)

// clusterStyles is how many colors clusters have.
const clusterStyles = 6

// codes are the SGR parameters of the styles (ECMA-48).
var codes = [...]string{
	styleToken: "1", styleName: "2", styleLine: "2", styleLabel: "36", styleHeading: "1",
	styleCluster: "33", styleCluster + 1: "35", styleCluster + 2: "32", styleCluster + 3: "34", styleCluster + 4: "31", styleCluster + 5: "96",
}

// clusterStyle returns the style for the cluster with this number, from 1, or the style of labels if cluster is 0.
func clusterStyle(cluster int) style {
	if cluster < 1 {
		return styleLabel
	}
	return styleCluster + style((cluster-1)%clusterStyles)
}

// canvas is a grid of cells.
type canvas struct {
	rows [][]glyph
}

// glyph is the content of a cell. A text that is wider than one cell is stored in its first cell, and the other cells
// are marked as covered.
type glyph struct {
	text    string
	style   style
	covered bool
	// lines are the directions of the lines that meet in the cell, if it has no text.
	lines uint8
}

// at returns the cell at a position. If the canvas is too small, at extends it.
func (c *canvas) at(x, y int) *glyph {
	for len(c.rows) <= y {
		c.rows = append(c.rows, nil)
	}
	for len(c.rows[y]) <= x {
		c.rows[y] = append(c.rows[y], glyph{})
	}
	return &c.rows[y][x]
}

// put draws a text that begins in the cell at x and y.
func (c *canvas) put(x, y int, text cell, s style) {
	if text.width == 0 {
		return
	}
	for i := range text.width {
		*c.at(x+i, y) = glyph{covered: true}
	}
	*c.at(x, y) = glyph{text: text.isolated(), style: s}
}

// The directions of lines.
const (
	up = 1 << iota
	down
	left
	right
)

// corners has the character for each set of directions in which lines leave a cell.
var corners = [16]string{
	0: " ", up: "╵", down: "╷", left: "╴", right: "╶", up | down: "│", left | right: "─",
	up | left: "╯", up | right: "╰", down | left: "╮", down | right: "╭",
	up | down | left: "┤", up | down | right: "├", up | left | right: "┴", down | left | right: "┬", up | down | left | right: "┼",
}

// horizontal draws a line from the middle of the cell at x1 to the middle of the cell at x2.
func (c *canvas) horizontal(x1, x2, y int, s style) {
	for x := x1; x <= x2; x++ {
		g := c.at(x, y)
		if x > x1 {
			g.lines |= left
		}
		if x < x2 {
			g.lines |= right
		}
		g.style = s
	}
}

// vertical draws a line from the middle of the cell at y1 to the bottom of the cell at y2.
func (c *canvas) vertical(x, y1, y2 int, s style) {
	for y := y1; y <= y2; y++ {
		g := c.at(x, y)
		if y > y1 {
			g.lines |= up
		}
		g.lines |= down
		g.style = s
	}
}

// free reports whether width cells from x have no text and no line that goes up or down.
func (c *canvas) free(x, y, width int) bool {
	for i := range width {
		if g := c.at(x+i, y); g.text != "" || g.covered || g.lines&(up|down) != 0 {
			return false
		}
	}
	return true
}

// write appends the canvas to b, without spaces at the ends of lines.
func (c *canvas) write(b *strings.Builder, color bool) {
	for _, row := range c.rows {
		end := len(row)
		for end > 0 && row[end-1].text == "" && !row[end-1].covered && row[end-1].lines == 0 {
			end--
		}
		current := stylePlain
		for _, g := range row[:end] {
			if g.covered {
				continue
			}
			text := g.text
			if text == "" {
				text = corners[g.lines]
			}
			wanted := g.style
			if text == " " {
				wanted = current // a space looks the same in any color
			}
			if color && wanted != current {
				b.WriteString(change(current, wanted))
				current = wanted
			}
			b.WriteString(text)
		}
		if current != stylePlain {
			b.WriteString(change(current, stylePlain))
		}
		b.WriteByte('\n')
	}
}

// change returns the escape sequence that changes one style to another.
func change(from, to style) string {
	switch {
	case to == stylePlain:
		return "\x1b[0m"
	case from == stylePlain:
		return "\x1b[" + codes[to] + "m"
	}
	return "\x1b[0;" + codes[to] + "m"
}

// styled returns a text with the escape sequences for a style, or the text alone if color is not set.
func styled(text string, s style, color bool) string {
	if !color || s == stylePlain || text == "" {
		return text
	}
	return change(stylePlain, s) + text + change(s, stylePlain)
}
