package mst

import (
	"encoding/binary"

	"github.com/layers-pub/layers-go/runtime/cid"
)

// maxEntries is the highest number of entries in a node. A node has 3 entries on average, and each further
// entry is a quarter less likely than the previous one. A node with more than 4096 can only be an attack.
const maxEntries = 4096

// Node is a node of a tree. The next [Node.Parse] reuses its memory.
type Node struct {
	// Left is the subtree of the keys before the first entry; undefined if there is none.
	Left cid.CID
	// Entries are in the order of their keys.
	Entries []Entry

	keys []byte // the keys of the entries, which are parts of it
}

// Entry is a key of a node, with its value and the subtree after it.
type Entry struct {
	// Key is the whole path. It is valid until the next [Node.Parse] of the node.
	Key []byte
	// Value is the CID of the record.
	Value cid.CID
	// Right is the subtree of the keys between this one and the next of the node; undefined if there is
	// none.
	Right cid.CID
}

// The parts of an encoded node that never vary: the heads of maps, keys, null, and the beginnings of links.
const (
	beforeEntries = "\xa2\x61e"                     // a map of 2, and its key "e"
	beforeLeft    = "\x61l"                         // the key "l" of the node
	beforeSuffix  = "\xa4\x61k"                     // an entry, a map of 4, and its key "k"
	beforePrefix  = "\x61p"                         // the key "p" of the entry
	beforeRight   = "\x61t"                         // the key "t" of the entry
	beforeValue   = "\x61v"                         // the key "v" of the entry
	null          = "\xf6"                          // no subtree
	beforeCID     = "\xd8\x2a\x58\x25\x00"          // tag 42, a byte string of 37, and its first byte
	beforeDigest  = beforeCID + "\x01\x71\x12\x20"  // up to the digest of a CID for DAG-CBOR
	linkSize      = len(beforeCID) + len(cid.CID{}) // the size of a link in bytes
)

// The major types of DAG-CBOR that the variable parts of a node have, in the upper bits of the first byte.
const (
	majorUint  = 0x00
	majorBytes = 0x40
	majorArray = 0x80
)

// Parse sets n to the node that block encodes in DAG-CBOR. It accepts only what [Node.Append] writes:
// the canonical form, with keys in ascending order that state exactly how many bytes they share with
// the previous key. Other rules depend on the node's place in the tree: see [Walker].
//
// An error wraps [ErrInvalid]. It leaves n in an undefined state.
func (n *Node) Parse(block []byte) error {
	n.Left, n.Entries, n.keys = cid.CID{}, n.Entries[:0], n.keys[:0]
	p := parser{rest: block, size: len(block)}
	p.literal(beforeEntries)
	count := p.uint(majorArray, maxEntries, "entries")
	var key []byte // of the previous entry
	for i := 0; i < count; i++ {
		if i == cap(n.Entries) {
			n.Entries = append(n.Entries, Entry{})
		}
		n.Entries = n.Entries[:i+1]
		e := &n.Entries[i]
		p.literal(beforeSuffix)
		suffix := p.bytes(p.uint(majorBytes, maxKeySize, "bytes of a key"))
		p.literal(beforePrefix)
		prefix := p.uint(majorUint, maxKeySize, "bytes of a prefix")
		p.literal(beforeRight)
		p.optionalLink(&e.Right)
		p.literal(beforeValue)
		p.link(&e.Value)
		if p.failed() {
			return p.finish()
		}
		if err := checkSuffix(key, prefix, suffix); err != nil {
			return err
		}
		start := len(n.keys)
		n.keys = append(append(n.keys, key[:prefix]...), suffix...)
		key = n.keys[start:len(n.keys):len(n.keys)]
		e.Key = key
	}
	p.literal(beforeLeft)
	p.optionalLink(&n.Left)
	return p.finish()
}

// checkSuffix checks a key that consists of the first prefix bytes of before, the previous key, and of suffix.
func checkSuffix(before []byte, prefix int, suffix []byte) error {
	switch {
	case prefix > len(before):
		return invalid("a key shares %d bytes with the shorter key %q", prefix, before)
	case prefix+len(suffix) > maxKeySize:
		return invalid("a key has %d bytes, limit %d", prefix+len(suffix), maxKeySize)
	case len(suffix) == 0 && len(before) == 0:
		return invalid("a key is empty")
	case len(suffix) == 0:
		return invalid("key %q is out of order: it comes after %q", before[:prefix], before)
	case prefix == len(before) || suffix[0] > before[prefix]:
		return nil
	case suffix[0] == before[prefix]:
		return invalid("key %q shares more than %d bytes with %q", string(before[:prefix])+string(suffix), prefix, before)
	}
	return invalid("key %q is out of order: it comes after %q", string(before[:prefix])+string(suffix), before)
}

// Append appends the node in DAG-CBOR to dst and returns the result. The entries must be in the order of
// their keys, and their values must be defined.
func (n *Node) Append(dst []byte) []byte {
	dst = append(dst, beforeEntries...)
	dst = appendUint(dst, majorArray, len(n.Entries))
	var key []byte // of the previous entry
	for i := range n.Entries {
		e := &n.Entries[i]
		prefix := commonPrefix(key, e.Key)
		dst = append(dst, beforeSuffix...)
		dst = appendUint(dst, majorBytes, len(e.Key)-prefix)
		dst = append(dst, e.Key[prefix:]...)
		dst = append(dst, beforePrefix...)
		dst = appendUint(dst, majorUint, prefix)
		dst = append(dst, beforeRight...)
		dst = appendLink(dst, e.Right)
		dst = append(dst, beforeValue...)
		dst = appendLink(dst, e.Value)
		key = e.Key
	}
	dst = append(dst, beforeLeft...)
	return appendLink(dst, n.Left)
}

// commonPrefix returns the length of the longest common prefix of a and b.
func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func appendUint(dst []byte, major byte, value int) []byte {
	switch {
	case value < 24:
		return append(dst, major|byte(value))
	case value < 1<<8:
		return append(dst, major|24, byte(value))
	}
	return binary.BigEndian.AppendUint16(append(dst, major|25), uint16(value))
}

func appendLink(dst []byte, c cid.CID) []byte {
	if !c.Defined() {
		return append(dst, null...)
	}
	return append(append(dst, beforeCID...), c[:]...)
}
