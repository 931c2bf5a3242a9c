// Package atptest is a network of the AT Protocol for tests, in the process of the test: a PLC directory, PDSes, relays, and
// an appview of Layers, over HTTP and WebSockets on the loopback interface. Repositories, signatures and proofs
// are real, so that clients verify them as on the public network.
//
//	n := atptest.New(t) // closed with the test
//	alice := n.NewAccount("alice.test")
//	session, err := auth.Login(ctx, "alice.test", alice.Password, auth.WithNetwork(n.Options()))
//
// A test is both the client, with the packages of this SDK or any others, and the owner of accounts and servers, with
// the methods of [Account], [PDS] and [Relay]. Accounts can write records, change their handles and keys, move to
// another PDS, and be deleted. Servers count requests, can forget events, and can fail: with a fault of package fault,
// any of their methods answers as broken servers, proxies and networks do.
//
//	p := n.NewPDS()
//	end := p.Fail(fault.HTML(502), "com.atproto.repo.getRecord")
//
// [Start] returns a network for a program that is not a test, such as a demonstration.
//
// # What is real
//
// Everything that a server answers is meant to have the status, the error names, the shape and the CIDs of the
// reference PDS; tests compare the two. For example, a batch may change a path twice, and an account that has moved is
// deactivated at its old server. The directory has the signed operations of accounts and derives their DIDs from them.
// A blob is served only if a record refers to it.
//
// The following is missing: OAuth, mail, moderation, rate limits (use a fault), creating an account over HTTP for a DID
// that exists already, and storage on disk. A relay learns of events at the PDSes at once. Nothing is kept when a test
// ends.
//
// # Addresses
//
// All servers listen on 127.0.0.1. The network that [Network.Options] describes has no other hosts, and does not use
// DNS: it resolves handles itself, by TXT records as well as by the file /.well-known/atproto-did of their host.
// [Network.Environment] describes the network for another process.
package atptest
