package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// The widths of drawn text, in cells: the default for a writer that is not a terminal, and the limits for terminals.
const (
	defaultWidth           = 80
	minColumns, maxColumns = 20, 1000
)

// Width returns the number of cells in a line of w, or 80 if w is not a terminal.
func Width(w io.Writer) int {
	file, ok := Exact(w).(*os.File)
	if !ok {
		return defaultWidth
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil || columns <= 0 {
		return defaultWidth
	}
	return min(max(columns, minColumns), maxColumns)
}
