// Package atptest is a network of the AT Protocol for tests, in the process of the test: a PLC directory, PDSes, relays, and
// an appview of Layers, over HTTP and WebSockets on the loopback interface. Repositories, signatures and proofs
// are real, so that clients verify them as on the public network.
//
//	n := atptest.New(t) // closed with the test
//	alice := n.NewAccount("alice.test")
//	session, err := auth.Login(ctx, "alice.test", alice.Password, auth.WithNetwork(n.Options()))
//
// A test acts on both sides: as a client, with the packages of this SDK or with any others, and as the owner of accounts and
// servers, with the methods of [Account], [PDS] and [Relay]. Accounts write, change their handles and keys, move to another
// PDS, and end. Servers count requests, forget events, and fail: a fault of package fault makes any of their methods answer as broken
// servers, proxies and networks do.
//
//	p := n.NewPDS()
//	end := p.Fail(fault.HTML(502), "com.atproto.repo.getRecord")
//
// [Start] gives a network without a test, for a program such as a demonstration.
//
// # What is real
//
// Everything that a server answers is meant to have the status, the error names, the shape and the CIDs of the reference PDS;
// tests compare the two. Among others, a batch may change a path twice, and an account that has moved is deactivated at the
// server before. The directory has the signed operations of accounts and derives their DIDs from them. Blobs are served when a
// record refers to them.
//
// What is missing: OAuth, mail, moderation, limits of rates (a fault gives any), accounts made over HTTP, and the data that
// servers keep on disk. A relay knows at once what happens at the PDSes. Anything may be lost when a test ends.
//
// # Addresses
//
// All servers listen on 127.0.0.1. The network that [Network.Options] describes has no other hosts: handles, which DNS does
// not know, are resolved by it, by TXT records as well as by the file /.well-known/atproto-did of their host.
// [Network.Environment] describes the network for another process.
package atptest
