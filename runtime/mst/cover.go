package mst

import "github.com/layers-pub/layers-go/runtime/cid"

// Cover calls load for each node that a server must send with an operation on path, "collection/recordkey": the nodes on
// the way to the path, and those on the ways to the paths next to it. With these nodes, a reader can undo the operation.
// root is the root of the tree after the operation. load is as for [NewTree], and may be called several times for a node.
//
// An error is an [*Error] about a node, or wraps [ErrInvalid] if path is not valid.
func Cover(root cid.CID, path string, load func(c cid.CID, buf []byte) ([]byte, error)) error {
	t := NewTree(root, load)
	key, err := t.parsePath(path)
	if err != nil {
		return err
	}
	layer := rootLayer
	var at bounds
	for b := t.root; b != nil; {
		if err := t.open(b, layer, at); err != nil {
			return err
		}
		i, found := b.find(key)
		if found {
			if err := t.edge(*b.below(i), b.layer-1, b.narrow(i, at), false); err != nil {
				return err
			}
			return t.edge(*b.below(i + 1), b.layer-1, b.narrow(i+1, at), true)
		}
		at = b.narrow(i, at)
		b, layer = *b.below(i), b.layer-1
	}
	return nil
}

// edge opens the nodes on the way to the first path of the subtree b, or to the last one. layer and at are as for
// [Tree.open].
func (t *Tree) edge(b *branch, layer int, at bounds, first bool) error {
	for b != nil {
		if err := t.open(b, layer, at); err != nil {
			return err
		}
		i := len(b.leaves)
		if first {
			i = 0
		}
		at = b.narrow(i, at)
		b, layer = *b.below(i), layer-1
	}
	return nil
}
