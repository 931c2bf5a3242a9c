// Package peers holds this module against others that read repositories: github.com/bluesky-social/indigo,
// as a judge of what is written here and as a mark to measure by: archives, trees, messages of the stream, keys and signatures.
//
// It is a module of its own, so that nobody who uses layers-go gets its dependencies:
//
//	cd tests/peers
//	go test ./...
//	GOMAXPROCS=1 go test -run xxx -bench .
//
// indigo's typed decoding is not compared: its generator does not take the pub.layers lexicons. Its
// decoding into maps is.
package peers
