// Package multikey implements the keys of accounts: it verifies signatures with public keys and makes them with private
// keys.
//
// An account's DID document names the key that signs the commits of its repository. The
// package supports the two curves of the AT Protocol, k256 and p256, and the text forms of
// keys: Multikey ([Parse]), did:key ([ParseDIDKey]), and the two older types of verification methods
// ([ParseLegacy]).
//
//	key, err := multikey.Parse("zQ3shqwJEJyMBsBXCWyCBpUBMqxcon9oHB7mCvx4sSpMdLJwc")
//	if err != nil {
//		return err
//	}
//	if err := key.Verify(message, signature); err != nil {
//		return err
//	}
//
// A server signs with a [PrivateKey], which [Generate] makes and [ParsePrivate] reads.
//
// Keys and signatures are specified in https://atproto.com/specs/cryptography.
package multikey
