package mst

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// Change is a path at which two trees differ.
type Change struct {
	// Path is "collection/recordkey".
	Path string
	// Old and New are the CIDs in the two trees. One is undefined if its tree does not have the path.
	Old, New cid.CID
}

// MissingError says that a node of one of two compared trees could not be loaded, so that it is unknown how they differ
// at the paths of its subtree.
type MissingError struct {
	// Node is the CID of the node.
	Node cid.CID
	// After and Before are the bounds of the subtree: its paths sort after After and before Before. "" means no bound.
	After, Before string
	// Old reports whether the node belongs to the old tree, and not to the new one.
	Old bool
}

// Error returns a text with the node and the bounds.
func (e *MissingError) Error() string {
	return fmt.Sprintf("mst: node %s is missing: the paths after %q and before %q are unknown", e.Node, e.After, e.Before)
}

// Unwrap returns [ErrSkip].
func (e *MissingError) Unwrap() error { return ErrSkip }

// Diff yields the paths at which the trees whose roots are the nodes before and after differ, in the order of the paths. An
// undefined root stands for the tree without paths. Diff does not load subtrees that the trees have in common, except for
// nodes on the way to a difference.
//
// load returns the bytes of a node of either tree, as for [NewTree]. Where it returns [ErrSkip], the trees cannot be
// compared: Diff yields a [*MissingError], and continues after the paths of the missing subtree. Any other error is an
// [*Error] and ends the loop. Diff checks each node that it loads as a [Tree] does.
func Diff(before, after cid.CID, load func(c cid.CID, buf []byte) ([]byte, error)) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		old, current := newCursor(before, load, true), newCursor(after, load, false)
		for {
			a, b := old.top(), current.top()
			switch {
			case a == nil && b == nil:
				return
			case a != nil && b != nil && a.sub != nil && b.sub != nil && a.sub.cid == b.sub.cid:
				// Both are the next subtrees, and everything before them has been compared.
				old.pop()
				current.pop()
			case a != nil && a.sub != nil && !(b != nil && b.sub != nil && b.height() > a.height()):
				if !old.enter(current, yield) {
					return
				}
			case b != nil && b.sub != nil:
				if !current.enter(old, yield) {
					return
				}
			default:
				var change Change
				order := 0
				switch {
				case a == nil:
					order = 1
				case b == nil:
					order = -1
				default:
					order = bytes.Compare(a.leaf.key, b.leaf.key)
				}
				if order <= 0 {
					change.Path, change.Old = string(a.leaf.key), a.leaf.value
					old.pop()
				}
				if order >= 0 {
					change.Path, change.New = string(b.leaf.key), b.leaf.value
					current.pop()
				}
				if change.Old != change.New && !yield(change, nil) {
					return
				}
			}
		}
	}
}

// cursor is a position in one of the trees: its stack has the subtrees and leaves that are still to be compared.
type cursor struct {
	tree  *Tree
	stack []item // the last one is the next to be compared
	old   bool   // whether this is the old tree
}

// item is a subtree or a leaf that is still to be compared.
type item struct {
	sub   *branch // nil for a leaf
	layer int
	at    bounds // of the subtree
	leaf  leaf
}

// height returns the layer of a subtree. A root counts as higher than all others until it has been loaded.
func (i *item) height() int {
	if i.layer == rootLayer {
		return math.MaxInt
	}
	return i.layer
}

func newCursor(root cid.CID, load func(cid.CID, []byte) ([]byte, error), old bool) *cursor {
	c := &cursor{tree: NewTree(root, load), old: old}
	if c.tree.root != nil {
		c.stack = append(c.stack, item{sub: c.tree.root, layer: rootLayer})
	}
	return c
}

func (c *cursor) top() *item {
	if len(c.stack) == 0 {
		return nil
	}
	return &c.stack[len(c.stack)-1]
}

func (c *cursor) pop() { c.stack = c.stack[:len(c.stack)-1] }

// enter replaces the next subtree by the leaves and subtrees of its root. If load returns [ErrSkip] for this node, enter
// yields a [*MissingError] and moves other after the paths of the subtree. It reports whether the loop continues.
func (c *cursor) enter(other *cursor, yield func(Change, error) bool) bool {
	it := *c.top()
	err := c.open()
	switch {
	case err == nil:
		return true
	case !errors.Is(err, ErrSkip):
		yield(Change{}, err)
		return false
	}
	missing := &MissingError{Node: it.sub.cid, After: string(it.at.low), Before: string(it.at.high), Old: c.old}
	if !yield(Change{}, missing) {
		return false
	}
	return other.pass(it.at.high, c, yield)
}

// open replaces the next subtree by the leaves and subtrees of its root. If the root cannot be loaded, it removes the
// subtree and returns the error.
func (c *cursor) open() error {
	it := *c.top()
	c.pop()
	b := it.sub
	if err := c.tree.open(b, it.layer, it.at); err != nil {
		return err
	}
	for i := len(b.leaves); i >= 0; i-- {
		if sub := *b.below(i); sub != nil {
			c.stack = append(c.stack, item{sub: sub, layer: b.layer - 1, at: b.narrow(i, it.at)})
		}
		if i > 0 {
			c.stack = append(c.stack, item{leaf: b.leaves[i-1]})
		}
	}
	return nil
}

// pass moves the cursor to the first path that is not before high, or to the end if high is nil. It reports whether the
// loop continues.
//
// If c itself lacks a subtree that begins before high and ends after it, pass yields another [*MissingError] and moves
// other after the end of that subtree.
func (c *cursor) pass(high []byte, other *cursor, yield func(Change, error) bool) bool {
	for c.top() != nil {
		it := *c.top()
		switch {
		case it.sub == nil && high != nil && bytes.Compare(it.leaf.key, high) >= 0:
			return true
		case it.sub == nil, high == nil, it.at.high != nil && bytes.Compare(it.at.high, high) <= 0:
			c.pop()
		case it.at.low != nil && bytes.Compare(it.at.low, high) >= 0:
			return true
		default:
			missing := &MissingError{Node: it.sub.cid, After: string(it.at.low), Before: string(it.at.high), Old: c.old}
			switch err := c.open(); {
			case errors.Is(err, ErrSkip):
				return yield(Change{}, missing) && other.pass(it.at.high, c, yield)
			case err != nil:
				yield(Change{}, err)
				return false
			}
		}
	}
	return true
}
