package firehose

import (
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// filter says which commits and accounts a subscription is about.
type filter struct {
	exact    map[string]bool // collections
	prefixes []string        // of collections, with the dot at their end
	all      bool            // all collections
	dids     map[string]bool // nil for all
}

// newFilter returns the filter for collections, each of which is an NSID, an NSID's beginning followed by ".*", or "*".
func newFilter(collections []string, dids []syntax.DID) (filter, error) {
	f := filter{exact: map[string]bool{}}
	for _, c := range collections {
		prefix, wild := strings.CutSuffix(c, ".*")
		switch {
		case c == "*":
			f.all = true
		case wild && prefix != "" && !strings.Contains(prefix, "*"):
			// Two more segments make any authority an NSID.
			if _, err := syntax.ParseNSID(prefix + ".aa.aa"); err != nil {
				return filter{}, fmt.Errorf("firehose: collection %s: not the beginning of an NSID", quote.Text(c, 100))
			}
			f.prefixes = append(f.prefixes, prefix+".")
		default:
			if _, err := syntax.ParseNSID(c); err != nil {
				return filter{}, fmt.Errorf("firehose: collection: %w", err)
			}
			f.exact[c] = true
		}
	}
	if len(dids) > 0 {
		f.dids = map[string]bool{}
	}
	for _, did := range dids {
		if _, err := syntax.ParseDID(string(did)); err != nil {
			return filter{}, fmt.Errorf("firehose: %w", err)
		}
		f.dids[string(did)] = true
	}
	return f, nil
}

// wantsRepo reports whether the subscription is about a repository.
func (f *filter) wantsRepo(did []byte) bool { return f.dids == nil || f.dids[string(did)] }

// wantsPath reports whether the collection of a path, "collection/recordkey", is wanted.
func (f *filter) wantsPath(path []byte) bool {
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
