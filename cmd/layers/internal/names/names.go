// Package names parses the names of collections, methods, records and accounts in arguments, and suggests corrections.
package names

import (
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Own is the prefix of the names of Layers' collections and methods. Wherever the command takes such a name, the prefix
// may be omitted.
const Own = "pub.layers."

// Collections are Layers' collections, without the leading "pub.layers.".
var Collections = func() []string {
	var names []string
	for _, t := range records.Types {
		names = append(names, strings.TrimPrefix(string(t.NSID), Own))
	}
	return names
}()

// parseName returns the NSID that text stands for: text is one of the known short names, or any NSID. The error uses
// kind, such as "collection", suggests similar names, and refers to see, which says where all names are listed.
func parseName(text, kind string, known []string, see string) (syntax.NSID, error) {
	if slices.Contains(known, text) {
		return syntax.NSID(Own + text), nil
	}
	nsid, err := syntax.ParseNSID(text)
	if err == nil {
		return nsid, nil
	}
	why := "neither a name in Layers nor an NSID"
	if meant := nearestName(text, known); meant != "" {
		why = "did you mean " + meant + "?"
	}
	return "", exit.Misuse("unknown %s %q: %s (%s lists all)", kind, text, why, see)
}

// ParseCollection returns the collection in an argument: an NSID, or the name of one of Layers' collections without
// pub.layers., as in expression.expression.
func ParseCollection(text string) (syntax.NSID, error) {
	return parseName(text, "collection", Collections, "layers list --help")
}

// expandURI returns text, an at-uri, with the NSID of its collection in place of the short name, if it has one.
func expandURI(text string) (string, error) {
	rest, ok := strings.CutPrefix(text, "at://")
	if !ok {
		return text, nil
	}
	parts := strings.SplitN(rest, "/", 3)
	if len(parts) < 2 || parts[1] == "" {
		return text, nil
	}
	collection, err := ParseCollection(parts[1])
	parts[1] = string(collection)
	return "at://" + strings.Join(parts, "/"), err
}

// ParseMethod returns the method in an argument: an NSID, or the name of one of Layers' methods without pub.layers.
func ParseMethod(text string) (syntax.NSID, error) {
	return parseName(text, "method", Methods, "layers query --help")
}

// Misspelt returns a question such as "did you mean ...?" if an NSID in Layers' namespace is not defined but resembles
// one that is. For any other NSID it returns "".
func Misspelt(nsid syntax.NSID, known []string) string {
	short, ours := strings.CutPrefix(string(nsid), Own)
	if !ours || slices.Contains(known, short) {
		return ""
	}
	if meant := nearestName(short, known); meant != "" {
		return "did you mean " + meant + "?"
	}
	return ""
}

// RequireLexicon returns an error for a collection that no known lexicon describes.
func RequireLexicon(collection syntax.NSID) error {
	if _, ok := records.Lookup(collection); ok {
		return nil
	}
	question := Misspelt(collection, Collections)
	if question != "" {
		question = ": " + question
	}
	return exit.Misuse("no lexicon is known for the collection %s%s (--allow-unknown writes its records unchecked)", collection, question)
}

// Listing returns names for a help text, indented, in as many columns as fit.
func Listing(names []string) string {
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

// ParseRecordURI parses an argument that is the at-uri of a record. Its collection may be a short name.
func ParseRecordURI(text string) (syntax.ATURI, error) {
	whole, err := expandURI(text)
	if err != nil {
		return "", err
	}
	uri, err := syntax.ParseATURI(whole)
	if err != nil {
		return "", exit.Misuse("invalid at-uri %q: %v", text, err)
	}
	if uri.RecordKey() == "" {
		return "", exit.Misuse("%s is not the URI of a record, at://ACTOR/COLLECTION/RECORD-KEY", uri)
	}
	return uri, nil
}
