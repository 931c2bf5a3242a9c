package mst

import (
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// ErrInvalid says that a node, a tree or a path is malformed. The errors of this package wrap it.
var ErrInvalid = errors.New("malformed tree")

// ErrSkip is the error that the load function of a [Walker] or of [Diff] returns to skip a node with the whole
// subtree below it.
var ErrSkip = errors.New("node to be skipped")

// Error describes a fault in a tree, and names the node.
type Error struct {
	// Node is the CID of the node.
	Node cid.CID
	// Key is the path at fault; empty if the fault is not with a path.
	Key string
	// Err is the fault: it wraps [ErrInvalid], or is the error of loading the node.
	Err error
}

// Error returns a text with the node, the path and the fault.
func (e *Error) Error() string {
	if e.Key == "" {
		return fmt.Sprintf("mst: node %s: %v", e.Node, e.Err)
	}
	return fmt.Sprintf("mst: node %s, path %q: %v", e.Node, e.Key, e.Err)
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}
