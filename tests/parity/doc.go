// Package parity compares package runtime/atptest with the reference servers. There is one suite of calls, with valid
// and invalid input. Each response is reduced to facts: the status, the name of the error, the headers that clients
// rely on, and the keys and types of the body. Values that differ between two runs (DIDs, times, tokens, the CIDs of
// commits) are replaced by names; the CIDs of records and blobs are kept. Messages for people are not compared, nor is
// the form of the keys in DID documents, which the reference directory writes in an older form than plc.directory.
//
// The facts of the reference servers are in testdata/facts.json. One test runs the suite against the reference servers,
// which need Node.js, and compares the facts with that file; the other one does so with atptest, and needs no Node.js.
//
//	go test ./tests/parity -run TestReference -update
//
// writes the file again, with the facts of the reference servers.
package parity
