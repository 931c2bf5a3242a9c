// Package layersgo is the root of the Go SDK for Layers, linguistic annotation on the AT Protocol. It
// holds no code but the lines that generate packages from lexicons: those below layers, and the runtime's
// own for the protocol's methods.
package layersgo

//go:generate go run ./cmd/lexgen generate
//go:generate go run ./cmd/lexgen bridge --rules layers07/bridge.json
//go:generate go run ./cmd/lexgen generate --config runtime/internal/atproto/lexgen.json
