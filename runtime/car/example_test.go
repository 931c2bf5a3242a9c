package car_test

import (
	"bytes"
	"context"
	"fmt"
	"log"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
)

// This example writes an archive block by block, and finds its blocks through an index.
func Example() {
	ctx := context.Background()
	data := []byte("\xa1\x64text\x65hello")
	root := cid.Of(cid.DagCBOR, data)

	var archive bytes.Buffer
	w, err := car.NewWriter(&archive, root)
	if err != nil {
		log.Fatal(err)
	}
	if err := w.Write(ctx, root, data); err != nil {
		log.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}

	index, err := car.NewIndexBytes(ctx, archive.Bytes())
	if err != nil {
		log.Fatal(err)
	}
	block, err := index.Get(index.Roots()[0], nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d block, the root has %d bytes\n", index.Blocks(), len(block))
	// Output: 1 block, the root has 12 bytes
}
