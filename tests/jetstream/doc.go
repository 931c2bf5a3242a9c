// Package jetstream tests package runtime/jetstream against the real server, version 1 of github.com/bluesky-social/jetstream,
// in front of the reference PDS. What it leaves out is in the tests, too.
//
// It is a module of its own, so that nobody who uses layers-go gets the server's dependencies:
//
//	cd tests/jetstream
//	go test ./...
package jetstream
