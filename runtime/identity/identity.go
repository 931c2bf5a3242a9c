package identity

import (
	"github.com/layers-pub/layers-go/runtime/multikey"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// HandleInvalid stands for the handle of an account whose handle could not be confirmed: no handle that the account's
// DID document claims is known to resolve to its DID. HandleInvalid itself cannot be resolved.
const HandleInvalid syntax.Handle = "handle.invalid"

// Identity is the result of [Directory.Resolve]. It shares no memory with the directory.
type Identity struct {
	// DID is the account's identifier.
	DID syntax.DID
	// Handle is the account's handle in lower case: the DID document claims it, and it resolves to the DID. It is
	// [HandleInvalid] if there is no handle for which both are known.
	Handle syntax.Handle
	// PDS is the origin of the server that has the account's repository, such as "https://pds.example.com", without a
	// slash at its end. It is empty if the document names no usable server: see [Identity.RequirePDS].
	PDS string
	// Key is the public key that verifies the commits of the repository. It is undefined if the document has no
	// usable key: see [Identity.RequireKey].
	Key multikey.Key

	faults faults
}

// faults says what is wrong with the PDS and the key of a document if they are not usable. A field is empty if the
// document has no PDS or no key at all.
type faults struct{ pds, key string }

// RequirePDS returns i.PDS or, if that is empty, an [Error]: [ErrNotFound] if the document names no server,
// [ErrInvalid] if the address that it names is not a valid origin.
func (i Identity) RequirePDS() (string, error) {
	return i.PDS, required(i.DID, i.PDS != "", "server (#atproto_pds)", i.faults.pds)
}

// RequireKey returns i.Key or, if that is undefined, an [Error]: [ErrNotFound] if the document has no signing key,
// [ErrInvalid] if its signing key is not a valid key of the AT Protocol.
func (i Identity) RequireKey() (multikey.Key, error) {
	return i.Key, required(i.DID, i.Key.Defined(), "signing key (#atproto)", i.faults.key)
}

// required returns an error unless usable is true. fault says what is wrong with the thing in the document; it is
// empty if the document has none.
func required(did syntax.DID, usable bool, thing, fault string) error {
	switch {
	case usable:
		return nil
	case fault == "":
		return &Error{string(did), notFound("the document has no %s", thing)}
	}
	return &Error{string(did), invalid("the document has an invalid %s: %s", thing, fault)}
}
