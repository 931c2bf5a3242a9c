// Package parity compares package runtime/atptest with the reference servers. There is one suite of calls, with right and wrong
// input; what a server answered is reduced to facts: the status, the name of the error, the headers that clients rely on, and the
// body with its keys and types, in which whatever differs between two runs (DIDs, times, tokens, the CIDs of commits) has a name in
// place of its value, while the CIDs of records and blobs stay as they are. Texts for people are not compared, nor is the form of the keys in DID documents, which the
// reference directory writes in an older form than plc.directory.
//
// The facts of the reference servers are in testdata/facts.json. One test runs the suite against the reference servers, which need
// Node.js, and compares what they answer with that file; the other one runs it against atptest. So the latter needs no Node.js.
//
//	go test ./tests/parity -run TestReference -update
//
// writes the file anew.
package parity
