package treebank

import (
	"encoding/binary"
	"strings"

	"github.com/google/uuid"

	"github.com/layers-pub/layers-go/layers"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// derivation derives the record keys and UUIDs of a document.
type derivation struct {
	did  syntax.DID
	root uuid.UUID
}

func derive(did syntax.DID, document string) derivation {
	return derivation{did, uuid.NewSHA1(uuid.NameSpaceURL, []byte("at://"+string(did)+"/conllu/"+document))}
}

// uuid returns the UUID (version 5) of what the parts name.
func (d derivation) uuid(parts ...string) layers.UUID {
	return layers.UUID{Value: d.hash(parts).String()}
}

// uri returns the URI of the record that the parts name. Its key is a TID, as the lexicons ask for.
func (d derivation) uri(collection syntax.NSID, parts ...string) syntax.ATURI {
	hash := d.hash(parts)
	key := syntax.TIDFromInteger(binary.BigEndian.Uint64(hash[:8]))
	return syntax.ATURI("at://" + string(d.did) + "/" + string(collection) + "/" + string(key))
}

func (d derivation) hash(parts []string) uuid.UUID {
	return uuid.NewSHA1(d.root, []byte(strings.Join(parts, "\x00")))
}
