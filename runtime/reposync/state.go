package reposync

import (
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/rec"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// State is the state of a repository: what a reader keeps of the last commit. The zero State means that none is known.
type State struct {
	Rev syntax.TID
	// Commit is the CID of the commit; undefined if it is not known.
	Commit cid.CID
	// Data is the root of the commit's tree; undefined if it is not known.
	Data cid.CID
}

// CheckNext checks that a commit whose signature and operations were verified follows the known state s: since and
// prevData, which describe the previous commit in the message, must be those of s. It returns the resulting level of
// trust: [rec.Chained] if the revision and the tree of s are known, so that nothing was missed, and otherwise
// [rec.Signed].
//
// An error wraps [ErrDesynchronized]. Whether the revision is later than that of s is not checked.
func (s State) CheckNext(since syntax.TID, prevData cid.CID) (rec.Trust, error) {
	if s.Rev == "" {
		return rec.Signed, nil
	}
	if since != s.Rev {
		return rec.Signed, desynchronized("since is %q, but the known revision is %s", since, s.Rev)
	}
	if !s.Data.Defined() {
		return rec.Signed, nil
	}
	if prevData != s.Data {
		return rec.Signed, desynchronized("prevData is %q, but the known tree is %s", prevData, s.Data)
	}
	return rec.Chained, nil
}
