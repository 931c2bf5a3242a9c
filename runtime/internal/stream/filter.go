package stream

import (
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Filter says which collections and accounts a subscription wants. The zero Filter wants no collection. A Filter is
// safe for concurrent use.
type Filter struct {
	exact    map[string]bool // collections named in full
	prefixes []string        // of collections, with the dot at their end
	all      bool            // all collections
	dids     map[string]bool // nil for all
}

// NewFilter returns a filter for the given collections and accounts. Each collection is an NSID, the beginning of an
// NSID followed by ".*", or "*" for all. If dids is empty, the filter wants all accounts.
func NewFilter(collections []string, dids []syntax.DID) (Filter, error) {
	f := Filter{exact: map[string]bool{}}
	for _, c := range collections {
		prefix, wild := strings.CutSuffix(c, ".*")
		switch {
		case c == "*":
			f.all = true
		case wild && prefix != "" && !strings.Contains(prefix, "*"):
			// Two more segments make any authority an NSID.
			if _, err := syntax.ParseNSID(prefix + ".aa.aa"); err != nil {
				return Filter{}, fmt.Errorf("firehose: collection %s: not the beginning of an NSID", quote.Text(c, 100))
			}
			f.prefixes = append(f.prefixes, prefix+".")
		default:
			if _, err := syntax.ParseNSID(c); err != nil {
				return Filter{}, fmt.Errorf("firehose: collection: %w", err)
			}
			f.exact[c] = true
		}
	}
	if len(dids) > 0 {
		f.dids = map[string]bool{}
	}
	for _, did := range dids {
		if _, err := syntax.ParseDID(string(did)); err != nil {
			return Filter{}, fmt.Errorf("firehose: %w", err)
		}
		f.dids[string(did)] = true
	}
	return f, nil
}

// Collections returns the collections that are named in full, not by a pattern.
func (f *Filter) Collections() map[string]bool { return f.exact }

// WantsRepo reports whether the filter wants the account with the given DID.
func (f *Filter) WantsRepo(did []byte) bool { return f.dids == nil || f.dids[string(did)] }

// WantsPath reports whether the filter wants the collection of path, which has the form "collection/recordkey".
func (f *Filter) WantsPath(path []byte) bool {
	if f.all {
		return true
	}
	for i, c := range path {
		if c == '/' {
			path = path[:i]
			break
		}
	}
	for _, prefix := range f.prefixes {
		if len(path) > len(prefix) && string(path[:len(prefix)]) == prefix {
			return true
		}
	}
	return len(f.exact) > 0 && f.exact[string(path)]
}
