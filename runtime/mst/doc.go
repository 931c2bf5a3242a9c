// Package mst reads and builds the Merkle search tree that maps the paths of a repository to its records.
//
// The tree of a set of records is determined by the set alone: the hash of a path says in which layer
// of the tree it stands. So a tree can be malformed in many ways that a search would not notice, and a
// [Walker] accepts nothing but the one tree that holds what it gives out: each node in canonical
// DAG-CBOR, each path valid, in its layer, and behind the one before it.
//
//	walker := mst.NewWalker(commit.Data, func(c lex.CID, buf []byte) ([]byte, error) {
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
// [Find] looks for one path, in no more than the nodes on the way to it.
//
// A [Builder] makes the nodes of a tree out of its sorted paths. A [Tree] can be changed.
//
// The tree is specified in https://atproto.com/specs/repository.
package mst
