package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// own is the prefix of the names of Layers' collections and methods. Wherever the command takes such a name, the prefix
// may be omitted.
const own = "pub.layers."

// collections are Layers' collections, without the leading "pub.layers.".
var collections = func() []string {
	var names []string
	for _, t := range records.Types {
		names = append(names, strings.TrimPrefix(string(t.NSID), own))
	}
	return names
}()

// parseName returns the NSID that text stands for: text is one of the known short names, or any NSID. The error uses
// kind, such as "collection", suggests similar names, and refers to see, which says where all names are listed.
func parseName(text, kind string, known []string, see string) (syntax.NSID, error) {
	if slices.Contains(known, text) {
		return syntax.NSID(own + text), nil
	}
	nsid, err := syntax.ParseNSID(text)
	if err == nil {
		return nsid, nil
	}
	why := "it is neither one of Layers' own nor an NSID"
	if meant := nearestName(text, known); meant != "" {
		why = "did you mean " + meant + "?"
	}
	return "", misuse("there is no %s %q: %s (%s lists all)", kind, text, why, see)
}

// parseCollection returns the collection in an argument: an NSID, or what follows pub.layers. in the name of one of
// Layers' own, as in expression.expression.
func parseCollection(text string) (syntax.NSID, error) {
	return parseName(text, "collection", collections, "layers list --help")
}

// expandURI returns text, an at-uri, with its collection as an NSID if it was a short name.
func expandURI(text string) (string, error) {
	rest, ok := strings.CutPrefix(text, "at://")
	if !ok {
		return text, nil
	}
	parts := strings.SplitN(rest, "/", 3)
	if len(parts) < 2 || parts[1] == "" {
		return text, nil
	}
	collection, err := parseCollection(parts[1])
	parts[1] = string(collection)
	return "at://" + strings.Join(parts, "/"), err
}

// parseMethod returns the method in an argument: an NSID, or what follows pub.layers. in the name of one of Layers' own.
func parseMethod(text string) (syntax.NSID, error) {
	return parseName(text, "method", methods, "layers query --help")
}

// misspelt returns a question about an NSID in Layers' own namespace that no lexicon defines but that resembles one that
// is defined. For any other NSID it returns "".
func misspelt(nsid syntax.NSID, known []string) string {
	short, ours := strings.CutPrefix(string(nsid), own)
	if !ours || slices.Contains(known, short) {
		return ""
	}
	if meant := nearestName(short, known); meant != "" {
		return "did you mean " + meant + "?"
	}
	return ""
}

// noteMisspelt says on standard error that a collection may be misspelt. That is not an error: lexicons newer than this
// command may define it.
func noteMisspelt(command *cobra.Command, collection syntax.NSID) {
	if question := misspelt(collection, collections); question != "" {
		printf(command.ErrOrStderr(), "layers: no lexicon is known for the collection %s: %s\n", collection, question)
	}
}

// requireLexicon returns an error for a collection that no known lexicon describes.
func requireLexicon(collection syntax.NSID) error {
	if _, ok := records.Lookup(collection); ok {
		return nil
	}
	question := misspelt(collection, collections)
	if question != "" {
		question = ": " + question
	}
	return misuse("no lexicon is known for the collection %s%s (--allow-unknown writes it unchecked)", collection, question)
}

// nearestName returns the known names that are closest to text, as "a" or "a or b"; "" if none is close. text may be
// short or whole, or only the last part of a name.
func nearestName(text string, known []string) string {
	text = strings.TrimPrefix(text, own)
	return nearest(text, known, func(name string) []string {
		if strings.Contains(text, ".") {
			return []string{name}
		}
		return []string{name, name[strings.LastIndexByte(name, '.')+1:]}
	})
}

// nearest returns the names that are closest to text, as "a", "a or b" or "a, b or c"; "" if none is close. forms
// returns the spellings by which a user may mean a name; if it is nil, only the name itself counts.
func nearest(text string, names []string, forms func(string) []string) string {
	const most = 3
	text = strings.ToLower(text)
	best := max(2, len(text)/4) // with more mistakes it is another word
	if len(text) <= 3 {
		best = 1
	}
	var found []string
	for _, name := range names {
		all := []string{name}
		if forms != nil {
			all = forms(name)
		}
		distance := best + 1
		for _, form := range all {
			distance = min(distance, editDistance(text, strings.ToLower(form), best))
		}
		if distance < best {
			best, found = distance, nil
		}
		if distance == best {
			found = append(found, name)
		}
	}
	if len(found) > most {
		found = found[:most]
	}
	if len(found) < 2 {
		return strings.Join(found, "")
	}
	last := len(found) - 1
	return fmt.Sprintf("%s or %s", strings.Join(found[:last], ", "), found[last])
}

// editDistance returns how many letters have to be inserted, removed, replaced or swapped with their neighbour to turn a
// into b. It stops counting above limit.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) > limit || len(b)-len(a) > limit {
		return limit + 1
	}
	before, last, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			next[j+1] = min(last[j]+cost, last[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, last, next = last, next, before
	}
	return last[len(b)]
}

// listing returns names for a help text, indented, in as many columns as fit.
func listing(names []string) string {
	const most = 78
	var b strings.Builder
	width := 0
	for i, name := range names {
		switch {
		case i == 0:
			b.WriteString("  ")
			width = 2
		case width+len(name)+2 > most:
			b.WriteString(",\n  ")
			width = 2
		default:
			b.WriteString(", ")
			width += 2
		}
		b.WriteString(name)
		width += len(name)
	}
	return b.String()
}
