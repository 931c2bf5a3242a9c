package repo

import "github.com/layers-pub/layers-go/runtime/cid"

// Action is what an operation does to a record.
type Action string

// The actions, in the words of com.atproto.sync.subscribeRepos.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
)

// Op is an operation of a commit: the change of a record.
type Op struct {
	Action Action
	// Path is "collection/recordkey".
	Path string
	// CID is the CID of the record after the operation; undefined after [Delete].
	CID cid.CID
	// Prev is the CID of the record before the commit; undefined if there was none.
	Prev cid.CID
}

// NewOp returns the operation that changes the record at path from prev to c. An undefined prev means that there was no
// record, and an undefined c that there is none afterwards. If prev and c are equal, the operation changes nothing.
func NewOp(path string, prev, c cid.CID) Op {
	op := Op{Action: Update, Path: path, CID: c, Prev: prev}
	switch {
	case !c.Defined():
		op.Action = Delete
	case !prev.Defined():
		op.Action = Create
	}
	return op
}
