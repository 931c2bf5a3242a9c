//go:build !race

package nasty

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/layers/records"
	"github.com/layers-pub/layers-go/runtime/car"
	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/repo"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// archivePeak is the bound on a loop over an archive that keeps nothing: the 80 MB that BENCHMARKS.md allows for an
// honest archive, once a worker. It does not depend on the archive but for the index, see car.Index, and that once
// more while it grows.
func archivePeak(blocks func(n int) int) func(n int) int64 {
	return func(n int) int64 { return 80<<20*int64(runtime.GOMAXPROCS(0)) + 2*62*int64(blocks(n)) }
}

const (
	annotations = syntax.NSID("pub.layers.annotation.annotationLayer")
	unknown     = syntax.NSID("com.example.note")
	did         = syntax.DID("did:plc:ewvi7nxzyoun6zhxrhs64oiz")
	rev         = syntax.TID("3jzfcijpj2z2a")
)

// paths makes an archive of one record under as many paths as make size bytes of tree.
func paths(size int, collection syntax.NSID, key string, data []byte) []byte {
	const perPath = 90
	all := make([]repo.Record, max(1, (size-len(data))/(perPath+len(key))))
	for i := range all {
		all[i] = repo.Record{Collection: collection, RecordKey: syntax.RecordKey(fmt.Sprintf("%s%08d", key, i)), Data: data}
	}
	var out bytes.Buffer
	sign := func([]byte) ([]byte, error) { return make([]byte, multikey.SignatureSize), nil }
	if _, err := repo.Build(context.Background(), &out, repo.Commit{DID: did, Rev: rev}, all, sign, repo.OrderTree); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// section returns a section of an archive.
func section(c cid.CID, data []byte) []byte {
	b := binary.AppendUvarint(nil, uint64(len(c)+len(data)))
	return append(append(b, c[:]...), data...)
}

// tree makes an archive of a commit over the nodes that make puts into it.
func tree(make func(put func(mst.Node) cid.CID) cid.CID) []byte {
	return treeOf(func(put func([]byte) cid.CID) cid.CID {
		return make(func(n mst.Node) cid.CID { return put(n.Append(nil)) })
	})
}

func treeOf(nodes func(put func([]byte) cid.CID) cid.CID) []byte {
	var sections []byte
	put := func(data []byte) cid.CID {
		c := cid.Of(cid.DagCBOR, data)
		sections = append(sections, section(c, data)...)
		return c
	}
	put([]byte{0xa0}) // the record of all entries
	commit := repo.Commit{DID: did, Rev: rev, Data: nodes(put), Sig: make([]byte, multikey.SignatureSize)}
	root := put(commit.Block())
	var out bytes.Buffer
	w, err := car.NewWriter(&out, root)
	if err != nil || w.Flush() != nil {
		panic("writing to memory failed")
	}
	return append(out.Bytes(), sections...)
}

var empty = cid.Of(cid.DagCBOR, []byte{0xa0})

// keyOf returns a path of a layer, after those that it returned for smaller i.
func keyOf(i, layer int) []byte {
	for j := 0; ; j++ {
		if key := fmt.Appendf(nil, "com.example.note/%08d%06d", i, j); mst.Layer(key) == layer {
			return key
		}
	}
}

// behind appends sections that nothing needs to an archive of one record.
func behind(size int, next func(i int) []byte) []byte {
	b := paths(1, unknown, "", []byte{0xa0})
	for i := 0; len(b) < size; i++ {
		b = append(b, next(i)...)
	}
	return b
}

// loop decodes an archive in a loop that keeps nothing. It is a stream that goes to a file, or bytes in memory. The error
// must wrap is.
func loop(stream bool, is error) func(t *testing.T, b []byte) {
	return func(t *testing.T, b []byte) {
		var r *repo.Repo
		var err error
		if stream {
			r, err = repo.Read(t.Context(), bytes.NewReader(b), repo.WithMaxMemory(0))
		} else {
			r, err = repo.FromBytes(t.Context(), b)
		}
		if err == nil {
			defer r.Close()
			for _, err = range r.Decode(t.Context(), records.Lookup, nil) {
				if err != nil {
					break
				}
			}
		}
		if (err == nil) != (is == nil) || !errors.Is(err, is) {
			t.Fatalf("%v, want %v", err, is)
		}
	}
}

func repeated(head string, n int, item string) []byte {
	b := append([]byte(head), 0x99, byte(n>>8), byte(n))
	return append(b, strings.Repeat(item, n)...)
}

// TestArchives is the table of archives.
func TestArchives(t *testing.T) {
	few := func(int) int { return 0 }
	small := func(n int) int { return n / 37 }
	items := repeated("\xa1\x6bannotations", 1000, "\xa0")
	longKey := append([]byte("\xa1\x79\x04\x00"), strings.Repeat("k", 0x400)...)
	longKey = append(longKey, repeated("", 300, "\xa1\x61x\xfb\x3f\xf8\x00\x00\x00\x00\x00\x00")...)
	nested := []byte(strings.Repeat("\xa1\x61x", 60) + "\xa0")
	big := append([]byte("\xa1\x61x\x7a\x00\x1f\x00\x00"), strings.Repeat("x", 0x1f0000)...)
	var keys []byte
	keys = append(keys, 0xb9, 1000>>8, 1000&0xff)
	for i := range 1000 {
		keys = fmt.Appendf(keys, "\x64%04d\xa0", i)
	}
	// A subtree that hangs under every entry of the node above: its keys are out of order from the second on.
	shared := func(size int) []byte {
		return tree(func(put func(mst.Node) cid.CID) cid.CID {
			var below cid.CID
			for layer := range 5 {
				var n mst.Node
				n.Left = below
				for i := range 2 {
					n.Entries = append(n.Entries, mst.Entry{Key: keyOf(i, layer), Value: empty, Right: below})
				}
				below = put(n)
			}
			for i := range size / 300 { // and as much beside them
				below = put(mst.Node{Left: below, Entries: []mst.Entry{{Key: keyOf(i, 5), Value: empty, Right: below}}})
			}
			return below
		})
	}
	one := paths(1, unknown, "", []byte{0xa0})
	repeat := section(empty, []byte{0xa0})
	large := section(cid.Of(cid.Raw, big), big)
	rows := []row{
		{name: "one record of many items under many paths", size: 16 << 10,
			input: func(n int) []byte { return paths(n, annotations, "", items) }},
		{name: "one record of many issues and a long key under many paths", size: 64 << 10,
			input: func(n int) []byte { return paths(n, annotations, "", longKey) }},
		{name: "one deep record under many paths", size: 64 << 10, input: func(n int) []byte { return paths(n, unknown, "", nested) }},
		{name: "one record of many keys under many paths", size: 64 << 10, input: func(n int) []byte { return paths(n, unknown, "", keys) }},
		{name: "an empty record under many paths", size: 1 << 20, input: func(n int) []byte { return paths(n, annotations, "", []byte{0xa0}) }},
		{name: "paths as long as can be", size: 2 << 20, input: func(n int) []byte { return paths(n, unknown, strings.Repeat("k", 504), []byte{0xa0}) }},
		{name: "one block again and again", size: 16 << 20, input: func(n int) []byte { return behind(n, func(int) []byte { return repeat }) }},
		{name: "one large block again and again", size: 32 << 20, input: func(n int) []byte { return behind(n, func(int) []byte { return large }) }},
		{name: "many tiny blocks", peak: archivePeak(small), input: func(n int) []byte {
			return behind(n, func(i int) []byte {
				data := binary.AppendUvarint(nil, uint64(i))
				return section(cid.Of(cid.Raw, data), data)
			})
		}},
		{name: "blocks that alternate with one that repeats", peak: archivePeak(small), input: func(n int) []byte {
			return behind(n, func(i int) []byte {
				data := binary.AppendUvarint(nil, uint64(i))
				return append(section(cid.Of(cid.Raw, data), data), repeat...)
			})
		}},
		{name: "subtrees shared by all nodes", size: 1 << 20, input: shared},
		{name: "a chain of nodes without entries", size: 1 << 20, input: func(n int) []byte {
			return tree(func(put func(mst.Node) cid.CID) cid.CID {
				c := put(mst.Node{Entries: []mst.Entry{{Key: keyOf(0, 0), Value: empty}}})
				for range n / 90 {
					c = put(mst.Node{Left: c})
				}
				return put(mst.Node{Left: c, Entries: []mst.Entry{{Key: keyOf(1, 3), Value: empty}}})
			})
		}},
		{name: "a node of very many entries", size: 1 << 20, input: entries},
		{name: "keys that are all prefix", size: 1 << 20, input: prefixes},
		{name: "a header of many roots", size: 60_000, input: func(n int) []byte {
			var out bytes.Buffer
			roots := make([]cid.CID, n/41)
			for i := range roots {
				roots[i] = cid.Of(cid.DagCBOR, nil)
			}
			w, err := car.NewWriter(&out, roots...)
			if err != nil || w.Flush() != nil {
				panic("writing to memory failed")
			}
			return out.Bytes()
		}},
		{name: "a header of nested fields", size: 60_000, input: func(n int) []byte {
			header := append([]byte("\xa3\x61x\x99"), byte((n/32)>>8), byte(n/32))
			for range n / 32 {
				header = append(header, strings.Repeat("\x81", 30)+"\x80"...)
			}
			header = append(header, "\x65roots\x80\x67version\x01"...)
			return append(binary.AppendUvarint(nil, uint64(len(header))), header...)
		}},
		{name: "a header that claims to be huge", size: 1 << 20, input: func(n int) []byte {
			return append([]byte("\xff\xff\xff\xff\xff\xff\xff\x7f"), make([]byte, n)...)
		}},
		{name: "a block that claims to be huge", size: 1 << 20, input: func(n int) []byte {
			b := append(bytes.Clone(one), bytes.Repeat(repeat, n/len(repeat))...)
			return append(b, "\xff\xff\xff\xff\xff\xff\xff\x7f"...)
		}},
		{name: "lengths of many bytes", size: 1 << 20, input: func(n int) []byte {
			return append(bytes.Clone(one), bytes.Repeat([]byte{0xff}, n)...)
		}},
	}
	// Where the trees and the archives are malformed, the error says so.
	malformed := map[string]error{
		"subtrees shared by all nodes":     mst.ErrInvalid,
		"a chain of nodes without entries": mst.ErrInvalid,
		"a node of very many entries":      mst.ErrInvalid,
		"a header of many roots":           car.ErrNotFound,
		"a header of nested fields":        repo.ErrRoot,
		"a header that claims to be huge":  car.ErrTooLarge,
		"a block that claims to be huge":   car.ErrTooLarge,
		"lengths of many bytes":            car.ErrSection,
	}
	var all []row
	for _, r := range rows {
		if r.peak == nil {
			r.peak = archivePeak(few)
		}
		for _, stream := range []bool{false, true} {
			r := r
			r.run = loop(stream, malformed[r.name])
			if stream {
				r.name += ", a stream"
			}
			all = append(all, r)
		}
	}
	measure(t, all)
}

// entries makes one node of as many entries as make size bytes.
func entries(size int) []byte {
	return treeOf(func(put func([]byte) cid.CID) cid.CID {
		n := size / 60
		b := append([]byte("\xa2\x61e\x9a"), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		for range n {
			b = append(b, "\xa4\x61k\x41k\x61p\x00\x61t\xf6\x61v\xd8\x2a\x58\x25\x00"...)
			b = append(b, empty[:]...)
		}
		return put(append(b, "\x61l\xf6"...))
	})
}

// prefixes makes nodes of many entries, each of whose keys is some 500 bytes of the one before and a few of its own: the
// keys are seven times the size of the nodes.
func prefixes(size int) []byte {
	long := "com.example.note/" + strings.Repeat("k", 490)
	number := 0
	next := func(layer int) []byte {
		for {
			number++
			if key := fmt.Appendf(nil, "%s%08d", long, number); mst.Layer(key) == layer {
				return key
			}
		}
	}
	return tree(func(put func(mst.Node) cid.CID) cid.CID {
		var root mst.Node
		for left := size; left > 0; {
			var n mst.Node
			for len(n.Entries) < 1000 && left > 0 {
				n.Entries = append(n.Entries, mst.Entry{Key: next(0), Value: empty})
				left -= 70
			}
			c := put(n)
			if len(root.Entries) == 0 {
				root.Left = c
			} else {
				root.Entries[len(root.Entries)-1].Right = c
			}
			root.Entries = append(root.Entries, mst.Entry{Key: next(1), Value: empty})
		}
		return put(root)
	})
}
