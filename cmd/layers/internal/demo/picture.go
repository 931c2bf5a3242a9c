package demo

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

//go:generate go run ./picture ../../../../docs/demo.svg

// The sizes in the picture, in pixels.
const (
	cellWidth  = 8.4
	lineHeight = 18
	margin     = 20
	width      = 1032 // 118 columns
)

// Picture runs the tour and returns a drawing of a part of its output, as SVG. The drawing is the same each time.
func Picture(ctx context.Context) ([]byte, error) {
	w, err := start()
	if err != nil {
		return nil, err
	}
	defer w.network.Close()
	var out bytes.Buffer
	if err := tour(ctx, &out, w); err != nil {
		return nil, err
	}
	return drawLines(excerpt(out.String())), nil
}

// excerpt returns the lines of the tour's output that the picture shows: the steps in which a repository is pulled and
// a sentence is drawn, and the events that arrive from the relay.
func excerpt(printed string) []string {
	part := func(from, to string) string {
		_, rest, _ := strings.Cut(printed, from)
		rest, _, _ = strings.Cut(rest, to)
		return strings.Trim(rest, "\n")
	}
	_, arrived, _ := strings.Cut(part("8. Follow\n", "\x00"), "\n    }\n\ncreate ")
	shown := "$ layers demo\n…\n\n4. Pull\n\n" + part("4. Pull\n", "\n5. ") + "\n\n…\n\n7. Draw\n\n" + part("7. Draw\n", "\n8. ") +
		"\n\n8. Follow\n\n…\n\ncreate " + strings.TrimSpace(arrived)
	// Record keys made from the current time are replaced by keys of a fixed time, so that the picture is always the
	// same.
	number := uint64(0)
	shown = regexp.MustCompile(`(?m)^(create \S+/)[2-7a-z]{13} `).ReplaceAllStringFunc(shown, func(line string) string {
		number++
		at, _, _ := strings.Cut(line, "/")
		return at + "/" + string(syntax.TIDFromInteger(1767323045_000000<<10+number<<20)) + " "
	})
	return strings.Split(shown, "\n")
}

// drawLines returns an SVG with lines of text. Each run of characters has its own position and width, so that columns
// stay aligned in any font.
func drawLines(lines []string) []byte {
	var b bytes.Buffer
	height := len(lines)*lineHeight + 2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-labelledby="title">`+"\n", width, height, width, height)
	b.WriteString(`<title id="title">A part of what layers demo prints</title>` + "\n" + `<style>
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6deeb; white-space: pre }
.title { font-weight: bold; fill: #ffffff }
.code { fill: #82aaff }
.line { fill: #7f8fa6 }
</style>` + "\n")
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="8" fill="#0b1420"/>`+"\n", width, height)
	for i, line := range lines {
		class := ""
		switch {
		case strings.HasPrefix(line, "    ") && !strings.ContainsRune(line, '│') && regexp.MustCompile(`^ {4}\S`).MatchString(line), strings.HasPrefix(line, "$ "):
			class = "code"
		case regexp.MustCompile(`^\d\. `).MatchString(line):
			class = "title"
		}
		y := margin + (i+1)*lineHeight - 5
		for column, run := range runs(line) {
			name := class
			if isLine(firstRune(run)) {
				name = "line"
			}
			if name != "" {
				name = ` class="` + name + `"`
			}
			cells := utf8.RuneCountInString(run)
			fmt.Fprintf(&b, `<text x="%.1f" y="%d" textLength="%.1f"%s>%s</text>`+"\n", margin+float64(column)*cellWidth, y, float64(cells)*cellWidth, name, html.EscapeString(run))
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// runs yields the runs of a line, each with the number of its first column. A run consists either of words with single
// spaces between them, or of characters that draw the lines of arcs and spans.
func runs(line string) func(func(int, string) bool) {
	return func(yield func(int, string) bool) {
		column := 0
		for line != "" {
			trimmed := strings.TrimLeft(line, " ")
			column += len(line) - len(trimmed)
			line = trimmed
			end := len(line)
			for i, r := range line {
				if i > 0 && isLine(r) != isLine(firstRune(line)) || strings.HasPrefix(line[i:], "  ") {
					end = i
					break
				}
			}
			run := strings.TrimRight(line[:end], " ")
			if run != "" && !yield(column, run) {
				return
			}
			column += utf8.RuneCountInString(line[:end])
			line = line[end:]
		}
	}
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// isLine reports whether a character draws a part of the lines of arcs and spans (box drawing, blocks and shapes).
func isLine(r rune) bool { return r >= 0x2500 && r < 0x2600 }
