// Package mst reads and builds the Merkle search tree that maps the paths of a repository to its records.
//
// A set of records has exactly one valid tree: the hash of a path determines its layer in
// the tree. So a tree can be malformed in many ways that a search would not notice. A
// [Walker] accepts only the one valid tree of the leaves that it returns: each node must be in canonical
// DAG-CBOR, and each path must be valid, in its layer, and after the previous path.
//
//	walker := mst.NewWalker(commit.Data, func(c cid.CID, buf []byte) ([]byte, error) {
//		return index.Get(c, buf)
//	})
//	leaves := make([]mst.Leaf, 100)
//	for {
//		n, err := walker.Next(leaves)
//		for _, leaf := range leaves[:n] {
//			fmt.Println(leaf.Collection, leaf.RecordKey, leaf.CID)
//		}
//		if err == io.EOF {
//			return nil
//		}
//		if err != nil {
//			return err
//		}
//	}
//
// [Find] looks for one path, and loads only the nodes on the way to it.
//
// A [Builder] makes the nodes of a tree from its sorted paths. A [Tree] can be changed. [Diff] compares two trees.
//
// The tree is specified in https://atproto.com/specs/repository.
package mst
