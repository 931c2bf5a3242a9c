package reposync

import (
	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/repo"
)

// folded has the operations of a message, merged to one for each path. Its memory is used again for the next message.
type folded struct {
	ops    []repo.Op
	noops  []repo.Op      // operations that change nothing
	byPath map[string]int // path to index in ops; only with more than fewOps operations
}

// fewOps is the largest number of operations for which find compares all paths instead of using a map.
const fewOps = 8

// fold checks the operations, and merges those of each path to one, with the first prev and the last CID. An update or
// a deletion may lack prev. If undone is set, the operations are going to be undone, and fold takes this to mean that
// there was no record before: undoing it fails if there was one. Otherwise nothing shows whether there was, and the
// operation keeps its action.
func (f *folded) fold(ops []repo.Op, undone bool) error {
	clear(f.ops)
	clear(f.noops)
	clear(f.byPath)
	f.ops, f.noops = f.ops[:0], f.noops[:0]
	for i := range ops {
		op := &ops[i]
		if err := checkOp(op); err != nil {
			return err
		}
		at := f.find(op.Path, len(ops) > fewOps)
		if at < len(f.ops) {
			f.ops[at].CID = op.CID
		} else {
			f.ops = append(f.ops, *op)
		}
	}
	kept := f.ops[:0]
	for _, op := range f.ops {
		existed := op.Prev.Defined() || !undone && op.Action != repo.Create
		op = repo.NewOp(op.Path, op.Prev, op.CID)
		switch {
		case op.CID == op.Prev && (op.CID.Defined() || !existed):
			f.noops = append(f.noops, op)
			continue
		case existed && op.Action == repo.Create:
			op.Action = repo.Update // without prev
		}
		kept = append(kept, op)
	}
	clear(f.ops[len(kept):])
	f.ops = kept
	return nil
}

// find returns the index of the operation on a path, or len(f.ops) if there is none yet. many says whether there are
// more than fewOps operations.
func (f *folded) find(path string, many bool) int {
	if !many {
		for i := range f.ops {
			if f.ops[i].Path == path {
				return i
			}
		}
		return len(f.ops)
	}
	if f.byPath == nil {
		f.byPath = map[string]int{}
	}
	at, found := f.byPath[path]
	if !found {
		at = len(f.ops)
		f.byPath[path] = at
	}
	return at
}

// checkOp checks the form of an operation, except its prev. Only undoing the operations shows whether prev is right:
// servers state the CID that the path had before the commit, even in the second operation on that path.
func checkOp(op *repo.Op) error {
	if _, _, ok := mst.SplitKey(op.Path); !ok {
		return invalid("path %s is not a collection, a slash and a record key", quote.Text(op.Path, 900))
	}
	switch op.Action {
	case repo.Create, repo.Update:
		if op.CID.Codec() != cid.DagCBOR {
			return invalid("%s of %s has the CID %q, which is not that of a record", op.Action, op.Path, op.CID)
		}
	case repo.Delete:
		if op.CID.Defined() {
			return invalid("delete of %s has a CID, %s", op.Path, op.CID)
		}
	default:
		return invalid("unknown action %s on %s", quote.Text(op.Action, 64), op.Path)
	}
	return nil
}
