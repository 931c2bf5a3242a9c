package mst_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
)

// store holds the nodes of trees.
type store map[cid.CID][]byte

var errAbsent = errors.New("node is not there")

func (s store) load(c cid.CID, buf []byte) ([]byte, error) {
	block, ok := s[c]
	if !ok {
		return nil, errAbsent
	}
	return append(buf[:0], block...), nil
}

func (s store) put(block []byte) cid.CID {
	c := cid.Of(cid.DagCBOR, block)
	s[c] = block
	return c
}

// build builds the tree of keys, which must be sorted.
func (s store) build(t testing.TB, keys []string) cid.CID {
	t.Helper()
	b := mst.NewBuilder(func(c cid.CID, node []byte) error {
		s[c] = bytes.Clone(node)
		return nil
	})
	for _, key := range keys {
		if err := b.Add(key, valueOf(key)); err != nil {
			t.Fatal(err)
		}
	}
	root, err := b.Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// walk returns the leaves of a tree as paths, gathered n at a time.
func (s store) walk(root cid.CID, n int) (keys []string, values []cid.CID, nodes int, err error) {
	walker := mst.NewWalker(root, s.load)
	keys, values, err = gather(walker, n)
	return keys, values, walker.Nodes(), err
}

// gather returns all leaves of a walk, gathered n at a time.
func gather(walker *mst.Walker, n int) (keys []string, values []cid.CID, err error) {
	leaves := make([]mst.Leaf, n)
	for {
		n, err := walker.Next(leaves)
		for _, leaf := range leaves[:n] {
			keys = append(keys, string(leaf.Collection)+"/"+string(leaf.RecordKey))
			values = append(values, leaf.CID)
		}
		if err == io.EOF {
			err = nil
			if _, again := walker.Next(leaves); again != io.EOF {
				err = fmt.Errorf("after the end: %v", again)
			}
			return keys, values, err
		}
		if err != nil {
			return keys, values, err
		}
	}
}

// valueOf makes up the CID of the record at a path.
func valueOf(key string) cid.CID { return cid.Of(cid.DagCBOR, []byte(key)) }

// keysOf makes n paths in several collections, sorted.
func keysOf(seed uint64, n int) []string {
	random := rand.New(rand.NewPCG(seed, 0))
	collections := []string{"com.example.a", "com.example.record", "pub.layers.annotation.annotationLayer", "pub.layers.annotation.annotationLayerS"}
	set := map[string]bool{}
	for len(set) < n {
		rkey := fmt.Sprintf("%0*d", 1+random.IntN(13), random.Uint32())
		set[collections[random.IntN(len(collections))]+"/"+rkey] = true
	}
	keys := make([]string, 0, n)
	for key := range set {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// TestKnownRoots has the roots that the reference implementation gives to some sets of paths, all of
// them with the same value.
func TestKnownRoots(t *testing.T) {
	value, err := cid.Parse("bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ keys, root string }{
		{"", "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"},
		{"3fo", "bafyreibj4lsc3aqnrvphp5xmrnfoorvru4wynt6lwidqbm2623a6tatzdu"},
		{"3fx", "bafyreih7wfei65pxzhauoibu3ls7jgmkju4bspy4t2ha2qdjnzqvoy33ai"},
		{"3fp 3fr 3fs 3ft 4fc", "bafyreicmahysq4n6wfuxo522m6dpiy7z7qzym3dzs756t5n7nfdgccwq7m"},
		{"3fn 3fo 3fp 3fs 3ft 3fu", "bafyreifnqrwbk6ffmyaz5qtujqrzf5qmxf7cbxvgzktl4e3gabuxbtatv4"},
		{"3fn 3fo 3fp 3ft 3fu", "bafyreie4kjuxbwkhzg2i5dljaswcroeih4dgiqq6pazcmunwt2byd725vi"},
		{"3fo 3fp 3fr 3fs 3ft 3fz 4fc 4fd 4ff 4fg 4fh", "bafyreiettyludka6fpgp33stwxfuwhkzlur6chs4d2v4nkmq2j3ogpdjem"},
		{"3fo 3fp 3fr 3fs 3ft 3fx 3fz 4fc 4fd 4ff 4fg 4fh", "bafyreid2x5eqs4w4qxvc5jiwda4cien3gw2q6cshofxwnvv7iucrmfohpm"},
		{"3ft 3fz", "bafyreidfcktqnfmykz2ps3dbul35pepleq7kvv526g47xahuz3rqtptmky"},
		{"3ft 3fx 3fz", "bafyreiavxaxdz7o7rbvr3zg2liox2yww46t7g6hkehx4i4h3lwudly7dhy"},
		{"3ft 3fx 3fz 4fd", "bafyreig4jv3vuajbsybhyvb7gggvpwh2zszwfyttjrj6qwvcsp24h6popu"},
	} {
		b := mst.NewBuilder(func(cid.CID, []byte) error { return nil })
		for key := range strings.FieldsSeq(test.keys) {
			if err := b.Add("com.example.record/3jqfcqzm"+key+"2j", value); err != nil {
				t.Fatal(err)
			}
		}
		if root, err := b.Root(); err != nil || root.String() != test.root {
			t.Errorf("%q: root is %s, %v; want %s", test.keys, root, err, test.root)
		}
	}
}

func TestBuildAndWalk(t *testing.T) {
	s := store{}
	for _, n := range []int{0, 1, 2, 3, 10, 100, 5000} {
		for _, gather := range []int{1, 7, 128, 10_000} {
			keys := keysOf(uint64(n), n)
			got, values, nodes, err := s.walk(s.build(t, keys), gather)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, keys) {
				t.Errorf("%d paths went in, %d others came out", n, len(got))
			}
			for i, value := range values {
				if value != valueOf(keys[i]) {
					t.Fatalf("path %q has the CID %s", keys[i], value)
				}
			}
			if nodes < 1 || nodes > n+1 {
				t.Errorf("%d nodes for %d paths", nodes, n)
			}
		}
	}
}

func TestBuilderRefuses(t *testing.T) {
	const good = "com.example.record/a"
	for _, test := range []struct {
		name, key string
		value     cid.CID
	}{
		{"the same again", good, valueOf(good)},
		{"one before", "com.example.record/A", valueOf(good)},
		{"no record key", "com.example.record/", valueOf(good)},
		{"no collection", "/b", valueOf(good)},
		{"no slash", "com.example.record", valueOf(good)},
		{"two slashes", "com.example.record/b/c", valueOf(good)},
		{"a dot", "com.example.record/.", valueOf(good)},
		{"upper case in the domain", "com.eXample.record/b", valueOf(good)},
		{"no value", "com.example.record/b", cid.CID{}},
	} {
		b := mst.NewBuilder(func(cid.CID, []byte) error { return nil })
		if err := b.Add(good, valueOf(good)); err != nil {
			t.Fatal(err)
		}
		if err := b.Add(test.key, test.value); !errors.Is(err, mst.ErrInvalid) {
			t.Errorf("%s: error is %v", test.name, err)
		}
	}
	failed := errors.New("no room")
	b := mst.NewBuilder(func(cid.CID, []byte) error { return failed })
	if _, err := b.Root(); err != failed {
		t.Errorf("Root returns %v, not the error of emit", err)
	}
}

// TestAlteredTrees alters the nodes of trees in ways that keep them nodes, and hangs them into their
// trees again. A walk that ends well has to be that of the one tree that its leaves have.
func TestAlteredTrees(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	accepted := 0
	for round := range 4000 {
		s := store{}
		keys := keysOf(uint64(round%40), 1+round%60)
		root := s.build(t, keys)
		altered := s.alter(t, root, random, 1+random.IntN(3))
		if altered == root {
			continue
		}
		walker := mst.NewWalker(altered, s.load)
		var leaves []mst.Leaf
		batch := make([]mst.Leaf, 64)
		var err error
		for err == nil {
			var n int
			n, err = walker.Next(batch)
			leaves = append(leaves, batch[:n]...)
		}
		if err != io.EOF {
			var fault *mst.Error
			if !errors.As(err, &fault) || !errors.Is(err, mst.ErrInvalid) && !errors.Is(err, errAbsent) {
				t.Fatalf("error is %v", err)
			}
			continue
		}
		accepted++
		values := map[string]cid.CID{}
		for _, leaf := range leaves {
			values[string(leaf.Collection)+"/"+string(leaf.RecordKey)] = leaf.CID
		}
		for _, key := range keys {
			if value, _, err := s.find(altered, key); err != nil || value != values[key] {
				t.Fatalf("round %d: %q has the value %s, %v; want %s", round, key, value, err, values[key])
			}
		}
		b := mst.NewBuilder(func(cid.CID, []byte) error { return nil })
		for _, leaf := range leaves {
			if err := b.Add(string(leaf.Collection)+"/"+string(leaf.RecordKey), leaf.CID); err != nil {
				t.Fatalf("a walk gave a leaf that no tree can have: %v", err)
			}
		}
		if built, err := b.Root(); err != nil || built != altered {
			t.Fatalf("round %d: a tree was accepted that is not the one of its leaves", round)
		}
	}
	if accepted == 0 {
		t.Error("no altered tree was accepted, not even one with another value: the test tests nothing")
	}
}

// alter returns the root of a tree that is the tree at c, altered at one node that is about depth down.
func (s store) alter(t *testing.T, c cid.CID, random *rand.Rand, depth int) cid.CID {
	var n mst.Node
	if err := n.Parse(s[c]); err != nil {
		t.Fatal(err)
	}
	links := []*cid.CID{&n.Left}
	for i := range n.Entries {
		links = append(links, &n.Entries[i].Right)
	}
	link := links[random.IntN(len(links))]
	if depth > 0 && link.Defined() {
		*link = s.alter(t, *link, random, depth-1)
		return s.put(n.Append(nil))
	}
	i := random.IntN(max(len(n.Entries), 1))
	switch choice := random.IntN(9); {
	case choice == 0:
		*link = cid.CID{}
	case choice == 1:
		*link = c // its old self
	case choice == 2:
		*link = s.put((&mst.Node{}).Append(nil))
	case choice == 3 && link.Defined():
		*link = s.put((&mst.Node{Left: *link}).Append(nil)) // a layer too many
	case choice == 4:
		return s.put((&mst.Node{Left: c}).Append(nil))
	case choice == 5:
		*link = *links[random.IntN(len(links))]
	case len(n.Entries) == 0:
	case choice == 6:
		n.Entries = slices.Delete(n.Entries, i, i+1)
	case choice == 7:
		n.Entries[i].Value = valueOf(fmt.Sprint(random.Uint64()))
	case choice == 8:
		n.Entries[i].Key = []byte(fmt.Sprintf("com.example.record/%d", random.Uint32()))
		if i > 0 && bytes.Compare(n.Entries[i-1].Key, n.Entries[i].Key) >= 0 ||
			i+1 < len(n.Entries) && bytes.Compare(n.Entries[i].Key, n.Entries[i+1].Key) >= 0 {
			return c
		}
	}
	return s.put(n.Append(nil))
}
