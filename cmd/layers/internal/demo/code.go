package demo

import (
	_ "embed"
	"strings"
)

//go:embed steps.go
var source string

// code returns the code of a function in steps.go that the demo prints: the lines between the comments "show" and
// "end", without checks of errors.
func code(function string) string {
	_, rest, _ := strings.Cut(source, "\nfunc (d *demo) "+function+"(")
	_, rest, _ = strings.Cut(rest, "// show\n")
	rest, _, _ = strings.Cut(rest, "\t// end\n")
	var b strings.Builder
	lines := strings.Split(strings.TrimSuffix(rest, "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		if i+2 < len(lines) && strings.HasSuffix(lines[i], "if err != nil {") && strings.TrimSpace(lines[i+1]) == "return err" {
			i += 2
			continue
		}
		b.WriteString(strings.TrimPrefix(lines[i], "\t") + "\n")
	}
	return b.String()
}

// indent indents each line by four spaces, and replaces each tab by four spaces.
func indent(text string) string {
	return "    " + strings.ReplaceAll(strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\t", "    "), "\n", "\n    ") + "\n"
}
