package mst

import (
	"bytes"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// Builder makes the nodes of a tree from its sorted leaves. It must not be used by several goroutines at once.
type Builder struct {
	emit func(c cid.CID, node []byte) error
	open []Node // the node of each layer to which leaves are being added
	last []byte
	buf  []byte
}

// NewBuilder returns a Builder that passes each node to emit as soon as it is complete, those of lower
// layers first. emit must not keep node.
func NewBuilder(emit func(c cid.CID, node []byte) error) *Builder {
	return &Builder{emit: emit}
}

// Add adds a leaf. key is its path, "collection/recordkey", which must sort after the path added before
// it. Add returns an error that wraps [ErrInvalid] if it does not, if key is not a valid path, if value is
// undefined, or if a node has more than 4096 entries; and it returns the errors of emit.
func (b *Builder) Add(key string, value cid.CID) error {
	if _, _, ok := SplitKey(key); !ok {
		return invalid("%q is not a collection, a slash and a record key", key)
	}
	if !value.Defined() {
		return invalid("path %q has no CID", key)
	}
	k := []byte(key)
	if bytes.Compare(b.last, k) >= 0 {
		return invalid("path %q does not come after %q", key, b.last)
	}
	layer := Layer(k)
	for len(b.open) <= layer {
		b.open = append(b.open, Node{})
	}
	for i := range layer {
		if err := b.close(i); err != nil {
			return err
		}
	}
	node := &b.open[layer]
	if len(node.Entries) == maxEntries {
		return invalid("a node has more than %d entries", maxEntries)
	}
	node.Entries = append(node.Entries, Entry{Key: k, Value: value})
	b.last = k
	return nil
}

// Root completes the tree and returns the CID of its root, the data of a commit. Afterwards the Builder is
// empty and can be used again. An error is that of emit.
func (b *Builder) Root() (cid.CID, error) {
	if len(b.open) == 0 {
		b.open = append(b.open, Node{})
	}
	top := len(b.open) - 1
	for i := range top {
		if err := b.close(i); err != nil {
			return cid.CID{}, err
		}
	}
	root, err := b.write(&b.open[top])
	b.open, b.last = nil, nil
	return root, err
}

// close completes the node of a layer, if it is not empty, and links it from the node above.
func (b *Builder) close(layer int) error {
	node := &b.open[layer]
	if len(node.Entries) == 0 && !node.Left.Defined() {
		return nil
	}
	c, err := b.write(node)
	if err != nil {
		return err
	}
	node.Left, node.Entries = cid.CID{}, node.Entries[:0]
	above := &b.open[layer+1]
	if n := len(above.Entries); n > 0 {
		above.Entries[n-1].Right = c
	} else {
		above.Left = c
	}
	return nil
}

func (b *Builder) write(n *Node) (cid.CID, error) {
	b.buf = n.Append(b.buf[:0])
	c := cid.Of(cid.DagCBOR, b.buf)
	return c, b.emit(c, b.buf)
}
