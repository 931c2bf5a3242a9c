package car_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"testing"

	carv2 "github.com/ipld/go-car/v2"

	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
)

// BenchmarkReader compares reading with the hashing of the same blocks, its floor, and with go-car.
func BenchmarkReader(b *testing.B) {
	all := make([]car.Block, 2000)
	for i := range all {
		data := binary.BigEndian.AppendUint32(make([]byte, 2000), uint32(i))
		all[i] = car.Block{CID: cid.Of(cid.DagCBOR, data), Data: data}
	}
	archived := join(archive(nil, all...))
	run := func(name string, read func() error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(archived)))
			b.ReportAllocs()
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	run("floor", func() error {
		for i := range all {
			sha256.Sum256(all[i].Data)
		}
		return nil
	})
	run("Reader", func() error {
		reader, err := car.NewReader(bytes.NewReader(archived))
		if err != nil {
			return err
		}
		for _, err := range reader.Blocks(b.Context()) {
			if err != nil {
				return err
			}
		}
		return nil
	})
	run("go-car", func() error {
		reader, err := carv2.NewBlockReader(bytes.NewReader(archived))
		for err == nil {
			_, err = reader.Next()
		}
		if err == io.EOF {
			return nil
		}
		return err
	})
}
