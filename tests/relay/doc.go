// Package relay runs the relay of github.com/bluesky-social/indigo in the test's process. It reads the stream of the
// reference PDS, or of a source that the test makes.
//
//	servers := reference.Start(t)
//	r := relay.Start(t, servers.PDS, relay.Options{PLC: servers.PLC})
//	client, err := firehose.New(r.URL(), ...)
//
// It is a separate module, so that users of layers-go do not get its dependencies. It needs a C compiler, as the race
// detector does, since the relay keeps its state in SQLite:
//
//	cd tests/relay
//	go test ./...
//
// The tests check what the relay actually does, not what it should do. It checks signatures, sizes and the order of
// revisions, but passes on messages whose operations do not lead to their tree. It sends nothing in response to a
// cursor in the future. An event that arrives between the playback of old events and the registration for new ones is
// sent only when the next one arrives.
package relay
