// Package draw draws annotated text: for a terminal, with tokens, tags and spans in aligned rows and dependencies as arcs
// above them, and as a web page.
//
//	sentence := draw.Sentence{
//		Tokens: []string{"The", "cat", "sleeps", "."},
//		Layers: []draw.Layer{
//			{Name: "pos", Tags: []string{"DET", "NOUN", "VERB", "PUNCT"}},
//			{Name: "dependency", Arcs: []draw.Arc{{1, 0, "det"}, {2, 1, "nsubj"}, {draw.Root, 2, "root"}, {2, 3, "punct"}}},
//		},
//	}
//	err := draw.Text(os.Stdout, &draw.Document{Sections: []draw.Section{{Sentences: []draw.Sentence{sentence}}}}, nil)
//
// A [Document] has sections with facts, sentences, tables and trees. [Text] and [HTML] draw the same things. Package
// view makes documents from records.
//
// # Width and direction
//
// Columns are aligned by the number of cells that a terminal gives each character: two for wide ones (Chinese, Japanese,
// Korean, emoji), none for combining marks. Characters of ambiguous width count as one. A text that is too long for
// the width is divided into blocks; a relation between two blocks is drawn at both of its ends, with the number of the
// token at the other end.
//
// The first token of a text in a right-to-left script is at the right. In the output of [Text], each cell with such
// characters is enclosed in the Unicode characters U+2068 and U+2069 (first strong isolate, pop directional isolate),
// so that terminals that reorder text do so within the cell, and the columns stay where they are. Terminals that do not
// reorder text ignore these characters.
//
// # Untrusted text
//
// Control characters, invisible characters, those that change the direction of text, and bytes that are not UTF-8 are
// drawn as escapes, such as \u202e. Anything beyond the limits (see the constants) is left out, and a note says how
// much.
package draw
