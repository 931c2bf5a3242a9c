// Package peers compares this module with github.com/bluesky-social/indigo: it checks that both read and write the same
// archives, trees, messages of the stream, keys and signatures, and compares their speed.
//
// It is a separate module, so that users of layers-go do not get its dependencies:
//
//	cd tests/peers
//	go test ./...
//	GOMAXPROCS=1 go test -run xxx -bench .
//
// indigo's typed decoding is not compared, since its generator does not accept the pub.layers lexicons; its decoding
// into maps is.
package peers
