package draw

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// pageWidth is the width of a picture on a page, in cells.
const pageWidth = 116

//go:embed page.html
var pageSource string

//go:embed page.css
var pageStyle string

// page is the template of a page; its data is a pageData.
var page = template.Must(template.New("page").Parse(pageSource))

// HTML writes a document as a web page: one file without scripts, whose content security policy allows no connections.
// The page can be printed, and follows the light or dark color scheme of the system. Arcs and spans are drawn as SVG,
// and repeated as tables. All text is escaped. The error is that of w.
func HTML(w io.Writer, d *Document) error {
	sum := sha256.Sum256([]byte(pageStyle))
	p := pageData{
		Title:  visible(cut(d.Title, maxValue)),
		Style:  template.CSS(pageStyle),
		Policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'",
	}
	left := newBudget()
	for i := range d.Sections {
		p.Sections = append(p.Sections, newSectionData(i+1, &d.Sections[i], left))
	}
	notes, more := limited(d.Notes, MaxNotes, "note")
	p.Notes = lines("", slices.Concat(notes, more))
	var b bytes.Buffer
	if err := page.Execute(&b, &p); err != nil {
		return err
	}
	_, err := w.Write(b.Bytes())
	return err
}

// The data of the template. All texts have been escaped by [visible].
type (
	pageData struct {
		Title, Policy string
		Style         template.CSS
		Sections      []sectionData
		Notes         []string
	}
	sectionData struct {
		ID, Title string
		Facts     []Fact
		Text      []string
		Language  string
		Sentences []sentenceData
		Tables    []tableData
		Tree      []Node
		Notes     []string
	}
	sentenceData struct {
		ID, Title, Language string
		Description         string
		Text                string
		Pictures            []pictureData
		Tables              []tableData
		Notes               []string
	}
	pictureData struct {
		*svg
		ID, Title, Description, Language string
	}
	tableData struct {
		Title   string
		Columns []column
		Rows    [][]string
		// Language is the language of the columns that are Foreign, which contain tokens.
		Language string
	}
	column struct {
		Name            string
		Number, Foreign bool
	}
)

// newSectionData returns the data of section n. It takes what it draws from left.
func newSectionData(n int, s *Section, left *budget) sectionData {
	out := sectionData{ID: fmt.Sprint("s", n), Title: visible(cut(s.Title, maxValue)), Language: language(s.Language)}
	facts, more := limited(s.Facts, MaxRows, "fact")
	for _, f := range facts {
		value, note := shortened(f.Value, maxValue)
		out.Facts = append(out.Facts, Fact{visible(cut(f.Name, maxValue)), visible(value)})
		more = append(more, note...)
	}
	text, note := shortened(s.Text, maxText)
	for line := range strings.Lines(text) {
		out.Text = append(out.Text, visible(strings.TrimRight(line, "\r\n")))
	}
	more = append(more, note...)
	for i := range s.Sentences[:min(len(s.Sentences), left.sentences)] {
		if left.tokens == 0 {
			break
		}
		left.sentences--
		out.Sentences = append(out.Sentences, newSentenceData(fmt.Sprintf("%s.%d", out.ID, i+1), &s.Sentences[i], left))
	}
	if missing := len(s.Sentences) - len(out.Sentences); missing > 0 {
		more = append(more, "… and "+count(missing, "more sentence"))
	}
	for i := range s.Tables {
		t := &s.Tables[i]
		data := newTableData(t.Title, t.Columns, t.Rows)
		for n := range data.Columns {
			data.Columns[n].Number = slices.Contains(t.Numbers, n)
		}
		out.Tables = append(out.Tables, data)
		if missing := len(t.Rows) - MaxRows; missing > 0 {
			more = append(more, "… and "+count(missing, "more row"))
		}
	}
	out.Tree = visibleNodes(prune(s.Tree))
	notes, rest := limited(s.Notes, MaxNotes, "note")
	out.Notes = lines("", slices.Concat(notes, rest, more))
	return out
}

// lines returns notes as they are drawn: each after name and a colon, unless name is "".
func lines(name string, notes []string) []string {
	if name != "" {
		name += ": "
	}
	out := make([]string, len(notes))
	for i, note := range notes {
		short, _ := shortened(note, maxValue)
		out[i] = visible(cut(name, maxValue) + short)
	}
	return out
}

// visibleNodes returns nodes with all texts escaped by [visible].
func visibleNodes(nodes []Node) []Node {
	out := make([]Node, len(nodes))
	for i, n := range nodes {
		value, _ := shortened(n.Value, maxValue)
		out[i] = Node{visible(cut(n.Name, maxValue)), visible(value), visibleNodes(n.Children)}
	}
	return out
}

// language returns tag if it is a valid language tag, and "" otherwise.
func language(tag string) string {
	if _, err := syntax.ParseLanguage(tag); err != nil {
		return ""
	}
	return tag
}

// newTableData returns the data of a table with up to MaxRows rows.
func newTableData(title string, columns []string, rows [][]string) tableData {
	out := tableData{Title: visible(cut(title, maxValue))}
	for _, name := range columns {
		out.Columns = append(out.Columns, column{Name: visible(cut(name, maxValue))})
	}
	for _, row := range rows[:min(len(rows), MaxRows)] {
		line := make([]string, len(columns))
		for i := range min(len(row), len(line)) {
			line[i] = visible(cut(row[i], maxValue))
		}
		out.Rows = append(out.Rows, line)
	}
	return out
}

// newSentenceData returns the data of a sentence: its pictures, one for each block, and tables of the same content.
func newSentenceData(id string, s *Sentence, left *budget) sentenceData {
	names := namesWidth(s)
	l := newLayout(s, pageWidth-names, left)
	p := &picture{layout: l, names: names, numbered: l.crosses()}
	out := sentenceData{ID: id, Title: visible(cut(s.Title, maxValue)), Language: language(s.Language)}
	title := out.Title
	if title == "" {
		title = "sentence " + id
	}
	for n := range l.blocks {
		b := &l.blocks[n]
		out.Pictures = append(out.Pictures, pictureData{
			svg: p.svg(n), ID: fmt.Sprintf("%s.%d", id, n+1), Language: out.Language,
			Title:       fmt.Sprintf("Picture of %s, tokens %d to %d", title, b.first+1, b.last),
			Description: visible(cut(strings.Join(l.Tokens[b.first:b.last], " "), maxValue)) + ". The tables below have the same content as the picture.",
		})
	}
	out.Tables = p.tables(out.Language)
	for i := range l.Layers {
		out.Notes = append(out.Notes, lines(l.Layers[i].Name, l.layerNotes(i))...)
	}
	out.Notes = append(out.Notes, lines("", l.notes)...)
	return out
}

// tables returns the tables of a sentence: one of the tokens with their tags and arcs, and one for each layer of spans.
func (p *picture) tables(language string) (out []tableData) {
	if len(p.Tokens) == 0 {
		return nil
	}
	columns := []string{"#", "token"}
	rows := make([][]string, len(p.Tokens))
	for i, token := range p.Tokens {
		rows[i] = []string{number(i), token}
	}
	for i := range p.Layers {
		layer := &p.Layers[i]
		if len(layer.Tags) > 0 {
			columns = append(columns, layer.Name)
			for n := range rows {
				tag := ""
				if n < len(layer.Tags) {
					tag = layer.Tags[n]
				}
				rows[n] = append(rows[n], tag)
			}
		}
		if len(layer.Arcs) > 0 {
			columns = append(columns, layer.Name)
			values := make([]string, len(rows))
			for _, arc := range layer.Arcs {
				value := arc.Label
				if arc.Head != Root {
					value += " ← " + number(arc.Head) + " " + cut(p.Tokens[arc.Head], 100)
				}
				if v := values[arc.Dependent]; v != "" && len(v) < maxValue {
					value = v + "; " + value
				} else if v != "" {
					value = v
				}
				values[arc.Dependent] = value
			}
			for n := range rows {
				rows[n] = append(rows[n], values[n])
			}
		}
	}
	out = append(out, wholeTable("Tokens", columns, rows, language))
	for i := range p.Layers {
		layer := &p.Layers[i]
		if len(layer.Spans) == 0 {
			continue
		}
		rows := make([][]string, len(layer.Spans))
		for n, span := range layer.Spans {
			cluster := ""
			if span.Cluster > 0 {
				cluster = fmt.Sprint(span.Cluster)
			}
			rows[n] = []string{p.place(span.Tokens), p.words(span.Tokens), span.Label, cluster}
		}
		columns := []string{"tokens", "text", "label"}
		if slices.ContainsFunc(layer.Spans, func(s Span) bool { return s.Cluster > 0 }) {
			columns = append(columns, "cluster")
		}
		out = append(out, wholeTable(layer.Name, columns, rows, language))
	}
	return out
}

// wholeTable returns the data of a table with all rows, whose number is already limited by that of tokens and spans.
// The second column has text in language.
func wholeTable(title string, columns []string, rows [][]string, language string) tableData {
	out := newTableData(title, columns, nil)
	out.Language = language
	out.Columns[0].Number, out.Columns[1].Foreign = title == "Tokens", true
	for _, row := range rows {
		line := newTableData("", columns, [][]string{row})
		out.Rows = append(out.Rows, line.Rows[0])
	}
	return out
}

// place returns the numbers of tokens as text, such as "1–4, 7".
func (p *picture) place(tokens []int) string {
	var b strings.Builder
	for i := 0; i < len(tokens) && b.Len() < 200; {
		end := i
		for end+1 < len(tokens) && tokens[end+1] == tokens[end]+1 {
			end++
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(number(tokens[i]))
		if end > i {
			b.WriteString("–" + number(tokens[end]))
		}
		i = end + 1
		if i < len(tokens) && b.Len() >= 200 {
			b.WriteString(", …")
		}
	}
	return b.String()
}

// words returns the texts of tokens, with an ellipsis where tokens between them are missing.
func (p *picture) words(tokens []int) string {
	var b strings.Builder
	for i, token := range tokens {
		if b.Len() >= 200 {
			b.WriteString(" …")
			break
		}
		if i > 0 {
			if token > tokens[i-1]+1 {
				b.WriteString(" …")
			}
			b.WriteByte(' ')
		}
		b.WriteString(cut(p.Tokens[token], 200))
	}
	return b.String()
}
