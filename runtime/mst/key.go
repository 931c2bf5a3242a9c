package mst

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/layers-pub/layers-go/runtime/cid"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// maxKeySize is the size in bytes of the longest path: a collection of 317 bytes, a slash, and a record
// key of 512.
const maxKeySize = 317 + 1 + 512

// Empty is the CID of the root of the tree without paths, which is a node without entries.
var Empty = cid.Of(cid.DagCBOR, new(Node).Append(nil))

// Layer returns the layer of the tree in which key belongs. The lowest layer is 0. The layer is half the number of
// leading zero bits of the key's SHA-256 hash, rounded down.
func Layer(key []byte) int {
	digest := sha256.Sum256(key)
	zeros := 0
	for i := 0; i < len(digest); i += 8 {
		n := bits.LeadingZeros64(binary.BigEndian.Uint64(digest[i:]))
		zeros += n
		if n < 64 {
			break
		}
	}
	return zeros / 2
}

// SplitKey returns the two parts of a path, "collection/recordkey", and whether the path is valid: the collection must
// be an NSID in normal form, with its domain in lower case, and the record key must be valid.
func SplitKey(key string) (collection syntax.NSID, recordKey syntax.RecordKey, ok bool) {
	before, after, found := strings.Cut(key, "/")
	if !found || !validCollection(before) || !syntax.ValidRecordKey(after) {
		return "", "", false
	}
	return syntax.NSID(before), syntax.RecordKey(after), true
}

func validCollection(s string) bool {
	if !syntax.ValidNSID(s) {
		return false
	}
	for _, c := range []byte(s[:strings.LastIndexByte(s, '.')]) {
		if 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return true
}
