package mst

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Tree is a tree that can be changed. It loads only the nodes that it needs. So a tree with missing nodes, such as the
// part of a tree in a #commit message, can be changed where its nodes are present. A Tree must not be used by several
// goroutines at once.
//
// In each node that it loads, it checks what a [Walker] checks, as far as the nodes above it show: each key is valid, in
// its layer, and between the keys to its left and right. After an error, a Tree must not be used.
type Tree struct {
	load func(c cid.CID, buf []byte) ([]byte, error)
	root *branch // nil for a tree without paths
	node Node    // the node that was parsed last, or is being written
	buf  []byte  // the slice that load returned last
	out  []byte  // the node that was written last

	collection []byte    // of the key that was checked last
	stale      []cid.CID // the nodes that were loaded and have been changed

	branches slab[branch]
	leaves   slab[leaf]
	keys     slab[byte]
}

// branch is a node of a [Tree], which may not have been loaded yet.
type branch struct {
	cid    cid.CID // undefined if the node has been changed
	loaded bool
	layer  int // if loaded
	left   *branch
	leaves []leaf
}

// leaf is an entry of a branch.
type leaf struct {
	key   []byte
	value cid.CID
	right *branch
}

// bounds are the keys between which the keys of a subtree must be. A nil key means no bound.
type bounds struct{ low, high []byte }

// rootLayer stands for the layer of a root that has not been loaded: only its keys show its layer.
const rootLayer = -1

// NewTree returns the tree whose root is the node root, or a tree without paths if root is undefined.
//
// load returns the bytes of a node, which it must have checked against the CID. It may read into buf, which is nil or
// a slice that load returned earlier. A Tree calls it only for nodes that it needs. It does not change what load returns.
func NewTree(root cid.CID, load func(c cid.CID, buf []byte) ([]byte, error)) *Tree {
	t := &Tree{load: load}
	t.Reset(root)
	return t
}

// Reset makes t the tree whose root is the node root, as [NewTree] does, and reuses its memory.
func (t *Tree) Reset(root cid.CID) {
	t.branches.reset()
	t.leaves.reset()
	t.keys.reset()
	t.stale = t.stale[:0]
	t.root = t.subtree(root)
}

// Stale returns the nodes that have been loaded since the last Reset and then changed or removed: unless [Tree.Root] has
// emitted them again, they are no longer part of the tree. The result is valid until the tree is changed again.
func (t *Tree) Stale() []cid.CID { return t.stale }

// newBranch returns a branch with the given values.
func (t *Tree) newBranch(b branch) *branch {
	p := &t.branches.alloc(1)[0]
	*p = b
	return p
}

// newLeaves returns a copy of leaves with room for one more.
func (t *Tree) newLeaves(leaves ...leaf) []leaf {
	b := t.leaves.alloc(len(leaves) + 1)
	return b[:copy(b, leaves)]
}

// dirty marks b as changed. If it was loaded, its CID becomes stale.
func (t *Tree) dirty(b *branch) {
	if b.cid.Defined() {
		t.stale = append(t.stale, b.cid)
		b.cid = cid.CID{}
	}
}

// Get returns the CID at a path, "collection/recordkey". It is undefined if the tree does not have the path. An error is
// an [*Error] about a node, or wraps [ErrInvalid] if path is not valid.
func (t *Tree) Get(path string) (cid.CID, error) {
	key, err := t.parsePath(path)
	if err != nil {
		return cid.CID{}, err
	}
	target, layer := Layer(key), rootLayer
	var at bounds
	for b := t.root; b != nil; {
		if err := t.open(b, layer, at); err != nil {
			return cid.CID{}, err
		}
		i, found := b.find(key)
		switch {
		case found:
			return b.leaves[i].value, nil
		case b.layer <= target:
			return cid.CID{}, nil
		}
		at = b.narrow(i, at)
		b, layer = *b.below(i), b.layer-1
	}
	return cid.CID{}, nil
}

// Put sets the CID at a path, "collection/recordkey", and returns the CID that was there before; it is undefined if the
// path is new. An error is an [*Error] about a node, or wraps [ErrInvalid] if path or value is not valid.
func (t *Tree) Put(path string, value cid.CID) (before cid.CID, err error) {
	key, err := t.parsePath(path)
	if err != nil {
		return cid.CID{}, err
	}
	if !value.Defined() {
		return cid.CID{}, invalid("path %q has no CID", path)
	}
	layer := Layer(key)
	if t.root != nil {
		if err := t.open(t.root, rootLayer, bounds{}); err != nil {
			return cid.CID{}, err
		}
	}
	switch {
	case t.root.empty():
		if t.root != nil {
			t.dirty(t.root)
		}
		t.root = t.newBranch(branch{loaded: true, layer: layer, leaves: t.newLeaves(leaf{key: key, value: value})})
		return cid.CID{}, nil
	case layer <= t.root.layer:
		return t.put(t.root, key, layer, value, bounds{})
	}
	left, right, err := t.split(t.root, t.root.layer, key, bounds{})
	if err != nil {
		return cid.CID{}, err
	}
	height := t.root.layer
	t.root = t.newBranch(branch{loaded: true, layer: layer, left: t.raise(left, height, layer-1),
		leaves: t.newLeaves(leaf{key, value, t.raise(right, height, layer-1)})})
	return cid.CID{}, nil
}

// put sets the value of a key in the subtree b, which must be loaded, and returns the value that was there before. layer is
// the key's layer, which must not be above that of b. at are the bounds of b.
func (t *Tree) put(b *branch, key []byte, layer int, value cid.CID, at bounds) (before cid.CID, err error) {
	i, found := b.find(key)
	if found {
		if before = b.leaves[i].value; before != value {
			b.leaves[i].value = value
			t.dirty(b)
		}
		return before, nil
	}
	sub, at := b.below(i), b.narrow(i, at)
	switch {
	case b.layer == layer:
		if len(b.leaves) == maxEntries {
			return cid.CID{}, invalid("a node has more than %d entries", maxEntries)
		}
		left, right, err := t.split(*sub, layer-1, key, at)
		if err != nil {
			return cid.CID{}, err
		}
		*sub = left
		b.leaves = slices.Insert(b.leaves, i, leaf{key, value, right})
	case *sub == nil:
		*sub = t.raise(t.newBranch(branch{loaded: true, layer: layer, leaves: t.newLeaves(leaf{key: key, value: value})}), layer, b.layer-1)
	default:
		if err := t.open(*sub, b.layer-1, at); err != nil {
			return cid.CID{}, err
		}
		if before, err = t.put(*sub, key, layer, value, at); err != nil || before == value {
			return before, err
		}
	}
	t.dirty(b)
	return before, nil
}

// raise puts nodes without entries above b, which is in layer from, up to the layer to, and returns the highest node.
func (t *Tree) raise(b *branch, from, to int) *branch {
	for ; b != nil && from < to; from++ {
		b = t.newBranch(branch{loaded: true, layer: from + 1, left: b})
	}
	return b
}

// split splits a subtree into the parts before and after a key that it does not have. Either may be nil. layer and at are
// as for [Tree.open].
func (t *Tree) split(b *branch, layer int, key []byte, at bounds) (left, right *branch, err error) {
	if b == nil {
		return nil, nil, nil
	}
	if err := t.open(b, layer, at); err != nil {
		return nil, nil, err
	}
	i, _ := b.find(key)
	sub := *b.below(i)
	low, high, err := t.split(sub, layer-1, key, b.narrow(i, at))
	switch {
	case err != nil:
		return nil, nil, err
	case i == len(b.leaves) && high == nil:
		return b, nil, nil
	case i == 0 && low == nil:
		return nil, b, nil
	}
	right = t.newBranch(branch{loaded: true, layer: layer, left: high, leaves: t.newLeaves(b.leaves[i:]...)})
	t.dirty(b)
	b.leaves = b.leaves[:i]
	*b.below(i) = low
	return b.orNil(), right.orNil(), nil
}

// Delete removes a path, "collection/recordkey", and returns the CID that was there; it is undefined if the tree does not
// have the path. An error is an [*Error] about a node, or wraps [ErrInvalid] if path is not valid.
func (t *Tree) Delete(path string) (before cid.CID, err error) {
	key, err := t.parsePath(path)
	if err != nil || t.root == nil {
		return cid.CID{}, err
	}
	if err := t.open(t.root, rootLayer, bounds{}); err != nil {
		return cid.CID{}, err
	}
	before, err = t.remove(t.root, key, Layer(key), bounds{})
	if err != nil || !before.Defined() {
		return cid.CID{}, err
	}
	return before, t.lower()
}

// lower removes roots without entries, until the root has an entry or the tree is empty. It assumes that a node that cannot
// be loaded has an entry; if that is wrong, the tree gets a root that no valid tree has.
func (t *Tree) lower() error {
	for t.root != nil && t.root.loaded && len(t.root.leaves) == 0 {
		t.dirty(t.root)
		layer := t.root.layer - 1
		t.root = t.root.left
		if t.root == nil {
			break
		}
		if err := t.open(t.root, layer, bounds{}); errors.Is(err, ErrInvalid) {
			return err
		}
	}
	return nil
}

// remove removes a key of the given layer from the subtree b, which must be loaded, and returns its value; it is undefined
// if b does not have the key. at are the bounds of b.
func (t *Tree) remove(b *branch, key []byte, layer int, at bounds) (before cid.CID, err error) {
	i, found := b.find(key)
	sub := b.below(i)
	switch {
	case found:
		right := b.leaves[i].right
		merged, err := t.merge(*sub, right, b.layer-1, bounds{b.narrow(i, at).low, key}, bounds{key, b.narrow(i+1, at).high})
		if err != nil {
			return cid.CID{}, err
		}
		before = b.leaves[i].value
		*sub = merged
		b.leaves = slices.Delete(b.leaves, i, i+1)
	case b.layer <= layer || *sub == nil:
		return cid.CID{}, nil
	default:
		at = b.narrow(i, at)
		if err := t.open(*sub, b.layer-1, at); err != nil {
			return cid.CID{}, err
		}
		if before, err = t.remove(*sub, key, layer, at); err != nil || !before.Defined() {
			return before, err
		}
		*sub = (*sub).orNil()
	}
	t.dirty(b)
	return before, nil
}

// merge joins two neighbouring subtrees of a layer, whose bounds are atLeft and atRight. Either may be nil.
func (t *Tree) merge(left, right *branch, layer int, atLeft, atRight bounds) (*branch, error) {
	if left == nil || right == nil {
		if left == nil {
			left = right
		}
		return left, nil
	}
	if err := t.open(left, layer, atLeft); err != nil {
		return nil, err
	}
	if err := t.open(right, layer, atRight); err != nil {
		return nil, err
	}
	if len(left.leaves)+len(right.leaves) > maxEntries {
		return nil, invalid("a node has more than %d entries", maxEntries)
	}
	last := len(left.leaves)
	inner, err := t.merge(*left.below(last), right.left, layer-1, left.narrow(last, atLeft), right.narrow(0, atRight))
	if err != nil {
		return nil, err
	}
	*left.below(last) = inner
	left.leaves = append(left.leaves, right.leaves...)
	t.dirty(left)
	t.dirty(right)
	return left, nil
}

// Root passes each changed node to emit, those of lower layers first, and returns the CID of the root, the data of a
// commit. It does not pass nodes that are no longer part of the tree. emit may be nil, and must not keep node.
// The root of a tree without paths is a node without entries. An error is that of emit.
func (t *Tree) Root(emit func(c cid.CID, node []byte) error) (cid.CID, error) {
	if t.root == nil {
		t.root = &branch{loaded: true}
	}
	return t.seal(t.root, emit)
}

func (t *Tree) seal(b *branch, emit func(cid.CID, []byte) error) (c cid.CID, err error) {
	if b == nil || b.cid.Defined() {
		if b != nil {
			c = b.cid
		}
		return c, nil
	}
	if _, err := t.seal(b.left, emit); err != nil {
		return c, err
	}
	for i := range b.leaves {
		if _, err := t.seal(b.leaves[i].right, emit); err != nil {
			return c, err
		}
	}
	node := &t.node
	node.Left, node.Entries = b.left.sealed(), node.Entries[:0]
	for i := range b.leaves {
		l := &b.leaves[i]
		node.Entries = append(node.Entries, Entry{Key: l.key, Value: l.value, Right: l.right.sealed()})
	}
	t.out = node.Append(t.out[:0])
	b.cid = cid.Of(cid.DagCBOR, t.out)
	if emit != nil {
		err = emit(b.cid, t.out)
	}
	return b.cid, err
}

// sealed returns the CID of b, or the undefined one if there is no b.
func (b *branch) sealed() cid.CID {
	if b == nil {
		return cid.CID{}
	}
	return b.cid
}

// open loads and checks b unless it is loaded already. layer is the layer of b, or rootLayer. at are its bounds.
func (t *Tree) open(b *branch, layer int, at bounds) error {
	if b.loaded {
		return nil
	}
	block, err := t.load(b.cid, t.buf)
	if err != nil {
		return &Error{Node: b.cid, Err: err}
	}
	t.buf = block
	n := &t.node
	if err := n.Parse(block); err != nil {
		return &Error{Node: b.cid, Err: err}
	}
	if err := t.checkNode(n, &layer, at); err != nil {
		err.Node = b.cid
		return err
	}
	keys := t.keys.alloc(len(n.keys))
	copy(keys, n.keys)
	b.leaves = t.leaves.alloc(len(n.Entries) + 1)[:len(n.Entries)]
	for i := range n.Entries {
		e, size := &n.Entries[i], len(n.Entries[i].Key)
		b.leaves[i] = leaf{keys[:size:size], e.Value, t.subtree(e.Right)}
		keys = keys[size:]
	}
	b.left, b.layer, b.loaded = t.subtree(n.Left), layer, true
	return nil
}

func (t *Tree) subtree(c cid.CID) *branch {
	if !c.Defined() {
		return nil
	}
	return t.newBranch(branch{cid: c})
}

// checkNode checks a node whose keys must be in *layer and within at. If *layer is rootLayer, checkNode sets it to the
// layer of the root.
func (t *Tree) checkNode(n *Node, layer *int, at bounds) *Error {
	empty := len(n.Entries) == 0
	switch {
	case *layer == rootLayer && empty && n.Left.Defined():
		return &Error{Err: invalid("the root has a subtree but no entries")}
	case *layer == rootLayer && empty:
		*layer = 0
	case *layer == rootLayer:
		*layer = Layer(n.Entries[0].Key)
	case empty && !n.Left.Defined():
		return &Error{Err: invalid("a subtree is empty")}
	}
	below := n.Left.Defined()
	for i := range n.Entries {
		key := n.Entries[i].Key
		below = below || n.Entries[i].Right.Defined()
		if !t.validKey(key) {
			return &Error{Key: string(key), Err: invalid("a path must be a collection, a slash and a record key")}
		}
		if found := Layer(key); found != *layer {
			return &Error{Key: string(key), Err: invalid("key of layer %d in a node of layer %d", found, *layer)}
		}
	}
	if below && *layer == 0 {
		return &Error{Err: invalid("a node of the lowest layer has a subtree")}
	}
	if !empty { // its keys ascend, as parsing has checked
		if first := n.Entries[0].Key; at.low != nil && bytes.Compare(first, at.low) <= 0 {
			return &Error{Key: string(first), Err: invalid("key does not come after %q", at.low)}
		}
		if last := n.Entries[len(n.Entries)-1].Key; at.high != nil && bytes.Compare(last, at.high) >= 0 {
			return &Error{Key: string(last), Err: invalid("key does not come before %q", at.high)}
		}
	}
	return nil
}

// find returns the index of the first leaf whose key is not less than key, and whether they are equal.
func (b *branch) find(key []byte) (int, bool) {
	return slices.BinarySearchFunc(b.leaves, key, func(l leaf, key []byte) int { return bytes.Compare(l.key, key) })
}

// below returns a pointer to the subtree before leaf i. For i = len(b.leaves), that is the subtree after the last leaf.
func (b *branch) below(i int) **branch {
	if i == 0 {
		return &b.left
	}
	return &b.leaves[i-1].right
}

// narrow returns the bounds of the subtree before leaf i. at are the bounds of b.
func (b *branch) narrow(i int, at bounds) bounds {
	if i > 0 {
		at.low = b.leaves[i-1].key
	}
	if i < len(b.leaves) {
		at.high = b.leaves[i].key
	}
	return at
}

func (b *branch) empty() bool { return b == nil || b.loaded && b.left == nil && len(b.leaves) == 0 }

func (b *branch) orNil() *branch {
	if b.empty() {
		return nil
	}
	return b
}

func (t *Tree) parsePath(path string) ([]byte, error) {
	if _, _, ok := SplitKey(path); !ok {
		return nil, fmt.Errorf("mst: %w: %s is not a collection, a slash and a record key", ErrInvalid, quote.Text(path, 900))
	}
	key := t.keys.alloc(len(path))
	copy(key, path)
	return key, nil
}

// validKey reports whether [SplitKey] accepts a key. It does not check the collection again if it is that of the last key,
// as for most keys.
func (t *Tree) validKey(key []byte) bool {
	slash := bytes.IndexByte(key, '/')
	if slash < 0 {
		return false
	}
	if !bytes.Equal(key[:slash], t.collection) {
		if !validCollection(string(key[:slash])) {
			return false
		}
		t.collection = append(t.collection[:0], key[:slash]...)
	}
	return syntax.ValidRecordKey(string(key[slash+1:]))
}
