package draw

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
	"github.com/mattn/go-runewidth"
)

// The longest tokens, labels and names of layers in a picture, in cells.
const (
	maxForm  = 40
	maxLabel = 24
	maxName  = 18
)

// widths measures texts without regard to the user's locale, so that a picture is the same everywhere.
var widths = &runewidth.Condition{StrictEmojiNeutral: true}

// cell is a text that is safe to draw, and its width in cells of the terminal.
type cell struct {
	text  string
	width int
}

// newCell returns a text of at most limit cells: a longer text is cut and ends with an ellipsis.
func newCell(s string, limit int) cell {
	s = visible(cut(s, limit*32))
	if w := widths.StringWidth(s); w <= limit {
		return cell{s, w}
	}
	width, end := 0, 0
	for clusters := graphemes.FromString(s); clusters.Next(); {
		w := widths.StringWidth(clusters.Value())
		if width+w > limit-1 {
			break
		}
		width += w
		end = clusters.End()
	}
	return cell{s[:end] + "…", width + 1}
}

// cut returns s, or the beginning of up to limit bytes and an ellipsis if s is longer.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for n := limit; n > limit-utf8.UTFMax; n-- {
		if utf8.RuneStart(s[n]) {
			return s[:n] + "…"
		}
	}
	return s[:limit] + "…"
}

// A tag with several parts is drawn in one line if it has at most maxTagLine cells, and otherwise in at most
// maxTagLines lines.
const maxTagLine, maxTagLines = 12, 8

// tagLines returns the lines of a tag. A long tag has one line for each of its parts, which are separated by "|" as in
// Case=Nom|Number=Sing.
func tagLines(tag string) []cell {
	if tag == "" {
		return nil
	}
	whole := newCell(tag, maxLabel)
	if whole.width <= maxTagLine || !strings.Contains(tag, "|") {
		return []cell{whole}
	}
	var lines []cell
	for part := range strings.SplitSeq(cut(tag, maxValue), "|") {
		if len(lines) == maxTagLines-1 {
			return append(lines, cell{"…", 1})
		}
		if part := strings.TrimSpace(part); part != "" {
			lines = append(lines, newCell(part, maxLabel))
		}
	}
	return lines
}

// isolated returns the text as it is written to a terminal: a text with right-to-left characters is enclosed in U+2068
// and U+2069.
func (c cell) isolated() string {
	if hasRTL(c.text) {
		return "\u2068" + c.text + "\u2069"
	}
	return c.text
}

// visible returns s with escapes for characters that are invisible or that a terminal acts upon, and for bytes that are
// not UTF-8.
func visible(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || invisible(r) }) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case invisible(r):
			for _, unit := range utf16.AppendRune(nil, r) {
				fmt.Fprintf(&b, `\u%04x`, unit)
			}
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// invisible reports whether r is a control character, a line or paragraph separator, or a format character. Joiners and
// signs that enclose numbers are allowed, since some scripts need them.
func invisible(r rune) bool {
	if r < utf8.RuneSelf {
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) &&
		!unicode.In(r, unicode.Join_Control, unicode.Prepended_Concatenation_Mark)
}

// isRTL reports whether r is a letter of a script that is written from right to left: those of the blocks that Unicode
// reserves for such scripts.
func isRTL(r rune) bool {
	return 0x0590 <= r && r <= 0x08ff || 0xfb1d <= r && r <= 0xfdff || 0xfe70 <= r && r <= 0xfeff ||
		0x10800 <= r && r <= 0x10fff || 0x1e800 <= r && r <= 0x1efff
}

// hasRTL reports whether a text has a character that [isRTL] accepts.
func hasRTL(s string) bool { return strings.ContainsFunc(s, isRTL) }

// rtl reports whether the sentence is written from right to left: whether, of the tokens that begin with a letter, more
// begin with one of a right-to-left script than not.
func (s *Sentence) rtl() bool {
	balance := 0
	for _, token := range s.Tokens {
		for _, r := range cut(token, 64) {
			if isRTL(r) {
				balance++
				break
			}
			if unicode.IsLetter(r) {
				balance--
				break
			}
		}
	}
	return balance > 0
}
