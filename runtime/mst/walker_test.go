package mst_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
)

// Paths of known layers, in the order of their letters.
const (
	keyA = "com.example.record/3jqfcqzm3fo2j" // layer 0
	keyB = "com.example.record/3jqfcqzm3fp2j" // layer 0
	keyD = "com.example.record/3jqfcqzm3fs2j" // layer 1
	keyE = "com.example.record/3jqfcqzm3ft2j" // layer 0
	keyF = "com.example.record/3jqfcqzm3fx2j" // layer 2
	keyG = "com.example.record/3jqfcqzm3fz2j" // layer 0
	keyI = "com.example.record/3jqfcqzm4fd2j" // layer 1
)

// TestMalformedTrees has trees of sound nodes that do not belong together.
func TestMalformedTrees(t *testing.T) {
	none := cid.CID{}
	key := func(k string) entry { return entry{suffix: k} }
	for _, test := range []struct {
		name    string
		tree    func(s store) cid.CID
		message string
		key     string
	}{
		{"the root has a subtree alone", func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(none, key(keyA)))))
		}, "root has a subtree but no entries", ""},
		{"a subtree is empty", func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(none)), key(keyD)))
		}, "subtree is empty", ""},
		{"a subtree is empty two layers down", func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(s.put(nodeOf(none)))), key(keyF)))
		}, "subtree is empty", ""},
		{"a layer is left out", func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(none, key(keyA))), key(keyF)))
		}, "layer 0 in a node of layer 1", keyA},
		{"a layer too many", func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(s.put(nodeOf(none, key(keyA))))), key(keyD)))
		}, "lowest layer has a subtree", ""},
		{"a subtree of the lowest layer", func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(none, key(keyA))), key(keyB)))
		}, "lowest layer has a subtree", ""},
		{"two layers in one node", func(s store) cid.CID {
			return s.put(nodeOf(none, key(keyB), entry{prefix: len(keyB) - 3, suffix: keyD[len(keyD)-3:]}))
		}, "layer 1 in a node of layer 0", keyD},
		{"a key of a higher layer below", func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(none, key(keyF))), key(keyI)))
		}, "layer 2 in a node of layer 0", keyF},
		{"a left subtree to the right", func(s store) cid.CID {
			return s.put(nodeOf(none, entry{suffix: keyD, right: s.put(nodeOf(none, key(keyA)))}))
		}, "comes after", keyA},
		{"a right subtree to the left", func(s store) cid.CID {
			return s.put(nodeOf(s.put(nodeOf(none, key(keyE))), key(keyD)))
		}, "comes after", keyD},
		{"a subtree past the next key", func(s store) cid.CID {
			return s.put(nodeOf(none, entry{suffix: keyD, right: s.put(nodeOf(none, key(keyG)))},
				entry{prefix: 27, suffix: keyI[27:], right: s.put(nodeOf(none, key(keyG)))}))
		}, "comes after", keyG},
		{"a subtree twice", func(s store) cid.CID {
			twice := s.put(nodeOf(none, key(keyA)))
			return s.put(nodeOf(twice, entry{suffix: keyD, right: twice}))
		}, "comes after", keyA},
		{"a path without a slash", func(s store) cid.CID {
			return s.put(nodeOf(none, key("com.example.record")))
		}, "a path must be", "com.example.record"},
		{"a path with two slashes", func(s store) cid.CID {
			return s.put(nodeOf(none, key("com.example.record/a/b")))
		}, "not a record key", "com.example.record/a/b"},
		{"a path without a record key", func(s store) cid.CID {
			return s.put(nodeOf(none, key("com.example.record/")))
		}, "not a record key", "com.example.record/"},
		{"a record key of two dots", func(s store) cid.CID {
			return s.put(nodeOf(none, key("com.example.record/..")))
		}, "not a record key", "com.example.record/.."},
		{"a record key that is not text, behind a good one", func(s store) cid.CID {
			return s.put(nodeOf(none, key("com.example.record/a"), entry{prefix: 19, suffix: "h\x00"}))
		}, "not a record key", "com.example.record/h\x00"},
		{"a collection that is no NSID", func(s store) cid.CID {
			return s.put(nodeOf(none, key("example/a")))
		}, "a path must be", "example/a"},
		{"a collection with a domain in upper case", func(s store) cid.CID {
			return s.put(nodeOf(none, key("Com.example.record/a")))
		}, "a path must be", "Com.example.record/a"},
		{"a collection that begins as the one before", func(s store) cid.CID {
			return s.put(nodeOf(none, key("com.example.record/a"), entry{prefix: 18, suffix: "_s/a"}))
		}, "a path must be", "com.example.record_s/a"},
		{"a node is not there", func(s store) cid.CID {
			return s.put(nodeOf(valueOf("absent"), key(keyD)))
		}, errAbsent.Error(), ""},
		{"the root is not there", func(store) cid.CID { return valueOf("absent") }, errAbsent.Error(), ""},
		{"a node is no node", func(s store) cid.CID {
			return s.put(nodeOf(s.put([]byte("\xa1\x64text\x65hello")), key(keyD)))
		}, "canonical form", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := store{}
			_, _, _, err := s.walk(test.tree(s), 10)
			var fault *mst.Error
			if !errors.As(err, &fault) || !errors.Is(err, mst.ErrInvalid) && !errors.Is(err, errAbsent) {
				t.Fatalf("error is %v", err)
			}
			if !strings.Contains(err.Error(), test.message) || fault.Key != test.key {
				t.Errorf("error is about %q, want %q: %v, want %q", fault.Key, test.key, err, test.message)
			}
			if !fault.Node.Defined() || !strings.Contains(err.Error(), fault.Node.String()) {
				t.Errorf("error does not name the node: %v", err)
			}
		})
	}
}

// TestCycle has nodes that lead back to themselves. None can be found that does so by its hash, so the
// loader returns something that was not asked for.
func TestCycle(t *testing.T) {
	empty := nodeOf(valueOf("itself"))
	full := nodeOf(valueOf("itself"), entry{suffix: keyF, right: valueOf("itself")})
	for name, load := range map[string]func(c cid.CID, buf []byte) ([]byte, error){
		"with keys": func(cid.CID, []byte) ([]byte, error) { return full, nil },
		"without keys": func(c cid.CID, _ []byte) ([]byte, error) {
			if c == valueOf("root") {
				return full, nil
			}
			return empty, nil
		},
	} {
		walker := mst.NewWalker(valueOf("root"), load)
		n, err := walker.Next(make([]mst.Leaf, 100))
		if !errors.Is(err, mst.ErrInvalid) || n != 0 || walker.Nodes() > 5 {
			t.Errorf("%s: %d leaves, %d nodes, %v", name, n, walker.Nodes(), err)
		}
		if _, again := walker.Next(make([]mst.Leaf, 1)); again != err {
			t.Errorf("%s: after the error %v", name, again)
		}
	}
}

// TestGoodBeforeError checks that the leaves before a fault are returned.
func TestGoodBeforeError(t *testing.T) {
	s := store{}
	root := s.put(nodeOf(s.put(nodeOf(cid.CID{}, entry{suffix: keyA})), entry{suffix: keyD, right: valueOf("absent")}))
	leaves := make([]mst.Leaf, 10)
	n, err := mst.NewWalker(root, s.load).Next(leaves)
	if n != 2 || !errors.Is(err, errAbsent) {
		t.Fatalf("%d leaves, %v", n, err)
	}
	if string(leaves[1].Collection)+"/"+string(leaves[1].RecordKey) != keyD {
		t.Errorf("second leaf is %v", leaves[1])
	}
}
