// Package examples is a module with its own lexicon, which refers to definitions of Layers. Its Go code uses the types
// of package layers: see [github.com/layers-pub/layers-go/examples/marginalia].
package examples

//go:generate go run -C .. ./cmd/lexgen generate --config examples/lexgen.json
