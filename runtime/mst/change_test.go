package mst_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
)

// blocks are nodes by CID.
type blocks map[cid.CID]string

var errMissing = errors.New("not there")

func (b blocks) load(c cid.CID, buf []byte) ([]byte, error) {
	node, ok := b[c]
	if !ok {
		return nil, errMissing
	}
	return append(buf[:0], node...), nil
}

func (b blocks) put(c cid.CID, node []byte) error {
	b[c] = string(node)
	return nil
}

// build returns the root of the tree of leaves, and puts its nodes into b.
func (b blocks) build(t testing.TB, leaves map[string]cid.CID) cid.CID {
	t.Helper()
	builder := mst.NewBuilder(b.put)
	for _, path := range slices.Sorted(maps.Keys(leaves)) {
		if err := builder.Add(path, leaves[path]); err != nil {
			t.Fatal(err)
		}
	}
	root, err := builder.Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func cidOf(n int) cid.CID { return cid.Of(cid.DagCBOR, fmt.Appendf(nil, "%d", n)) }

// TestTree changes trees at random and compares each with the tree that is built of the same leaves.
func TestTree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		// Few keys make trees that grow and shrink by layers, many make deep ones.
		keys := make([]string, 1+r.IntN(1<<r.IntN(9)))
		for i := range keys {
			keys[i] = fmt.Sprintf("com.example.c%d/%d", r.IntN(3), r.IntN(1<<30))
		}
		have, stored := map[string]cid.CID{}, blocks{}
		for _, key := range keys {
			if r.IntN(2) == 0 {
				have[key] = cidOf(r.IntN(1000))
			}
		}
		root := stored.build(t, have)
		tree := mst.NewTree(root, stored.load)
		for step := range 50 {
			key := keys[r.IntN(len(keys))]
			want := have[key]
			var got cid.CID
			var err error
			switch r.IntN(4) {
			case 0:
				got, err = tree.Get(key)
			case 1:
				delete(have, key)
				got, err = tree.Delete(key)
			default:
				have[key] = cidOf(r.IntN(1000))
				got, err = tree.Put(key, have[key])
			}
			if err != nil || got != want {
				t.Fatalf("step %d, %s: %s, want %s: %v", step, key, got, want, err)
			}
			if r.IntN(3) > 0 {
				continue
			}
			root, err = tree.Root(stored.put)
			if want := (blocks{}).build(t, have); err != nil || root != want {
				t.Fatalf("step %d: root %s of %d leaves, want %s: %v", step, root, len(have), want, err)
			}
			if r.IntN(2) == 0 {
				tree = mst.NewTree(root, stored.load)
			}
		}
	}
}

// TestTreeMissing changes trees of which only the nodes on the way to the change, and beside it, are there.
func TestTreeMissing(t *testing.T) {
	have, stored := map[string]cid.CID{}, blocks{}
	for i := range 2000 {
		have[fmt.Sprintf("com.example.c/%d", i)] = cidOf(i)
	}
	root := stored.build(t, have)
	for i := range 50 {
		key := fmt.Sprintf("com.example.c/%d", i*37)
		needed := blocks{}
		change := func(load func(cid.CID, []byte) ([]byte, error)) (cid.CID, error) {
			tree := mst.NewTree(root, load)
			if before, err := tree.Delete(key); err != nil || before != have[key] {
				return before, err
			}
			return tree.Root(nil)
		}
		want, err := change(func(c cid.CID, buf []byte) ([]byte, error) {
			needed[c] = stored[c]
			return stored.load(c, buf)
		})
		if err != nil || len(needed) > 40 {
			t.Fatalf("%s: %d nodes: %v", key, len(needed), err)
		}
		if got, err := change(needed.load); err != nil || got != want {
			t.Fatalf("%s: %s, want %s: %v", key, got, want, err)
		}
		delete(needed, root)
		if _, err := change(needed.load); !errors.Is(err, errMissing) {
			t.Fatalf("%s: without the root: %v", key, err)
		}
	}
}

// TestTreeMalformed holds that nodes which no tree has are errors that name them.
func TestTreeMalformed(t *testing.T) {
	node := func(stored blocks, left cid.CID, keys ...string) cid.CID {
		n := mst.Node{Left: left}
		for _, key := range keys {
			n.Entries = append(n.Entries, mst.Entry{Key: []byte(key), Value: cidOf(1)})
		}
		b := n.Append(nil)
		c := cid.Of(cid.DagCBOR, b)
		stored[c] = string(b)
		return c
	}
	low, high := keysOfLayer(0, 40), keysOfLayer(1, 2)
	for name, root := range map[string]func(blocks) cid.CID{
		"not a node":        func(b blocks) cid.CID { c := cidOf(1); b[c] = "x"; return c },
		"two layers":        func(b blocks) cid.CID { return node(b, cid.CID{}, sorted(low[0], high[0])...) },
		"not a path":        func(b blocks) cid.CID { return node(b, cid.CID{}, "nonsense") },
		"root of a subtree": func(b blocks) cid.CID { return node(b, node(b, cid.CID{}, low[0])) },
		"below the lowest":  func(b blocks) cid.CID { return node(b, node(b, cid.CID{}, low[0]), low[1]) },
		"empty subtree":     func(b blocks) cid.CID { return node(b, node(b, cid.CID{}), high[0]) },
		"out of bounds": func(b blocks) cid.CID {
			return node(b, node(b, cid.CID{}, after(high[0], low)), high[0])
		},
	} {
		t.Run(name, func(t *testing.T) {
			stored := blocks{}
			tree := mst.NewTree(root(stored), stored.load)
			path := "com.example.a/0" // before all others
			_, err := tree.Get(path)
			if err == nil {
				_, err = tree.Put(path, cidOf(2))
			}
			fault, ok := errors.AsType[*mst.Error](err)
			if !ok || !errors.Is(err, mst.ErrInvalid) || stored[fault.Node] == "" {
				t.Errorf("%v", err)
			}
		})
	}
	tree := mst.NewTree(cid.CID{}, nil)
	for _, path := range []string{"", "a", "com.example.a/", "com.example.a/b/c", "/b"} {
		if _, err := tree.Put(path, cidOf(1)); !errors.Is(err, mst.ErrInvalid) {
			t.Errorf("%q: %v", path, err)
		}
	}
	if _, err := tree.Put("com.example.a/b", cid.CID{}); !errors.Is(err, mst.ErrInvalid) {
		t.Errorf("no value: %v", err)
	}
}

func sorted(keys ...string) []string { slices.Sort(keys); return keys }

// after returns one of keys that comes after key.
func after(key string, keys []string) string {
	for _, k := range keys {
		if k > key {
			return k
		}
	}
	panic("none")
}

// keysOfLayer returns the first n paths of a layer.
func keysOfLayer(layer, n int) (keys []string) {
	for i := 0; len(keys) < n; i++ {
		if key := fmt.Sprintf("com.example.c/%d", i); mst.Layer([]byte(key)) == layer {
			keys = append(keys, key)
		}
	}
	return keys
}
