package draw

import (
	"cmp"
	"slices"
)

// The largest numbers of levels of arcs and of spans in a block.
const (
	maxArcLevels  = 24
	maxSpanLevels = 16
)

// item is an arc or a span, or the part of one that is in a block.
type item struct {
	label cell
	// lo and hi are the first and the last cell that the item takes up.
	lo, hi int
	// level is the item's distance from the tokens, from 1, or 0 if there was no room for it.
	level int
	// cluster is the cluster of a span: see [Span].
	cluster int
	// parts are the first and last cells of the stretches that a span covers; there are several if the span has gaps.
	// openLow and openHigh say that the span continues in another block at its left or its right end.
	parts             [][2]int
	openLow, openHigh bool
	// from and to are the cells in the middle of the columns of an arc's head and dependent. single says that the arc
	// is drawn at one token only, because its other end is the root, in another block, or the same token; from and to
	// are then both the middle of that token's column.
	from, to int
	single   bool
	// incoming says that the token of a single arc is its dependent.
	incoming bool
}

// stack sets the levels of items, so that each is farther from the tokens than all shorter ones that it overlaps. It
// returns the number of items that would need a level above most. Items that share at most touch cells do not overlap.
func stack(items []item, most, touch int) (missing int) {
	slices.SortStableFunc(items, func(a, b item) int {
		// Items at a single token are farther from the tokens than the arcs of that token.
		if a.single != b.single {
			if a.single {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(a.hi-a.lo, b.hi-b.lo), cmp.Compare(a.lo, b.lo))
	})
	var placed []*item
	for i := range items {
		it := &items[i]
		level := 1
		for _, other := range placed {
			near := touch
			if it.single || other.single {
				near = -1 // labels need a space between them
			}
			if it.lo+near <= other.hi && other.lo+near <= it.hi {
				level = max(level, other.level+1)
			}
		}
		if level > most {
			missing++
			continue
		}
		it.level = level
		placed = append(placed, it)
	}
	return missing
}

// levels returns the highest level of items, or 0.
func levels(items []item) int {
	n := 0
	for _, it := range items {
		n = max(n, it.level)
	}
	return n
}

// arcsIn returns the arcs of a layer as the items of each block. An arc between two blocks is an item in both.
func (l *layout) arcsIn(layer *Layer) [][]item {
	out := make([][]item, len(l.blocks))
	for _, arc := range layer.Arcs {
		to := l.blockOf[arc.Dependent]
		if arc.Head != Root && l.blockOf[arc.Head] == to {
			b := &l.blocks[to]
			it := item{label: newCell(arc.Label, maxLabel), from: l.middle(b, arc.Head), to: l.middle(b, arc.Dependent)}
			it.lo, it.hi = min(it.from, it.to), max(it.from, it.to)
			it.single, it.incoming = arc.Head == arc.Dependent, arc.Head == arc.Dependent
			if it.single {
				it.label = newCell(arc.Label+" ↺", maxLabel)
				l.around(b, &it)
			}
			out[to] = append(out[to], it)
			continue
		}
		label := arc.Label
		if arc.Head != Root {
			label = number(arc.Head) + "▸" + label
			from := l.blockOf[arc.Head]
			it := item{label: newCell(arc.Label+"▸"+number(arc.Dependent), maxLabel), single: true}
			it.from = l.middle(&l.blocks[from], arc.Head)
			l.around(&l.blocks[from], &it)
			out[from] = append(out[from], it)
		}
		it := item{label: newCell(label, maxLabel), single: true, incoming: true, from: l.middle(&l.blocks[to], arc.Dependent)}
		l.around(&l.blocks[to], &it)
		out[to] = append(out[to], it)
	}
	return out
}

// around sets the position of a single item so that its label is centered on it.from, as far as the block allows.
func (l *layout) around(b *block, it *item) {
	it.to = it.from
	it.lo = max(0, min(it.from-it.label.width/2, b.width-it.label.width))
	it.hi = it.lo + it.label.width - 1
}

// crosses reports whether any arc connects tokens of two blocks.
func (l *layout) crosses() bool {
	for i := range l.Layers {
		for _, arc := range l.Layers[i].Arcs {
			if arc.Head != Root && l.blockOf[arc.Head] != l.blockOf[arc.Dependent] {
				return true
			}
		}
	}
	return false
}

// spansIn returns the spans of a layer as the items of each block. A span in several blocks is an item in each.
func (l *layout) spansIn(layer *Layer) [][]item {
	out := make([][]item, len(l.blocks))
	for _, span := range layer.Spans {
		for rest := span.Tokens; len(rest) > 0; {
			n := l.blockOf[rest[0]]
			b := &l.blocks[n]
			here := 1
			for here < len(rest) && rest[here] < b.last {
				here++
			}
			it := item{label: newCell(span.Label, maxLabel), cluster: span.Cluster}
			for i := 0; i < here; {
				end := i + 1
				for end < here && rest[end] == rest[end-1]+1 {
					end++
				}
				x, _ := l.column(b, rest[i])
				last, width := l.column(b, rest[end-1])
				if l.rtl {
					last, _ = l.column(b, rest[i])
					x, _ = l.column(b, rest[end-1])
					width = l.widths[rest[i]]
				}
				it.parts = append(it.parts, [2]int{x, last + width - 1})
				i = end
			}
			it.openLow, it.openHigh = len(rest) < len(span.Tokens), here < len(rest)
			if l.rtl {
				slices.Reverse(it.parts)
				it.openLow, it.openHigh = it.openHigh, it.openLow
			}
			it.lo, it.hi = it.parts[0][0], it.parts[len(it.parts)-1][1]
			out[n] = append(out[n], it)
			rest = rest[here:]
		}
	}
	return out
}
