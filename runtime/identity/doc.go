// Package identity resolves accounts: it finds, for a handle or a DID, the DID document, the account's server (PDS)
// and the key that signs its repository.
//
//	directory, err := identity.New()
//	if err != nil {
//		return err
//	}
//	account, err := directory.Resolve(ctx, "jay.bsky.team")
//	if err != nil {
//		return err
//	}
//	fmt.Println(account.DID, account.PDS)
//
// A [Directory] looks accounts up and remembers the answers. It resolves a handle to a DID by DNS or by HTTPS
// (https://atproto.com/specs/handle), and a DID of the method plc or web to a document
// (https://atproto.com/specs/did). [Directory.Resolve] does both and checks both directions: a handle is valid only
// if it resolves to the DID and the document of the DID claims it (https://atproto.com/specs/identity).
//
// # Errors
//
// An [Error] names the handle or the DID and wraps one of [ErrNotFound], [ErrInvalid] and [ErrUnreachable]: the
// identity does not exist, it exists but is wrong, or it cannot be determined now. Only after an ErrUnreachable is it
// worth trying again soon. The page of a proxy is an ErrUnreachable, whatever its status. If the context of a call
// ends first, the error is that of the context instead.
//
// # Untrusted hosts
//
// Handles and DIDs come from untrusted parties, who can thereby choose which host is contacted. Unless private addresses
// are allowed, a directory connects only to public addresses, also when it follows redirects (package guard). All
// answers have a size limit, and each request has a time-out.
package identity
