package prose_test

import (
	"testing"

	"github.com/layers-pub/layers-go/gen/prose"
)

func TestPredicate(t *testing.T) {
	for _, test := range []struct{ description, want string }{
		{"A named set of texts", "is a named set of texts"},
		{"One item of a list", "is one item of a list"},
		{"All answers that one person gave", "holds all answers that one person gave"},
		{"Several texts arranged as a tree", "holds several texts arranged as a tree"},
		{"How items are ordered", "says how items are ordered"},
		{"Puts one entry in a list", "puts one entry in a list"},
		{"Groups annotations that agree", "groups annotations that agree"},
		{"Links between two texts", "holds the links between two texts"},
		{"Technical properties of a video", "holds the technical properties of a video"},
		{"Location in the source", "is a location in the source"},
		{"Instrument that captures signals", "is an instrument that captures signals"},
		{"Number of annotators per item", "is the number of annotators per item"},
		{"Version number in any form", "is the version number in any form"},
		{"Status of a job", "is the status of a job"},
		// What is not recognized stays as it is.
		{"", ""},
		{"Text", ""},
		{"Set this first, then go", ""},
		{"Used for all posts", ""},
		{"Required with each call", ""},
		{"W3C selector for text", ""},
		{"日本 of the world", ""},
	} {
		got, known := prose.Predicate(test.description)
		if got != test.want || known != (test.want != "") {
			t.Errorf("Predicate(%q) = %q, %t; want %q", test.description, got, known, test.want)
		}
	}
}

func TestSplitDeprecated(t *testing.T) {
	for _, test := range []struct{ description, rest, note string }{
		{"A post. Deprecated: use a note.", "A post.", "use a note."},
		{"DEPRECATED", "", "the lexicon says so"},
		{"A post", "A post", ""},
	} {
		if rest, note := prose.SplitDeprecated(test.description); rest != test.rest || note != test.note {
			t.Errorf("SplitDeprecated(%q) = %q, %q; want %q, %q", test.description, rest, note, test.rest, test.note)
		}
	}
}
