package repo

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Order is the order in which [Build] writes the blocks of an archive. Readers must accept any order.
type Order int

const (
	// OrderTree puts the commit first and then the tree in the order in which it is walked: each node
	// before its subtrees and records. Such an archive can be read as a stream.
	OrderTree Order = iota
	// OrderCID puts the blocks in descending order of their CIDs' texts, as the reference server does
	// with the blocks of one revision. The commit and the root of the tree can be anywhere.
	OrderCID
)

// block is a block to write.
type block struct {
	cid  cid.CID
	data []byte
}

// builder collects the blocks of a repository in the order of [OrderTree]. It finds nodes and records by their CIDs.
type builder struct {
	nodes   map[cid.CID][]byte
	records map[cid.CID][]byte
	blocks  []block
}

// Build writes to w the archive of a repository that holds records, and returns the CID of its commit.
//
// Build uses the fields DID, Rev and Prev of commit, and computes Data and Sig. The records can be in any order. Their
// Data must be canonical DAG-CBOR, which Build does not check; it ignores their CID. sign is given the unsigned commit,
// and returns the signature of its SHA-256 hash, 64 bytes.
//
// Build returns an error if the DID, the Rev, a path or the length of the signature is invalid, and returns the errors
// of w, sign and ctx.
func Build(ctx context.Context, w io.Writer, commit Commit, records []Record, sign func(unsigned []byte) ([]byte, error), order Order) (cid.CID, error) {
	if _, err := syntax.ParseDID(string(commit.DID)); err != nil {
		return cid.CID{}, fmt.Errorf("repo: %w", err)
	}
	if _, err := syntax.ParseTID(string(commit.Rev)); err != nil {
		return cid.CID{}, fmt.Errorf("repo: %w", err)
	}
	b := builder{nodes: map[cid.CID][]byte{}, records: map[cid.CID][]byte{}}
	var err error
	if commit.Data, err = b.build(records); err != nil {
		return cid.CID{}, fmt.Errorf("repo: %w", err)
	}
	if commit.Sig, err = sign(commit.Unsigned()); err != nil {
		return cid.CID{}, fmt.Errorf("repo: signing: %w", err)
	}
	if len(commit.Sig) != multikey.SignatureSize {
		return cid.CID{}, fmt.Errorf("repo: signature of %d bytes, must be %d", len(commit.Sig), multikey.SignatureSize)
	}
	data := commit.Block()
	root := block{cid: cid.Of(cid.DagCBOR, data), data: data}
	b.blocks = append(b.blocks, root)
	if err := b.gather(commit.Data); err != nil {
		return cid.CID{}, fmt.Errorf("repo: %w", err)
	}
	if order == OrderCID {
		slices.SortFunc(b.blocks, func(a, b block) int { return cmp.Compare(b.cid.String(), a.cid.String()) })
	}
	return root.cid, write(ctx, w, root.cid, b.blocks)
}

// build builds the tree of the records.
func (b *builder) build(records []Record) (cid.CID, error) {
	type leaf struct {
		key  string
		data []byte
	}
	leaves := make([]leaf, len(records))
	for i, r := range records {
		leaves[i] = leaf{string(r.Collection) + "/" + string(r.RecordKey), r.Data}
	}
	slices.SortFunc(leaves, func(a, b leaf) int { return cmp.Compare(a.key, b.key) })
	tree := mst.NewBuilder(func(c cid.CID, node []byte) error {
		b.nodes[c] = bytes.Clone(node)
		return nil
	})
	for _, l := range leaves {
		c := cid.Of(cid.DagCBOR, l.data)
		b.records[c] = l.data
		if err := tree.Add(l.key, c); err != nil {
			return cid.CID{}, err
		}
	}
	return tree.Root()
}

// gather appends the blocks of the tree whose root is c, in the order in which it is walked. If c is undefined, it
// does nothing.
func (b *builder) gather(c cid.CID) error {
	if !c.Defined() {
		return nil
	}
	var node mst.Node
	if err := node.Parse(b.nodes[c]); err != nil {
		return err
	}
	b.blocks = append(b.blocks, block{c, b.nodes[c]})
	if err := b.gather(node.Left); err != nil {
		return err
	}
	for _, e := range node.Entries {
		b.blocks = append(b.blocks, block{e.Value, b.records[e.Value]})
		if err := b.gather(e.Right); err != nil {
			return err
		}
	}
	return nil
}

func write(ctx context.Context, w io.Writer, root cid.CID, blocks []block) error {
	archive, err := car.NewWriter(w, root)
	if err != nil {
		return err
	}
	for i, b := range blocks {
		if i%batchSize == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if err := archive.Write(ctx, b.cid, b.data); err != nil {
			return err
		}
	}
	return archive.Flush()
}
