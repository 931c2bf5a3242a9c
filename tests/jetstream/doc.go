// Package jetstream tests package runtime/jetstream against the real server, version 1 of
// github.com/bluesky-social/jetstream, which reads the stream of the reference PDS. The tests also show what a
// Jetstream leaves out.
//
// It is a separate module, so that users of layers-go do not get the server's dependencies:
//
//	cd tests/jetstream
//	go test ./...
package jetstream
