package mst

import (
	"bytes"
	"errors"
	"io"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Leaf is an entry of a tree: a path and the CID of its record.
type Leaf struct {
	Collection syntax.NSID
	RecordKey  syntax.RecordKey
	CID        cid.CID
}

// Walker walks a tree in the order of its paths, and checks that it is well formed. The keys must
// ascend over the whole tree, so that none occurs twice. Each must be a valid path, and be in
// the layer that its hash determines. A subtree must be one layer below its parent, and must not be empty. Each
// node must pass the checks of [Node.Parse]. A tree that passes is the only valid tree of its leaves. It has no
// cycles, and at most 129 nodes from the root to any leaf, because there are no more layers.
//
// A Walker must not be used by several goroutines at once.
type Walker struct {
	root  cid.CID
	load  func(c cid.CID, buf []byte) ([]byte, error)
	ahead func(nodes []cid.CID)
	below []cid.CID // the argument of ahead, reused
	stack []*step   // the nodes from the root to the current one, followed by unused ones
	depth int       // how many of them are in use; -1 before the walk
	nodes int

	skipped int
	err     error // the error that ended the walk, or io.EOF

	last  []byte // the key of the last leaf, a part of text
	slash int    // where its collection ends

	text       []byte      // the last key of the previous call of Next, followed by the keys of this call
	kept       int         // the length of that last key
	ends       []end       // of the keys of this call
	collection syntax.NSID // of the previous leaf
}

// end says where a key ends in Walker.text, and where the collection ends in that key.
type end struct{ slash, key int }

// step is a node that is being walked.
type step struct {
	cid   cid.CID
	layer int
	node  Node
	buf   []byte // the slice that load returned for the node
	next  int    // 0 is the left subtree, and then 2i+1 entry i and 2i+2 the subtree to its right
}

// NewWalker returns a Walker of the tree whose root is the node root, the data of a commit.
//
// load returns the bytes of a node, and must check them against its CID. It may read into buf, which is nil or
// a slice that load returned earlier for a node that is no longer needed. If load returns
// [ErrSkip], the walk continues after the subtree of the node, and the checks cover only the rest of
// the tree.
func NewWalker(root cid.CID, load func(c cid.CID, buf []byte) ([]byte, error)) *Walker {
	return &Walker{root: root, load: load, depth: -1}
}

// Announce makes the Walker call ahead with the nodes that it will load soon: those below a node that it has just
// loaded, in their order. It is for a loader that can fetch several at once. ahead must not keep nodes.
func (w *Walker) Announce(ahead func(nodes []cid.CID)) { w.ahead = ahead }

// Nodes returns the number of nodes that have been loaded.
func (w *Walker) Nodes() int { return w.nodes }

// Skipped returns the number of subtrees that were skipped, because load returned [ErrSkip].
func (w *Walker) Skipped() int { return w.skipped }

// Next stores the next leaves in leaves, and returns their number. At the end of the tree the error
// is [io.EOF], and the whole tree has been checked. Any other error is an [*Error] and ends the
// walk. If Next returns an error, the leaves that it has stored are nevertheless valid.
//
// The texts of the leaves of one call share one allocation, which stays in memory as long as any of them is
// in use. So ask for as many leaves at once as will be kept together.
func (w *Walker) Next(leaves []Leaf) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	// The text of the leaves follows that of the last key, with which the next is compared.
	w.text, w.ends = append(w.text[:0], w.last...), w.ends[:0]
	w.last, w.kept = w.text, len(w.text)
	if w.depth < 0 {
		w.depth = 0
		w.err = w.skip(w.pushRoot())
	}
	n := 0
	for n < len(leaves) && w.err == nil {
		if w.depth == 0 {
			w.err = io.EOF
			break
		}
		s := w.stack[w.depth-1]
		i := s.next
		s.next++
		switch {
		case i > 2*len(s.node.Entries):
			w.depth--
		case i == 0:
			w.err = w.skip(w.push(s.node.Left))
		case i%2 == 0:
			w.err = w.skip(w.push(s.node.Entries[i/2-1].Right))
		default:
			e := &s.node.Entries[i/2]
			if w.err = w.visit(s, e.Key); w.err == nil {
				leaves[n].CID = e.Value
				n++
			}
		}
	}
	w.split(leaves)
	return n, w.err
}

// skip returns err, the result of push or pushRoot. If it wraps [ErrSkip], skip counts a skipped subtree and returns nil.
func (w *Walker) skip(err error) error {
	if err == nil || !errors.Is(err, ErrSkip) {
		return err
	}
	w.skipped++
	return nil
}

// push steps down into the subtree whose root is c, unless c is undefined.
func (w *Walker) push(c cid.CID) error {
	if !c.Defined() {
		return nil
	}
	above := w.stack[w.depth-1]
	if above.layer == 0 {
		return &Error{Node: above.cid, Err: invalid("a node of the lowest layer has a subtree")}
	}
	s, err := w.open(c)
	if err != nil {
		return err
	}
	s.layer = above.layer - 1
	if len(s.node.Entries) == 0 && !s.node.Left.Defined() {
		return &Error{Node: c, Err: invalid("a subtree is empty")}
	}
	return nil
}

// pushRoot steps down into the root.
func (w *Walker) pushRoot() error {
	s, err := w.open(w.root)
	if err != nil {
		return err
	}
	switch {
	case len(s.node.Entries) > 0:
		s.layer = Layer(s.node.Entries[0].Key)
	case s.node.Left.Defined():
		return &Error{Node: w.root, Err: invalid("the root has a subtree but no entries")}
	}
	return nil
}

// open loads the node c and puts it on the stack.
func (w *Walker) open(c cid.CID) (*step, error) {
	if w.depth == len(w.stack) {
		w.stack = append(w.stack, new(step))
	}
	s := w.stack[w.depth]
	block, err := w.load(c, s.buf)
	if err != nil {
		return nil, &Error{Node: c, Err: err}
	}
	if err := s.node.Parse(block); err != nil {
		return nil, &Error{Node: c, Err: err}
	}
	s.cid, s.buf, s.next = c, block, 0
	w.depth++
	w.nodes++
	if w.ahead != nil {
		w.announce(&s.node)
	}
	return s, nil
}

// announce passes the subtrees of a node to ahead, if there is more than one.
func (w *Walker) announce(n *Node) {
	w.below = w.below[:0]
	if n.Left.Defined() {
		w.below = append(w.below, n.Left)
	}
	for i := range n.Entries {
		if right := &n.Entries[i].Right; right.Defined() {
			w.below = append(w.below, *right)
		}
	}
	if len(w.below) > 1 {
		w.ahead(w.below)
	}
}

// visit checks a key against the layer of its node, the previous key and the syntax of paths, and appends it to w.text.
func (w *Walker) visit(s *step, key []byte) error {
	if layer := Layer(key); layer != s.layer {
		return &Error{Node: s.cid, Key: string(key), Err: invalid("key of layer %d in a node of layer %d", layer, s.layer)}
	}
	if bytes.Compare(w.last, key) >= 0 {
		return &Error{Node: s.cid, Key: string(key), Err: invalid("key out of order: it comes after %q", w.last)}
	}
	// Most paths have the same collection as the path before.
	slash := w.slash
	if len(key) <= slash || !bytes.Equal(key[:slash+1], w.last[:min(slash+1, len(w.last))]) {
		slash = bytes.IndexByte(key, '/')
		if slash < 0 || !validCollection(string(key[:slash])) {
			return &Error{Node: s.cid, Key: string(key), Err: invalid("a path must be a collection, a slash and a record key")}
		}
	}
	if !syntax.ValidRecordKey(string(key[slash+1:])) {
		return &Error{Node: s.cid, Key: string(key), Err: invalid("the part after the collection is not a record key")}
	}
	w.slash = slash
	w.text = append(w.text, key...)
	w.last = w.text[len(w.text)-len(key):]
	w.ends = append(w.ends, end{slash: slash, key: len(w.text)})
	return nil
}

// split sets the paths of the leaves from the keys that were gathered for them, in one allocation.
func (w *Walker) split(leaves []Leaf) {
	if len(w.ends) == 0 {
		return
	}
	text := string(w.text[w.kept:])
	start := 0
	for i, end := range w.ends {
		key := text[start : end.key-w.kept]
		start += len(key)
		if key[:end.slash] != string(w.collection) {
			w.collection = syntax.NSID(key[:end.slash])
		}
		leaves[i].Collection = w.collection
		leaves[i].RecordKey = syntax.RecordKey(key[end.slash+1:])
	}
}
