package draw

import (
	"io"
	"slices"
	"strings"

	"github.com/clipperhouse/uax29/v2/words"
)

// TextOptions are the options of [Text].
type TextOptions struct {
	// Width is the number of cells in a line; 0 stands for 80. A line is longer if it has a longer word or column.
	Width int
	// Color adds escape sequences for colors (ECMA-48).
	Color bool
}

// Text draws a document for a terminal, or as plain text. The options may be nil. The error is that of w.
func Text(w io.Writer, d *Document, options *TextOptions) error {
	o := TextOptions{}
	if options != nil {
		o = *options
	}
	if o.Width <= 0 {
		o.Width = 80
	}
	var b strings.Builder
	left := newBudget()
	for i := range d.Sections {
		if i > 0 {
			b.WriteByte('\n')
		}
		writeSection(&b, &d.Sections[i], left, &o)
		if _, err := io.WriteString(w, b.String()); err != nil {
			return err
		}
		b.Reset()
	}
	if len(d.Notes) > 0 && len(d.Sections) > 0 {
		b.WriteByte('\n')
	}
	notes, more := limited(d.Notes, MaxNotes, "note")
	writeNotes(&b, "", slices.Concat(notes, more), &o)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeSection appends a section to b. It takes what it draws from left.
func writeSection(b *strings.Builder, s *Section, left *budget, o *TextOptions) {
	if s.Title != "" {
		b.WriteString(styled(wrapped(s.Title, 0, o.Width), styleHeading, o.Color) + "\n")
	}
	names := 0
	facts, more := limited(s.Facts, MaxRows, "fact")
	for _, f := range facts {
		names = max(names, newCell(f.Name, maxName).width)
	}
	for _, f := range facts {
		name := newCell(f.Name, maxName)
		value, note := shortened(f.Value, maxValue)
		b.WriteString(styled(name.isolated(), styleName, o.Color) + strings.Repeat(" ", names-name.width+2))
		b.WriteString(wrapped(value, names+2, o.Width) + "\n")
		more = append(more, note...)
	}
	if s.Text != "" {
		gap(b, len(facts) > 0)
		text, note := shortened(s.Text, maxText)
		for line := range strings.Lines(text) {
			b.WriteString(wrapped(strings.TrimRight(line, "\r\n"), 0, o.Width) + "\n")
		}
		more = append(more, note...)
	}
	shown := 0
	for i := range s.Sentences[:min(len(s.Sentences), left.sentences)] {
		if left.tokens == 0 {
			break
		}
		sentence := &s.Sentences[i]
		left.sentences--
		shown++
		gap(b, i > 0 || s.Text != "" || len(facts) > 0)
		if sentence.Title != "" {
			b.WriteString(styled(wrapped(sentence.Title, 0, o.Width), styleName, o.Color) + "\n")
		}
		writeSentence(b, sentence, left, o)
	}
	if missing := len(s.Sentences) - shown; missing > 0 {
		more = append(more, "… and "+count(missing, "more sentence"))
	}
	for i := range s.Tables {
		gap(b, i > 0 || s.Text != "" || len(facts)+shown > 0)
		writeTable(b, &s.Tables[i], o)
	}
	if len(s.Tree) > 0 {
		gap(b, s.Text != "" || len(facts)+shown+len(s.Tables) > 0)
		writeTree(b, prune(s.Tree), "", o)
	}
	notes, rest := limited(s.Notes, MaxNotes, "note")
	writeNotes(b, "", slices.Concat(notes, rest, more), o)
}

// gap writes an empty line if wanted is set.
func gap(b *strings.Builder, wanted bool) {
	if wanted {
		b.WriteByte('\n')
	}
}

// writeNotes writes each note on its own lines, after name and a colon unless name is "".
func writeNotes(b *strings.Builder, name string, notes []string, o *TextOptions) {
	prefix := ""
	if name != "" {
		prefix = newCell(name, maxName).isolated() + ": "
	}
	for _, note := range notes {
		note, _ := shortened(note, maxValue)
		b.WriteString(styled(prefix, styleName, o.Color) + wrapped(note, newCell(prefix, 2*maxName).width, o.Width) + "\n")
	}
}

// wrapped returns a text in lines of up to width cells. All lines but the first begin with indent spaces: the caller
// has written as much before the first one. Lines are broken at spaces; a piece without spaces that is longer than a
// line is broken between words.
func wrapped(s string, indent, width int) string {
	room := max(width-indent, minWidth)
	var lines []string
	var line strings.Builder
	at, spaces := 0, 0
	end := func() {
		lines = append(lines, cell{text: line.String()}.isolated())
		line.Reset()
		at, spaces = 0, 0
	}
	add := func(piece string, w int) {
		line.WriteString(strings.Repeat(" ", spaces) + piece)
		at += spaces + w
		spaces = 0
	}
	for i, piece := range strings.Split(visible(s), " ") {
		if i > 0 {
			spaces++
		}
		w := widths.StringWidth(piece)
		if w > room {
			for part := words.FromString(piece); part.Next(); {
				w := widths.StringWidth(part.Value())
				if at > 0 && at+spaces+w > room {
					end()
				}
				add(part.Value(), w)
			}
			continue
		}
		if at > 0 && at+spaces+w > room {
			end()
		}
		add(piece, w)
	}
	end()
	return strings.Join(lines, "\n"+strings.Repeat(" ", indent))
}

// writeTable writes a table. Each column is as wide as its contents, up to a limit that depends on the width of a line.
func writeTable(b *strings.Builder, t *Table, o *TextOptions) {
	if t.Title != "" {
		b.WriteString(styled(wrapped(t.Title, 0, o.Width), styleName, o.Color) + "\n")
	}
	rows, more := limited(t.Rows, MaxRows, "row")
	const least = 8
	cells := make([][]cell, len(rows)+1)
	for i := range cells {
		cells[i] = make([]cell, len(t.Columns))
	}
	wide := make([]int, len(t.Columns))
	rest := o.Width // the last column has what the others leave
	for i := range t.Columns {
		most := max(least, o.Width/3-columnGap)
		if i == len(t.Columns)-1 {
			most = max(least, rest)
		}
		for n := range cells {
			row := t.Columns
			if n > 0 {
				row = rows[n-1]
			}
			if i < len(row) {
				cells[n][i] = newCell(row[i], most)
				wide[i] = max(wide[i], cells[n][i].width)
			}
		}
		rest -= wide[i] + columnGap
	}
	for n, line := range cells {
		var out strings.Builder
		for i, c := range line {
			s := stylePlain
			if n == 0 {
				s = styleName
			}
			pad := strings.Repeat(" ", wide[i]-c.width)
			text := styled(c.isolated(), s, o.Color)
			if slices.Contains(t.Numbers, i) {
				text = pad + text
			} else {
				text += pad
			}
			if i > 0 {
				out.WriteString(strings.Repeat(" ", columnGap))
			}
			out.WriteString(text)
		}
		b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
	}
	writeNotes(b, "", more, o)
}

// writeTree writes nodes and those below them, each line after prefix, which draws the branches above.
func writeTree(b *strings.Builder, nodes []Node, prefix string, o *TextOptions) {
	for i, n := range nodes {
		mark, below := "├ ", "│ "
		if i == len(nodes)-1 {
			mark, below = "╰ ", "  "
		}
		if prefix == "" && len(nodes) == 1 && len(n.Children) > 0 {
			mark, below = "", "  "
		}
		name := newCell(n.Name, maxForm)
		b.WriteString(styled(prefix+mark, styleLine, o.Color) + styled(name.isolated(), styleName, o.Color))
		if n.Value != "" {
			value, _ := shortened(n.Value, maxValue)
			indent := widths.StringWidth(prefix+mark) + name.width + 2
			b.WriteString("  " + wrapped(value, indent, o.Width))
		}
		b.WriteByte('\n')
		writeTree(b, n.Children, prefix+below, o)
	}
}
