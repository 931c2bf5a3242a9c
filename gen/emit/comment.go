package emit

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/dave/jennifer/jen"

	"github.com/layers-pub/layers-go/gen/plan"
)

// width is the column that comments and lists are wrapped at.
const width = 100

// lineStart matches a word that means something to gofmt or the compiler at the start of a comment's
// line: a heading, an item of a list, a build constraint.
var lineStart = regexp.MustCompile(`^(?:#+|[-*+•]|\d+[.)]|\+build.*)$`)

// docLines returns a comment as lines that start with "// ", so that nothing in them is taken for
// code or a directive. The lines are indented by indent columns.
func docLines(doc plan.Doc, indent int) []string {
	var lines []string
	for i, paragraph := range doc {
		if i > 0 {
			lines = append(lines, "//")
		}
		if strings.HasPrefix(paragraph, "\t") {
			for code := range strings.SplitSeq(paragraph, "\n") {
				lines = append(lines, "//"+code)
			}
			continue
		}
		line := "//"
		for j, word := range strings.Fields(paragraph) {
			full := utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width-indent
			if rest, found := strings.CutPrefix(word, "+build"); found && j == 0 {
				word = `"+build"` + rest // old Go takes a line that begins with it for a build constraint
			}
			if j > 0 && full && !lineStart.MatchString(word) {
				lines = append(lines, line)
				line = "//"
			}
			line += " " + word
		}
		lines = append(lines, line)
	}
	return lines
}

// comment returns a comment that ends in a line break, to be put before the declaration that it describes.
func comment(doc plan.Doc, indent int) *jen.Statement {
	s := jen.Null()
	for _, line := range docLines(doc, indent) {
		s.Comment(line).Line()
	}
	return s
}

// says returns a comment of one paragraph.
func says(text string) *jen.Statement { return comment(plan.Doc{text}, 0) }
