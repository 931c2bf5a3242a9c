// Package tap tests package runtime/tap against the real server, cmd/tap of github.com/bluesky-social/indigo, in front of
// the reference PDS. What it loses is in the tests, too.
//
// It is a module of its own, so that nobody who uses layers-go gets the server's dependencies. It needs a C compiler, since
// Tap keeps its state in SQLite:
//
//	cd tests/tap
//	go test ./...
package tap
