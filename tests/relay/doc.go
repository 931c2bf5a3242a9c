// Package relay runs a relay in the test's process, that of github.com/bluesky-social/indigo, in front of the reference
// PDS or of a source that the test makes.
//
//	servers := reference.Start(t)
//	r := relay.Start(t, servers.PDS, relay.Options{PLC: servers.PLC})
//	client, err := firehose.New(r.URL(), ...)
//
// It is a module of its own, so that nobody who uses layers-go gets its dependencies. It needs a C compiler, as the race
// detector does, since the relay keeps its state in SQLite:
//
//	cd tests/relay
//	go test ./...
//
// What the tests hold a relay to is what it does, not what it should do: it checks signatures, sizes and the order of
// revisions, and passes on messages whose operations do not lead to their tree; it answers a cursor from the future with
// silence; and it sends an event that falls between the playback of old events and the registration for new ones only
// when the next one comes.
package relay
