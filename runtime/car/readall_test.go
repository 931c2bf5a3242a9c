package car_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/layers-pub/layers-go/runtime/car"
)

// ReadAll reads what Read reads, and stops at the block at which reading one after the other would stop.
func TestReadAll(t *testing.T) {
	const count = 150
	all := blocks(count)
	b := join(archive(nil, all...))
	for name, index := range map[string]func(b []byte) (*car.Index, error){
		"in memory": func(b []byte) (*car.Index, error) { return car.NewIndexBytes(t.Context(), b) },
		"in a file": func(b []byte) (*car.Index, error) {
			return car.NewIndex(t.Context(), bytes.NewReader(b), int64(len(b)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := index(b)
			if err != nil {
				t.Fatal(err)
			}
			var locations []car.Location
			for _, block := range all {
				l, _ := x.Find(block.CID)
				locations = append(locations, l)
			}
			got := make([][]byte, count)
			for _, buf := range [][]byte{nil, make([]byte, 10), make([]byte, 0, len(b))} {
				if n, err := x.ReadAll(locations, buf, got); n != count || err != nil {
					t.Fatal(n, err)
				}
				for i, block := range all {
					if !bytes.Equal(got[i], block.Data) {
						t.Fatalf("block %d: %q", i, got[i])
					}
				}
			}
			locations[100] = car.Location{}
			if n, err := x.ReadAll(locations, nil, got); n != 100 || !errors.Is(err, car.ErrNotFound) {
				t.Errorf("a location of another index: %d blocks, %v", n, err)
			}
		})
	}
	for _, broken := range []int{0, 1, 63, 64, 65, 149} {
		damaged := bytes.Clone(b)
		x, err := car.NewIndex(t.Context(), bytes.NewReader(damaged), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		var locations []car.Location
		for _, block := range all {
			l, _ := x.Find(block.CID)
			locations = append(locations, l)
		}
		l := locations[broken]
		damaged[l.Offset()+int64(l.Size())-1] ^= 1
		got := make([][]byte, count)
		n, err := x.ReadAll(locations, nil, got)
		var e *car.Error
		if n != broken || !errors.Is(err, car.ErrHash) || !errors.As(err, &e) || e.CID != all[broken].CID || e.Offset != l.Offset() {
			t.Errorf("block %d is damaged: %d blocks, %v", broken, n, err)
		}
	}
}
