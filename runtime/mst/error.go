package mst

import (
	"errors"
	"fmt"

	"github.com/layers-pub/layers-go/runtime/lex"
)

// ErrInvalid is wrapped by every error that says that a node or a tree is malformed.
var ErrInvalid = errors.New("malformed tree")

// ErrSkip is what the load function of a [Walker] returns for a node that is to be left out with all that
// is below it.
var ErrSkip = errors.New("node to be skipped")

// Error says in which node of a tree the fault is.
type Error struct {
	// Node is the CID of the node.
	Node lex.CID
	// Key is the path at fault, cut where it is longer than a path may be; empty if the fault is not
	// with a path.
	Key string
	// Err is the fault: it wraps [ErrInvalid], or is what loading the node returned.
	Err error
}

// Error returns a text that has the node, the path and the fault.
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
