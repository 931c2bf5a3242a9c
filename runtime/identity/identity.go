package identity

import (
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// HandleInvalid is the handle of an account that has none which could be confirmed in both directions.
// It cannot be resolved.
const HandleInvalid syntax.Handle = "handle.invalid"

// Identity is who an account is, as [Directory.Resolve] found it. It is a value: nothing in it is shared.
type Identity struct {
	// DID is the account's identifier.
	DID syntax.DID
	// Handle is the account's handle in lower case: its document claims it, and it leads to the DID. It
	// is [HandleInvalid] if there is none of which both are known.
	Handle syntax.Handle
	// PDS is the origin of the server that has the account's repository, such as
	// "https://pds.example.com", without a slash at its end. It is empty if the document names none that
	// is usable: see [Identity.RequirePDS].
	PDS string
	// Key is the public key under which the commits of the repository are signed. It is undefined if the
	// document has none that is usable: see [Identity.RequireKey].
	Key multikey.Key

	faults faults
}

// faults are the reasons for which a document has no PDS or no key, or empty.
type faults struct{ pds, key string }

// RequirePDS returns i.PDS, or if it is empty an [Error] that says why: [ErrNotFound] if the document
// names no server, [ErrInvalid] if what it names is not the origin of one.
func (i Identity) RequirePDS() (string, error) {
	return i.PDS, required(i.DID, i.PDS != "", "server (#atproto_pds)", i.faults.pds)
}

// RequireKey returns i.Key, or if it is undefined an [Error] that says why: [ErrNotFound] if the document
// has no signing key, [ErrInvalid] if what it has is not a key of the AT Protocol.
func (i Identity) RequireKey() (multikey.Key, error) {
	return i.Key, required(i.DID, i.Key.Defined(), "signing key (#atproto)", i.faults.key)
}

// required returns an error unless there is a usable thing; fault is what is wrong with the one in the
// document, empty if there is none.
func required(did syntax.DID, usable bool, thing, fault string) error {
	switch {
	case usable:
		return nil
	case fault == "":
		return &Error{string(did), notFound("the document names no %s", thing)}
	}
	return &Error{string(did), invalid("the %s of the document: %s", thing, fault)}
}
