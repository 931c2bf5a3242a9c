package mst_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// find looks for a path, and returns the nodes that this took.
func (s store) find(root cid.CID, path string) (value cid.CID, way store, err error) {
	way = store{}
	collection, recordKey, _ := strings.Cut(path, "/")
	value, err = mst.Find(root, syntax.NSID(collection), syntax.RecordKey(recordKey), func(c cid.CID, buf []byte) ([]byte, error) {
		block, err := s.load(c, buf)
		if err == nil {
			way[c] = s[c]
		}
		return block, err
	})
	return value, way, err
}

func TestFind(t *testing.T) {
	for _, n := range []int{0, 1, 2, 3, 10, 100, 2000} {
		s := store{}
		keys := keysOf(uint64(n), n)
		root := s.build(t, keys)
		for i, key := range slices.Concat(keys, keysOf(99, 200), []string{"a.a.a/a", "zz.example.record/z"}) {
			want := cid.CID{}
			if _, ok := slices.BinarySearch(keys, key); ok {
				want = valueOf(key)
			}
			value, way, err := s.find(root, key)
			if err != nil || value != want {
				t.Fatalf("%d paths: %q has the value %s, %v; want %s", n, key, value, err, want)
			}
			if len(way) < 1 || len(way) > 12 {
				t.Errorf("%d paths: the way to %q has %d nodes", n, key, len(way))
			}
			if i%50 > 0 {
				continue
			}
			// These nodes suffice, and none of them can be missing.
			if value, _, err := way.find(root, key); err != nil || value != want {
				t.Errorf("%d paths: on its way alone %q has the value %s, %v", n, key, value, err)
			}
			for c := range way {
				without := maps.Clone(way)
				delete(without, c)
				var fault *mst.Error
				if _, _, err := without.find(root, key); !errors.Is(err, errAbsent) || !errors.As(err, &fault) || fault.Node != c {
					t.Errorf("%d paths: without node %s %q is looked for with %v", n, c, key, err)
				}
			}
		}
	}
}

func TestFindRefuses(t *testing.T) {
	s := store{}
	root := s.build(t, keysOf(1, 10))
	for _, path := range []string{"", "/", "com.example.record", "com.example.record/", "com.example.record/a/b", "com.Example.record/a", "example/a"} {
		if value, way, err := s.find(root, path); err == nil || value.Defined() || len(way) > 0 || errors.Is(err, mst.ErrInvalid) {
			t.Errorf("%q: %s, %v", path, value, err)
		}
	}
	skipped := errors.New("wrapped")
	_, err := mst.Find(root, "com.example.record", "a", func(cid.CID, []byte) ([]byte, error) { return nil, errors.Join(skipped, mst.ErrSkip) })
	if !errors.Is(err, skipped) || !errors.Is(err, mst.ErrSkip) {
		t.Errorf("a node that is skipped: %v", err)
	}
}

// TestFindMalformed has trees that are malformed on the way to a path.
func TestFindMalformed(t *testing.T) {
	none := cid.CID{}
	key := func(k string) entry { return entry{suffix: k} }
	for _, test := range []struct {
		name    string
		path    string
		tree    func(s store) cid.CID
		message string
	}{
		{"the root has a subtree alone", keyA, func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(none, key(keyA)))))
		}, "root has a subtree but no entries"},
		{"a subtree is empty", keyA, func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(none)), key(keyD)))
		}, "subtree is empty"},
		{"a layer is left out", keyA, func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(none, key(keyA))), key(keyF)))
		}, "layer 0 in a node of layer 1"},
		{"two layers in one node", keyB, func(s store) cid.CID {
			return s.put(nodeOf(none, key(keyB), entry{prefix: len(keyB) - 3, suffix: keyD[len(keyD)-3:]}))
		}, "layer 1 in a node of layer 0"},
		{"a right subtree to the left", keyB, func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(none, key(keyE))), key(keyD)))
		}, "does not come before"},
		{"a left subtree to the right", keyE, func(s store) cid.CID {
			return s.put(nodeOf(none, entry{suffix: keyD, right: s.put(nodeOf(none, key(keyA)))}))
		}, "comes after"},
		{"a subtree past a key two layers up", keyE, func(s store) cid.CID {
			middle := s.put(nodeOf(none, entry{suffix: keyD, right: s.put(nodeOf(none, key(keyG)))}))
			return s.put(nodeOf(middle, key(keyF)))
		}, "does not come before"},
		{"a path that is none beside it", keyA, func(s store) cid.CID {
			return s.put(nodeOf(none, key(keyA), entry{prefix: 19, suffix: "b/c"}))
		}, "not a record key"},
		{"a node is no node", keyA, func(s store) cid.CID {
			return s.put(nodeOf(s.put([]byte("\xa1\x64text\x65hello")), key(keyD)))
		}, "canonical form"},
	} {
		s := store{}
		value, _, err := s.find(test.tree(s), test.path)
		var fault *mst.Error
		if !errors.As(err, &fault) || !errors.Is(err, mst.ErrInvalid) || !strings.Contains(err.Error(), test.message) || value.Defined() {
			t.Errorf("%s: %s, %v; want %q", test.name, value, err, test.message)
		}
	}
	// Below the layer of a path nothing is looked at.
	s := store{}
	root := s.put(nodeOf(none, entry{suffix: keyD, right: valueOf("absent")}))
	for path, want := range map[string]cid.CID{keyD: valueOf("v"), keyI: none, keyF: none} {
		if value, _, err := s.find(root, path); err != nil || value != want {
			t.Errorf("%q has the value %s, %v; want %s", path, value, err, want)
		}
	}
}

// TestSkip walks trees of which nodes are left out. What is there is given out and checked.
func TestSkip(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	for round := range 300 {
		full := store{}
		root := full.build(t, keysOf(uint64(round), round))
		part := store{}
		for c, block := range full {
			if random.IntN(4) > 0 {
				part[c] = block
			}
		}
		want, skipped := part.leaves(t, root)
		got, walker, err := part.walkPart(root, 1+random.IntN(20))
		if err != nil || !slices.Equal(got, want) || walker.Skipped() != skipped {
			t.Fatalf("%d of %d paths and %d of %d subtrees skipped: %v", len(got), len(want), walker.Skipped(), skipped, err)
		}
	}
}

// leaves returns the paths of the tree at c, as far as its nodes are there, and how many are not.
func (s store) leaves(t *testing.T, c cid.CID) (paths []string, skipped int) {
	if !c.Defined() {
		return nil, 0
	}
	block, ok := s[c]
	if !ok {
		return nil, 1
	}
	var n mst.Node
	if err := n.Parse(block); err != nil {
		t.Fatal(err)
	}
	paths, skipped = s.leaves(t, n.Left)
	for _, e := range n.Entries {
		below, more := s.leaves(t, e.Right)
		paths = append(append(paths, string(e.Key)), below...)
		skipped += more
	}
	return paths, skipped
}

// walkPart walks a tree and skips the nodes that are not there.
func (s store) walkPart(root cid.CID, n int) (paths []string, w *mst.Walker, err error) {
	w = mst.NewWalker(root, func(c cid.CID, buf []byte) ([]byte, error) {
		if block, ok := s[c]; ok {
			return append(buf[:0], block...), nil
		}
		return nil, mst.ErrSkip
	})
	paths, _, err = gather(w, n)
	return paths, w, err
}

// TestSkipMalformed has trees of which something is left out, and of which the rest is malformed.
func TestSkipMalformed(t *testing.T) {
	none, absent := cid.CID{}, valueOf("absent")
	key := func(k string) entry { return entry{suffix: k} }
	for name, tree := range map[string]func(s store) cid.CID{
		"keys out of order around it": func(s store) cid.CID {
			left := s.put(nodeOf(none, entry{suffix: keyI, right: absent}))
			return s.put(nodeOf(left, key(keyF)))
		},
		"a subtree of the lowest layer": func(s store) cid.CID {
			return s.put(nodeOf(absent, key(keyA)))
		},
		"a wrong layer beside it": func(s store) cid.CID {
			return s.put(nodeOf(absent, entry{suffix: keyD, right: s.put(nodeOf(none, key(keyF)))}))
		},
		"an empty subtree beside it": func(s store) cid.CID {
			return s.put(nodeOf(absent, entry{suffix: keyD, right: s.put(nodeOf(none))}))
		},
	} {
		s := store{}
		if _, _, err := s.walkPart(tree(s), 10); !errors.Is(err, mst.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
