package store

import (
	"bytes"
	"context"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
)

// MediaType is the media type of archives.
const MediaType = "application/vnd.ipld.car"

// Block is a block of a repository.
type Block struct {
	CID  cid.CID
	Data []byte
}

// Blocks returns the roots and the blocks of an archive.
func Blocks(archive []byte) (roots []cid.CID, blocks []Block, err error) {
	r, err := car.NewReader(bytes.NewReader(archive))
	if err != nil {
		return nil, nil, err
	}
	for block, err := range r.Blocks(context.Background()) {
		if err != nil {
			return nil, nil, err
		}
		blocks = append(blocks, Block{block.CID, bytes.Clone(block.Data)})
	}
	return r.Roots(), blocks, nil
}

// Archive returns a CAR archive with the given blocks and roots.
func Archive(blocks []Block, roots ...cid.CID) ([]byte, error) {
	var b bytes.Buffer
	w, err := car.NewWriter(&b, roots...)
	if err != nil {
		return nil, err
	}
	for _, block := range blocks {
		if err := w.Write(context.Background(), block.CID, block.Data); err != nil {
			return nil, err
		}
	}
	err = w.Flush()
	return b.Bytes(), err
}
