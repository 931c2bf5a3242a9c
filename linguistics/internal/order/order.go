// Package order sorts the parts of an expression in the order of the text.
package order

import (
	"cmp"
	"slices"

	"github.com/layers-pub/layers-go/layers/expression"
	"github.com/layers-pub/layers-go/linguistics/feature"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// KeyPrevious is the key of a feature that sections have in a document without a text of its own. Its value is the
// record key of the previous section, or "" in the first section.
const KeyPrevious = "conllu.previous"

// Parts returns the parts of an expression in the order of the text: in the order that [KeyPrevious] gives, if all
// parts have it and form one chain; or else by the starts of their anchors in the expression's text, and then by their
// URIs. It may sort parts in place. get returns the record of a part.
func Parts(parts []syntax.ATURI, get func(syntax.ATURI) *expression.Expression) []syntax.ATURI {
	next := map[string]syntax.ATURI{}
	for _, uri := range parts {
		previous, ok := feature.Get(get(uri).Features, KeyPrevious)
		if _, twice := next[previous]; !ok || twice {
			next = nil
			break
		}
		next[previous] = uri
	}
	var chain []syntax.ATURI
	for uri, ok := next[""]; ok && len(chain) < len(parts); uri, ok = next[string(uri.RecordKey())] {
		chain = append(chain, uri)
	}
	if next != nil && len(chain) == len(parts) {
		return chain
	}
	start := func(uri syntax.ATURI) int64 {
		if a := get(uri).Anchor; a != nil && a.TextSpan != nil {
			return a.TextSpan.ByteStart
		}
		return 0
	}
	slices.SortFunc(parts, func(a, b syntax.ATURI) int {
		return cmp.Or(cmp.Compare(start(a), start(b)), cmp.Compare(a, b))
	})
	return parts
}
