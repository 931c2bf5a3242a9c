package evolve

import (
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

const (
	// threshold is the likeness from which one document counts as the other with a new NSID.
	threshold = 750
	// telling is the number of parts from which a document can be recognized by its parts alone. A document with fewer
	// parts must also have the same last segment of the NSID.
	telling = 4
	// maxComparisons limits the work: if the number of all parts of removed documents times the number of new documents
	// is larger, no document counts as renamed.
	maxComparisons = 20_000_000
)

// renames returns the new NSIDs of documents that were renamed, by their old NSIDs. A document that only the old set
// has was renamed to the one document that only the new set has and that is most like it, if their likeness is at least
// threshold.
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
			best[to] = match{"", score} // two documents are equally like it
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

// mostLike returns the NSID of the outline that is most like o, and its likeness. The NSID is "" if there is no such
// outline or several of them.
func (o outline) mostLike(list []outline) (id string, score int) {
	for _, other := range list {
		s := o.likeness(other)
		if lastSegment(o.id) == lastSegment(other.id) {
			s++ // decides between outlines that are equally like it
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

// likeness returns how many of the parts of two outlines both have, in thousandths of the parts that at least one has.
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
