package repo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/layers-pub/layers-go/internal/quote"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Sign sets c.Sig to the signature of c under key. An error is that of [multikey.PrivateKey.Sign].
func (c *Commit) Sign(key multikey.PrivateKey) error {
	signature, err := key.Sign(c.Unsigned())
	if err != nil {
		return fmt.Errorf("repo: signing: %w", err)
	}
	c.Sig = signature
	return nil
}

// Writable is a mutable repository in memory, for use by a server. Each change makes a signed commit and the data that
// the server sends to its subscribers. A Writable must not be used by several goroutines at once.
type Writable struct {
	did       syntax.DID
	key       multikey.PrivateKey
	commit    Commit
	commitCID cid.CID
	nodes     map[cid.CID][]byte // of the tree of the commit
	records   map[cid.CID]*shared
	tree      *mst.Tree
}

// shared is a record and the number of paths that it is stored at.
type shared struct {
	data  []byte
	paths int
}

// Write is one change of a [Writable]: a record to store at a path, or its deletion.
type Write struct {
	// Path is "collection/recordkey".
	Path string
	// Data is the record in canonical DAG-CBOR, or nil to delete the record at Path.
	Data []byte
}

// Changed is a commit of a [Writable] and what it changed. Its fields are those of the message #commit of
// com.atproto.sync.subscribeRepos.
type Changed struct {
	Commit Commit
	// CID is the CID of the commit.
	CID cid.CID
	// Since is the revision of the previous commit, and PrevData the root of its tree. In the first commit, Since is
	// empty and PrevData undefined.
	Since    syntax.TID
	PrevData cid.CID
	// Ops are the changes of records, one for each path that changed, in the order of the paths.
	Ops []Op
	// Blocks is an archive of the commit, the new nodes of the tree, the nodes that a reader needs to undo the operations,
	// and the new records. If there are many, it may be larger than the protocol allows.
	Blocks []byte
	// Added are the blocks that the repository did not have before, and Removed those that it does not have any more: commits,
	// nodes of the tree and records. They are in no order.
	Added, Removed []cid.CID
}

// NewWritable returns a repository without records and without a commit. [Writable.Apply] makes the first. key signs the
// commits.
func NewWritable(did syntax.DID, key multikey.PrivateKey) *Writable {
	w := &Writable{did: did, key: key, nodes: map[cid.CID][]byte{}, records: map[cid.CID]*shared{}}
	w.tree = mst.NewTree(cid.CID{}, w.node)
	return w
}

// LoadWritable returns a repository with the commit and the records of r, which it reads completely and copies into
// memory. It checks r as [Repo.Records] does, and returns the same errors. key signs further commits.
func LoadWritable(ctx context.Context, r *Repo, key multikey.PrivateKey) (*Writable, error) {
	w := NewWritable(r.commit.DID, key)
	builder := mst.NewBuilder(w.addNode)
	for record, err := range r.Records(ctx) {
		if err != nil {
			return nil, err
		}
		if err := builder.Add(string(record.Collection)+"/"+string(record.RecordKey), record.CID); err != nil {
			return nil, err
		}
		w.addRecord(record.CID, record.Data)
	}
	if _, err := builder.Root(); err != nil {
		return nil, err
	}
	w.commit, w.commitCID = r.commit, r.commitCID
	return w, nil
}

func (w *Writable) node(c cid.CID, _ []byte) ([]byte, error) {
	node, ok := w.nodes[c]
	if !ok {
		return nil, notFound(c)
	}
	return node, nil
}

func (w *Writable) addNode(c cid.CID, node []byte) error {
	w.nodes[c] = bytes.Clone(node)
	return nil
}

func (w *Writable) addRecord(c cid.CID, data []byte) {
	if w.records[c] == nil {
		w.records[c] = &shared{data: bytes.Clone(data)}
	}
	w.records[c].paths++
}

func (w *Writable) removeRecord(c cid.CID) {
	if r := w.records[c]; r != nil {
		if r.paths--; r.paths == 0 {
			delete(w.records, c)
		}
	}
}

// Commit returns the latest commit and its CID, which is undefined before the first.
func (w *Writable) Commit() (Commit, cid.CID) { return w.commit, w.commitCID }

// Get returns the CID and the data of the record at a path, "collection/recordkey". The caller must not change the data.
// If there is no record, Get returns the undefined CID and nil.
func (w *Writable) Get(path string) (cid.CID, []byte) {
	if !w.commitCID.Defined() {
		return cid.CID{}, nil
	}
	w.tree.Reset(w.commit.Data)
	c, err := w.tree.Get(path)
	if err != nil || !c.Defined() {
		return cid.CID{}, nil
	}
	return c, w.records[c].data
}

// Apply writes records and makes a commit with the revision rev, which must be after that of the previous commit. If
// there are several writes to a path, the last one counts. Writing a record that is there already, or deleting one that
// does not exist, changes nothing. Apply makes a commit even if nothing changes.
//
// Apply returns an error, and leaves the repository unchanged, if the DID, rev or a path is invalid, if signing fails,
// or if ctx has ended. The error wraps [ErrOlderRevision] if rev is not after that of the previous commit. Apply does
// not check that records are DAG-CBOR.
func (w *Writable) Apply(ctx context.Context, rev syntax.TID, writes ...Write) (*Changed, error) {
	if err := w.checkApply(rev); err != nil {
		return nil, err
	}
	wanted := map[string][]byte{}
	for _, write := range writes {
		wanted[write.Path] = write.Data
	}
	changed := &Changed{Since: w.commit.Rev, PrevData: w.commit.Data}
	w.tree.Reset(w.commit.Data)
	data := map[cid.CID][]byte{}
	for _, path := range slices.Sorted(maps.Keys(wanted)) {
		op, err := w.write(path, wanted[path])
		if err != nil {
			return nil, err
		}
		if op.CID == op.Prev {
			continue
		}
		changed.Ops = append(changed.Ops, op)
		if op.CID.Defined() {
			data[op.CID] = wanted[path]
		}
	}
	stale := slices.Clone(w.tree.Stale())
	fresh := map[cid.CID][]byte{}
	root, err := w.tree.Root(func(c cid.CID, node []byte) error {
		fresh[c] = bytes.Clone(node)
		return nil
	})
	if err != nil {
		return nil, err
	}
	commit := Commit{DID: w.did, Rev: rev, Data: root}
	if err := commit.Sign(w.key); err != nil {
		return nil, err
	}
	changed.Commit, changed.CID = commit, cid.Of(cid.DagCBOR, commit.Block())
	if changed.Blocks, err = w.blocksOf(ctx, changed, slices.Sorted(maps.Keys(wanted)), fresh, data); err != nil {
		return nil, err
	}
	w.replace(changed, stale, fresh, data)
	w.commit, w.commitCID = commit, changed.CID
	return changed, nil
}

// replace replaces the nodes and records of the previous commit with those of changed, and sets changed.Added and
// changed.Removed.
func (w *Writable) replace(changed *Changed, stale []cid.CID, fresh, records map[cid.CID][]byte) {
	changed.Added = append(changed.Added, changed.CID)
	if w.commitCID.Defined() {
		changed.Removed = append(changed.Removed, w.commitCID)
	}
	for _, c := range stale {
		if fresh[c] == nil {
			delete(w.nodes, c)
			changed.Removed = append(changed.Removed, c)
		}
	}
	for c, node := range fresh {
		if w.nodes[c] == nil {
			changed.Added = append(changed.Added, c)
		}
		w.nodes[c] = node
	}
	for _, op := range changed.Ops {
		if op.CID.Defined() {
			if w.records[op.CID] == nil {
				changed.Added = append(changed.Added, op.CID)
			}
			w.addRecord(op.CID, records[op.CID])
		}
	}
	for _, op := range changed.Ops {
		w.removeRecord(op.Prev)
		if op.Prev.Defined() && w.records[op.Prev] == nil {
			changed.Removed = append(changed.Removed, op.Prev)
		}
	}
}

func (w *Writable) checkApply(rev syntax.TID) error {
	if _, err := syntax.ParseDID(string(w.did)); err != nil {
		return fmt.Errorf("repo: %w", err)
	}
	if _, err := syntax.ParseTID(string(rev)); err != nil {
		return fmt.Errorf("repo: %w", err)
	}
	if rev <= w.commit.Rev {
		return fmt.Errorf("repo: rev %s is not after the latest one, %s: %w", rev, w.commit.Rev, ErrOlderRevision)
	}
	return nil
}

// write puts or deletes the record at one path of the tree, and returns the operation. A nil data deletes.
func (w *Writable) write(path string, data []byte) (Op, error) {
	if data == nil {
		prev, err := w.tree.Delete(path)
		return NewOp(path, prev, cid.CID{}), err
	}
	c := cid.Of(cid.DagCBOR, data)
	prev, err := w.tree.Put(path, c)
	return NewOp(path, prev, c), err
}

// blocksOf returns the archive of a change: first the commit, then the new nodes and the nodes next to the written paths,
// changed or not, and then the records.
func (w *Writable) blocksOf(ctx context.Context, changed *Changed, paths []string, fresh, records map[cid.CID][]byte) ([]byte, error) {
	blocks := []block{{changed.CID, changed.Commit.Block()}}
	seen := map[cid.CID]bool{}
	load := func(c cid.CID, _ []byte) ([]byte, error) {
		node, ok := fresh[c]
		if !ok {
			var err error
			if node, err = w.node(c, nil); err != nil {
				return nil, err
			}
		}
		if !seen[c] {
			seen[c] = true
			blocks = append(blocks, block{c, node})
		}
		return node, nil
	}
	for _, path := range paths {
		if err := mst.Cover(changed.Commit.Data, path, load); err != nil {
			return nil, err
		}
	}
	for _, c := range sortedCIDs(fresh) {
		if _, err := load(c, nil); err != nil {
			return nil, err
		}
	}
	for _, op := range changed.Ops {
		if op.CID.Defined() {
			blocks = append(blocks, block{op.CID, records[op.CID]})
		}
	}
	var archive bytes.Buffer
	err := write(ctx, &archive, changed.CID, blocks)
	return archive.Bytes(), err
}

func sortedCIDs(m map[cid.CID][]byte) []cid.CID {
	return slices.SortedFunc(maps.Keys(m), func(a, b cid.CID) int { return bytes.Compare(a[:], b[:]) })
}

// Archive writes the archive of the whole repository, as com.atproto.sync.getRepo returns it. There must be a commit.
func (w *Writable) Archive(ctx context.Context, to io.Writer) error {
	return w.archive(ctx, to, func(b *builder) error {
		b.nodes, b.records = w.nodes, map[cid.CID][]byte{}
		for c, r := range w.records {
			b.records[c] = r.data
		}
		return b.gather(w.commit.Data)
	})
}

// Head returns the archive of the commit alone, as the message #sync has it. There must be a commit.
func (w *Writable) Head(ctx context.Context) ([]byte, error) {
	var archive bytes.Buffer
	err := w.archive(ctx, &archive, func(*builder) error { return nil })
	return archive.Bytes(), err
}

// Prove writes the proof of which record the repository has at a path, or that it has none, as
// com.atproto.sync.getRecord returns it and [ReadProof] reads it. There must be a commit. An error wraps
// [mst.ErrInvalid] if the path is invalid.
func (w *Writable) Prove(ctx context.Context, to io.Writer, path string) error {
	return w.archive(ctx, to, func(b *builder) error {
		collection, recordKey, ok := mst.SplitKey(path)
		if !ok {
			return fmt.Errorf("%w: %s is not a collection, a slash and a record key", mst.ErrInvalid, quote.Text(path, 900))
		}
		c, err := mst.Find(w.commit.Data, collection, recordKey, func(c cid.CID, _ []byte) ([]byte, error) {
			node, err := w.node(c, nil)
			b.blocks = append(b.blocks, block{c, node})
			return node, err
		})
		if c.Defined() {
			b.blocks = append(b.blocks, block{c, w.records[c].data})
		}
		return err
	})
}

// archive writes an archive of the commit and the blocks that gather adds.
func (w *Writable) archive(ctx context.Context, to io.Writer, gather func(*builder) error) error {
	if !w.commitCID.Defined() {
		return fmt.Errorf("repo: %s has no commit yet", w.did)
	}
	b := builder{blocks: []block{{w.commitCID, w.commit.Block()}}}
	if err := gather(&b); err != nil {
		return fmt.Errorf("repo: %w", err)
	}
	return write(ctx, to, w.commitCID, b.blocks)
}
