package mst_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/mst"
)

// entry is an entry of a node as it is written, right or wrong.
type entry struct {
	prefix int
	suffix string
	right  cid.CID
}

// nodeOf writes a node, by hand so that it can be wrong.
func nodeOf(left cid.CID, entries ...entry) []byte {
	b := append([]byte("\xa2\x61e"), number(0x80, len(entries))...)
	for _, e := range entries {
		b = append(b, entryOf(e)...)
	}
	return append(append(b, "\x61l"...), link(left)...)
}

func entryOf(e entry) []byte {
	return slices.Concat([]byte("\xa4\x61k"), number(0x40, len(e.suffix)), []byte(e.suffix), []byte("\x61p"), number(0, e.prefix),
		[]byte("\x61t"), link(e.right), []byte("\x61v"), link(valueOf("v")))
}

func number(major byte, n int) []byte {
	switch {
	case n < 24:
		return []byte{major | byte(n)}
	case n < 256:
		return []byte{major | 24, byte(n)}
	}
	return binary.BigEndian.AppendUint16([]byte{major | 25}, uint16(n))
}

func link(c cid.CID) []byte {
	if !c.Defined() {
		return []byte{0xf6}
	}
	return append([]byte("\xd8\x2a\x58\x25\x00"), c[:]...)
}

func TestLayer(t *testing.T) {
	for key, want := range map[string]int{
		"":                                0,
		"asdf":                            0,
		"blue":                            1,
		"2653ae71":                        0,
		"88bfafc7":                        2,
		"2a92d355":                        4,
		"884976f5":                        6,
		"app.bsky.feed.post/454397e440ec": 4,
		"app.bsky.feed.post/9adeb165882c": 8,
		"A0/374913":                       0,
		"A1/076595":                       1,
		"A2/827942":                       2,
		"A3/578971":                       3,
		"A4/055903":                       4,
		"A5/518415":                       5,
		"J0/453243":                       0,
		"J5/743154":                       5,
	} {
		if got := mst.Layer([]byte(key)); got != want {
			t.Errorf("Layer(%q) = %d, want %d", key, got, want)
		}
	}
}

func TestSplitKey(t *testing.T) {
	long := strings.Repeat("x", 512)
	for _, test := range []struct {
		key string
		ok  bool
	}{
		{"com.example.record/a", true},
		{"com.example.record/self", true},
		{"com.example.aRecord/A~.:-_", true},
		{"com.example.record/" + long, true},
		{"com.example.record/" + long + "x", false},
		{"", false},
		{"/", false},
		{"com.example.record", false},
		{"com.example.record/", false},
		{"/a", false},
		{"/com.example.record/a", false},
		{"com.example.record/a/", false},
		{"com.example.record/a/b", false},
		{"com.example.record//a", false},
		{"com.example.record/.", false},
		{"com.example.record/..", false},
		{"./a", false},
		{"../a", false},
		{"example/a", false},
		{"com.example/a", false},
		{"com.exAmple.record/a", false},
		{"COM.example.record/a", false},
		{"com.example.record/a b", false},
		{"com.example.record/a\x00", false},
		{"com.example.record/jalapeño", false},
		{"com.example.record/a\xff", false},
	} {
		collection, recordKey, ok := mst.SplitKey(test.key)
		if ok != test.ok {
			t.Errorf("SplitKey(%q): %v", test.key, ok)
		}
		if ok && string(collection)+"/"+string(recordKey) != test.key {
			t.Errorf("SplitKey(%q) = %q, %q", test.key, collection, recordKey)
		}
	}
}

// TestPrefixes holds what keys share against pairs of them.
func TestPrefixes(t *testing.T) {
	for _, test := range []struct {
		first, second string
		want          int
	}{
		{"abc", "abcd", 3},
		{"ab", "abc", 2},
		{"abc", "abc\x00", 3},
		{"abb", "abcde", 2},
		{"abc1", "abcde", 3},
		{"abcde", "qbb", 0},
		{"jalapeno", "jalapeño", 6},
		{"jalapeñoA", "jalapeñoB", 9},
		{"coöperative", "coüperative", 3},
		{"abcabc", "abc💩abc", 3},
		{"💩ab", "💩abc", 6},
		{"abc👩‍👦‍👦de", "abc👩‍👧‍👧de", 13},
		{strings.Repeat("x", 300), strings.Repeat("x", 300) + "y", 300},
	} {
		n := mst.Node{Entries: []mst.Entry{
			{Key: []byte(test.first), Value: valueOf("v")},
			{Key: []byte(test.second), Value: valueOf("v")},
		}}
		block := n.Append(nil)
		want := nodeOf(cid.CID{}, entry{suffix: test.first}, entry{prefix: test.want, suffix: test.second[test.want:]})
		if !bytes.Equal(block, want) {
			t.Errorf("%q and %q: the node is\n%x, want\n%x", test.first, test.second, block, want)
		}
		var parsed mst.Node
		if err := parsed.Parse(want); err != nil || string(parsed.Entries[1].Key) != test.second {
			t.Errorf("%q and %q: %v", test.first, test.second, err)
		}
	}
}

// invalidNode is a block that is not a node, and what the error says.
type invalidNode struct {
	name    string
	block   []byte
	message string
}

// invalidNodes returns blocks with something wrong in each part of a node.
func invalidNodes(t testing.TB) []invalidNode {
	raw := cid.Of(cid.Raw, nil)
	v := valueOf("v")
	value := string(v[:])
	a := entry{suffix: "com.example.record/a"}
	b := entry{suffix: "b", prefix: 19}
	good := nodeOf(cid.CID{}, a, b)
	replace := func(old, new string) []byte {
		replaced := bytes.Replace(good, []byte(old), []byte(new), 1)
		if bytes.Equal(replaced, good) {
			t.Fatalf("nothing to replace: %q", old)
		}
		return replaced
	}
	return []invalidNode{
		{"empty", nil, "byte 0"},
		{"null", []byte{0xf6}, "byte 0"},
		{"array", []byte{0x80}, "byte 0"},
		{"map of 3", replace("\xa2\x61e", "\xa3\x61e"), "canonical form"},
		{"map of no stated length", replace("\xa2\x61e", "\xbf\x61e"), "canonical form"},
		{"l before e", append([]byte("\xa2\x61l\xf6\x61e"), 0x80), "canonical form"},
		{"no l", []byte("\xa1\x61e\x80"), "canonical form"},
		{"e is a map", []byte("\xa2\x61e\xa0\x61l\xf6"), "number of entries"},
		{"e is an array of no stated length", []byte("\xa2\x61e\x9f\xff\x61l\xf6"), "number of entries"},
		{"number of entries in two bytes", []byte("\xa2\x61e\x98\x00\x61l\xf6"), "shortest form"},
		{"number of entries is absurd", []byte("\xa2\x61e\x9b\xff\xff\xff\xff\xff\xff\xff\xff"), "exceeds 4096"},
		{"more entries than there may be", append([]byte("\xa2\x61e\x99\x10\x01"), bytes.Repeat(entryOf(a), 4097)...), "exceeds 4096"},
		{"more entries than there are", replace("\x61e\x82", "\x61e\x83"), "canonical form"},
		{"fewer entries than there are", replace("\x61e\x82", "\x61e\x81"), "canonical form"},
		{"an entry without t", replace("\xa4\x61k\x41b\x61p\x13\x61t\xf6", "\xa3\x61k\x41b\x61p\x13"), "canonical form"},
		{"a field more in an entry", replace("\xa4\x61k\x41b", "\xa5\x61a\xf6\x61k\x41b"), "canonical form"},
		{"p before k", replace("\x61k\x41b\x61p\x13", "\x61p\x13\x61k\x41b"), "canonical form"},
		{"k is text", replace("\x41b", "\x61b"), "bytes of a key"},
		{"k in a length too long", replace("\x41b", "\x58\x01b"), "shortest form"},
		{"p is negative", replace("\x61p\x13", "\x61p\x33"), "bytes of a prefix"},
		{"p in two bytes", replace("\x61p\x13", "\x61p\x18\x13"), "shortest form"},
		{"p in nine bytes", replace("\x61p\x13", "\x61p\x1b\x00\x00\x00\x00\x00\x00\x00\x13"), "shortest form"},
		{"p is absurd", replace("\x61p\x13", "\x61p\x1b\xff\xff\xff\xff\xff\xff\xff\xff"), "bytes of a prefix"},
		{"v is null", replace("\x61v\xd8\x2a\x58\x25\x00"+value, "\x61v\xf6"), "expected a link"},
		{"v without a tag", replace("\x61v\xd8\x2a\x58\x25", "\x61v\x58\x25"), "expected a link"},
		{"v with another tag", replace("\x61v\xd8\x2a", "\x61v\xd8\x2b"), "expected a link"},
		{"v without its first byte", replace("\x61v\xd8\x2a\x58\x25\x00", "\x61v\xd8\x2a\x58\x24"), "expected a link"},
		{"v of version 0", replace("\x58\x25\x00\x01\x71\x12\x20", "\x58\x23\x00\x12\x20"), "expected a link"},
		{"v of another codec", replace("\x00\x01\x71", "\x00\x01\x70"), "codec 0x70"},
		{"v of another hash", replace("\x01\x71\x12\x20", "\x01\x71\x1e\x20"), "hash function 0x1e"},
		{"l of raw bytes", nodeOf(raw, a), "other than DAG-CBOR"},
		{"t of raw bytes", nodeOf(cid.CID{}, entry{suffix: a.suffix, right: raw}), "other than DAG-CBOR"},
		{"l is false", append(good[:len(good)-1:len(good)-1], 0xf4), "expected a link"},
		{"bytes behind it", append(bytes.Clone(good), 0), "1 bytes after the node"},
		{"a prefix of nothing", nodeOf(cid.CID{}, entry{prefix: 1, suffix: "x"}), "shares 1 bytes"},
		{"a prefix longer than the key before", nodeOf(cid.CID{}, a, entry{prefix: 21, suffix: "x"}), "shares 21 bytes"},
		{"a prefix shorter than it could be", nodeOf(cid.CID{}, a, entry{prefix: 18, suffix: "/b"}), "more than 18"},
		{"no prefix where there is one", nodeOf(cid.CID{}, a, entry{suffix: "com.example.record/b"}), "more than 0"},
		{"an empty key", nodeOf(cid.CID{}, entry{}), "empty"},
		{"the same key", nodeOf(cid.CID{}, a, entry{prefix: 20}), "comes after"},
		{"a key before", nodeOf(cid.CID{}, a, entry{prefix: 19, suffix: "A"}), "comes after"},
		{"a key cut down", nodeOf(cid.CID{}, a, entry{prefix: 19}), "comes after"},
		{"a key too long", nodeOf(cid.CID{}, entry{suffix: strings.Repeat("x", 831)}), "exceeds 830"},
		{"a key too long through its prefix", nodeOf(cid.CID{}, entry{suffix: strings.Repeat("x", 800)}, entry{prefix: 800, suffix: strings.Repeat("y", 31)}), "831 bytes"},
	}
}

func TestParseInvalid(t *testing.T) {
	good := nodeOf(cid.CID{}, entry{suffix: "com.example.record/a"}, entry{suffix: "b", prefix: 19})
	for _, test := range invalidNodes(t) {
		t.Run(test.name, func(t *testing.T) {
			var n mst.Node
			err := n.Parse(test.block)
			if !errors.Is(err, mst.ErrInvalid) {
				t.Fatalf("error is %v", err)
			}
			if !strings.Contains(err.Error(), test.message) {
				t.Errorf("error %q does not say %q", err, test.message)
			}
		})
	}
	for i := range good {
		var n mst.Node
		if err := n.Parse(good[:i]); !errors.Is(err, mst.ErrInvalid) {
			t.Fatalf("cut at byte %d: %v", i, err)
		}
	}
}

func FuzzNode(f *testing.F) {
	s := store{}
	s.build(f, keysOf(1, 200))
	for _, block := range s {
		f.Add(block)
	}
	f.Add(nodeOf(cid.CID{}, entry{suffix: "com.example.record/a"}, entry{prefix: 19, suffix: "b", right: valueOf("x")}))
	for _, test := range invalidNodes(f) {
		f.Add(test.block)
	}
	f.Fuzz(func(t *testing.T, block []byte) {
		var n mst.Node
		if n.Parse(block) != nil {
			return
		}
		if again := n.Append(nil); !bytes.Equal(again, block) {
			t.Errorf("parsed %x\nwritten %x", block, again)
		}
		// Whatever the keys are, a walk does not fail otherwise than with an error.
		s := store{}
		walker := mst.NewWalker(s.put(block), s.load)
		var err error
		for leaves := make([]mst.Leaf, 3); err == nil; {
			_, err = walker.Next(leaves)
		}
	})
}
