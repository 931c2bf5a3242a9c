// Package tap tests package runtime/tap against the real server, cmd/tap of github.com/bluesky-social/indigo, which
// reads the stream of the reference PDS. The tests also show what Tap loses.
//
// It is a separate module, so that users of layers-go do not get the server's dependencies. It needs a C compiler,
// since Tap keeps its state in SQLite:
//
//	cd tests/tap
//	go test ./...
package tap
