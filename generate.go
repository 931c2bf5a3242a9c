// Package layersgo is the root of the Go SDK for Layers, linguistic annotation on the AT Protocol. It contains only the
// directives of go generate for the packages below layers and for the protocol's methods in the runtime.
package layersgo

//go:generate go run ./cmd/lexgen generate
//go:generate go run ./cmd/lexgen bridge --rules layers07/bridge.json
//go:generate go run ./cmd/lexgen generate --config runtime/internal/atproto/lexgen.json
