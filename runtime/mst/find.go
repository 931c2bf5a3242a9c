package mst

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Find returns the CID of the record at a path of the tree whose root is the node root. The CID is undefined
// if the tree does not have the path. load is as for [NewWalker].
//
// Find loads only the nodes on the way to the path. In these nodes it checks everything that a [Walker]
// checks: each key must be in its layer, and between the keys to its left and its right in the nodes above.
// Find does not load nodes below the layer of the path, where the path cannot be.
//
// An error is an [*Error], or says that the path is not valid.
func Find(root cid.CID, collection syntax.NSID, recordKey syntax.RecordKey, load func(c cid.CID, buf []byte) ([]byte, error)) (cid.CID, error) {
	path := string(collection) + "/" + string(recordKey)
	if _, _, ok := SplitKey(path); !ok {
		return cid.CID{}, fmt.Errorf("mst: %q is not a collection, a slash and a record key", path)
	}
	key := []byte(path)
	layer := Layer(key)
	w := NewWalker(root, load)
	w.depth = 0
	if err := w.pushRoot(); err != nil {
		return cid.CID{}, err
	}
	var low, high []byte // the keys of a node must be between these; nil means no bound
	for {
		s := w.stack[w.depth-1]
		w.last, w.slash = low, max(0, bytes.IndexByte(low, '/'))
		for i := range s.node.Entries {
			if err := w.visit(s, s.node.Entries[i].Key); err != nil {
				return cid.CID{}, err
			}
		}
		if high != nil && bytes.Compare(w.last, high) >= 0 {
			return cid.CID{}, &Error{Node: s.cid, Key: string(w.last), Err: invalid("key does not come before %q", high)}
		}
		i, found := slices.BinarySearchFunc(s.node.Entries, key, func(e Entry, key []byte) int { return bytes.Compare(e.Key, key) })
		if found {
			return s.node.Entries[i].Value, nil
		}
		below := s.node.Left
		if i > 0 {
			below, low = s.node.Entries[i-1].Right, s.node.Entries[i-1].Key
		}
		if i < len(s.node.Entries) {
			high = s.node.Entries[i].Key
		}
		if s.layer <= layer || !below.Defined() {
			return cid.CID{}, nil
		}
		if err := w.push(below); err != nil {
			return cid.CID{}, err
		}
	}
}
