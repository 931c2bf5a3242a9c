// Package identity finds out who an account is: from its handle or its DID to its document, its server
// (PDS) and the key that signs its repository.
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
// A [Directory] looks up and remembers. A handle leads to a DID by DNS or by HTTPS
// (https://atproto.com/specs/handle), a DID of the methods plc and web to a document
// (https://atproto.com/specs/did), and [Directory.Resolve] follows both, in both directions: a handle
// counts only when it leads to the DID and the document of the DID claims it
// (https://atproto.com/specs/identity). [ResolveHandle], [ResolveDID] and [ResolvePDS] are for programs
// that ask once.
//
// # Errors
//
// An [Error] names the handle or the DID and wraps one of [ErrNotFound], [ErrInvalid] and
// [ErrUnreachable]: there is none, there is one but it is wrong, and it cannot be known now. Only the
// last is worth another try soon. The page of a proxy is the last, whatever its status. When the context of a call ends first, its error is returned instead.
//
// # Untrusted hosts
//
// Handles and DIDs are written by strangers, who so choose which host is asked. Unless private addresses
// are allowed, no connection is made to an address that is not public, neither at first nor by a
// redirect (package guard), all answers have a size limit, and each request a time-out.
package identity
