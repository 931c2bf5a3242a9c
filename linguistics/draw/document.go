package draw

import "fmt"

// Document is the input of [Text] and [HTML].
type Document struct {
	// Title is the title of the page; [Text] does not draw it.
	Title    string
	Sections []Section
	// Notes are about the whole document, such as what was left out.
	Notes []string
}

// Section is a part of a document, such as a record. Its fields are drawn in their order; each of them may be empty.
type Section struct {
	Title string
	Facts []Fact
	// Text is running text, and Language its BCP 47 tag.
	Text, Language string
	Sentences      []Sentence
	Tables         []Table
	Tree           []Node
	Notes          []string
}

// Fact is a value with its name.
type Fact struct{ Name, Value string }

// Table is a table with the names of its columns.
type Table struct {
	Title   string
	Columns []string
	Rows    [][]string
	// Numbers has the indexes of the columns that contain numbers. They are aligned at the right.
	Numbers []int
}

// Node is a node of a tree: a name, and a value or nodes below it.
type Node struct {
	Name, Value string
	Children    []Node
}

// The longest texts of a section, in bytes.
const (
	maxText  = 20_000
	maxValue = 2_000
)

// limited returns the first limit items, and a note about how many more there are.
func limited[T any](items []T, limit int, noun string) ([]T, []string) {
	if more := len(items) - limit; more > 0 {
		return items[:limit], []string{"… and " + count(more, "more "+noun)}
	}
	return items, nil
}

// shortened returns a text cut to limit bytes, and a note if it was longer.
func shortened(s string, limit int) (string, []string) {
	if len(s) <= limit {
		return s, nil
	}
	short := cut(s, limit)
	return short, []string{fmt.Sprintf("the text has %d bytes, of which %d are shown", len(s), len(short)-len("…"))}
}

// prune returns a tree without the nodes beyond MaxNodes and MaxDepth. In place of missing nodes, it adds a node that
// says how many they are.
func prune(nodes []Node) []Node {
	left := MaxNodes
	return pruneTo(nodes, &left, 0)
}

// pruneTo is prune for nodes at a depth. left is how many more nodes are kept.
func pruneTo(nodes []Node, left *int, depth int) []Node {
	var out []Node
	for i, n := range nodes {
		if *left == 0 {
			return append(out, Node{Name: "… and " + count(len(nodes)-i, "more node")})
		}
		*left--
		switch {
		case len(n.Children) == 0:
		case depth+1 == MaxDepth:
			n.Children, n.Value = nil, "… (too deep)"
		default:
			n.Children = pruneTo(n.Children, left, depth+1)
		}
		out = append(out, n)
	}
	return out
}
