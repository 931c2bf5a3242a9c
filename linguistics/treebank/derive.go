package treebank

import (
	"crypto/sha1"
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// derivation derives the record keys and UUIDs of a document.
type derivation struct {
	did  syntax.DID
	root uuid.UUID
}

// derive returns the derivation for a document in the repository of did.
func derive(did syntax.DID, document string) derivation {
	return derivation{did, uuid.NewSHA1(uuid.NameSpaceURL, []byte("at://"+string(did)+"/conllu/"+document))}
}

// uuid returns a UUID (version 5) that is derived from the parts.
func (d derivation) uuid(parts ...string) layers.UUID {
	return layers.UUID{Value: d.hash(parts).String()}
}

// uri returns the URI of a record whose key is derived from the parts. The key is a TID, as the lexicons require.
func (d derivation) uri(collection syntax.NSID, parts ...string) syntax.ATURI {
	hash := d.hash(parts)
	key := syntax.TIDFromInteger(binary.BigEndian.Uint64(hash[:8]))
	return syntax.ATURI("at://" + string(d.did) + "/" + string(collection) + "/" + string(key))
}

// hash returns the UUID of version 5 of the parts, with zero bytes between them, as uuid.NewSHA1 does. Unlike that, it
// does not allocate (if the parts are short), because it is called for each annotation.
func (d derivation) hash(parts []string) uuid.UUID {
	var buf [256]byte
	name := append(buf[:0], d.root[:]...)
	for i, part := range parts {
		if i > 0 {
			name = append(name, 0)
		}
		name = append(name, part...)
	}
	sum := sha1.Sum(name)
	id := uuid.UUID(sum[:16])
	id[6] = id[6]&0x0f | 5<<4 // version
	id[8] = id[8]&0x3f | 0x80 // variant
	return id
}
