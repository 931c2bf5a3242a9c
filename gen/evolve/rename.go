package evolve

import (
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

const (
	// threshold is how many of 1,000 parts two documents must have in common for one to be the other renamed.
	threshold = 750
	// telling is the number of parts from which a document is told by them. One with fewer is told by the end of its NSID.
	telling = 4
	// maxComparisons limits the work of comparing the documents that went with those that came.
	maxComparisons = 20_000_000
)

// renames finds documents that have another NSID in the new set, as a map from the old one. A document that has gone was
// renamed to the one new document that is most like it, if that has nearly all of its parts.
func renames(before, after *lexicon.Set) map[string]string {
	gone, added := missing(before, after), missing(after, before)
	parts := 0
	for _, o := range gone {
		parts += len(o.parts)
	}
	if parts*len(added) > maxComparisons {
		return nil
	}
	type match struct {
		from  string
		score int
	}
	best := make(map[string]match) // by the new name
	for _, o := range gone {
		to, score := o.mostLike(added)
		if to == "" {
			continue
		}
		switch other, taken := best[to]; {
		case !taken || score > other.score:
			best[to] = match{o.id, score}
		case score == other.score:
			best[to] = match{"", score} // either of two
		}
	}
	result := make(map[string]string)
	for to, m := range best {
		if m.from != "" {
			result[m.from] = to
		}
	}
	return result
}

// outline is a document reduced to its parts: the places of its nodes, each with its type.
type outline struct {
	id    string
	parts map[string]bool
}

// missing returns the outlines of the documents of a set that another set lacks.
func missing(set, other *lexicon.Set) (list []outline) {
	for _, d := range set.Documents {
		if other.Lookup(d.ID) != nil {
			continue
		}
		parts := make(map[string]bool)
		walkDocument(d, func(n *lexicon.Node) { parts[n.Pointer+" "+n.Type] = true })
		list = append(list, outline{d.ID, parts})
	}
	return list
}

// mostLike returns the NSID of the outline that is most like o, and how much, or "" if none is, or several are.
func (o outline) mostLike(list []outline) (id string, score int) {
	for _, other := range list {
		s := o.likeness(other)
		if lastSegment(o.id) == lastSegment(other.id) {
			s++ // counts between those that are equally like it
		} else if len(o.parts) < telling {
			continue
		}
		switch {
		case s >= threshold && s > score:
			id, score = other.id, s
		case s == score:
			id = ""
		}
	}
	return id, score
}

// likeness returns how many of 1,000 parts two outlines have in common.
func (o outline) likeness(other outline) int {
	common := 0
	for part := range o.parts {
		if other.parts[part] {
			common++
		}
	}
	return 1000 * common / max(1, len(o.parts)+len(other.parts)-common)
}

func lastSegment(nsid string) string { return nsid[strings.LastIndexByte(nsid, '.')+1:] }
