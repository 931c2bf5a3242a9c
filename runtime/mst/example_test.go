package mst_test

import (
	"fmt"
	"io"
	"log"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
)

// This example builds a tree from sorted paths and walks it.
func Example() {
	nodes := map[cid.CID][]byte{}
	builder := mst.NewBuilder(func(c cid.CID, node []byte) error {
		nodes[c] = append([]byte(nil), node...)
		return nil
	})
	record := cid.Of(cid.DagCBOR, []byte("\xa1\x64text\x65hello"))
	for _, key := range []string{"com.example.note/a", "com.example.note/b", "com.example.profile/self"} {
		if err := builder.Add(key, record); err != nil {
			log.Fatal(err)
		}
	}
	root, err := builder.Root()
	if err != nil {
		log.Fatal(err)
	}

	walker := mst.NewWalker(root, func(c cid.CID, _ []byte) ([]byte, error) { return nodes[c], nil })
	leaves := make([]mst.Leaf, 10)
	n, err := walker.Next(leaves)
	if err != io.EOF {
		log.Fatal(err)
	}
	for _, leaf := range leaves[:n] {
		fmt.Println(leaf.Collection, leaf.RecordKey)
	}
	// Output:
	// com.example.note a
	// com.example.note b
	// com.example.profile self
}
