// Package layersgo is the root of the Go SDK for Layers, linguistic annotation on the AT Protocol. It
// holds no code but the line that generates the packages below layers from the lexicons.
package layersgo

//go:generate go run ./cmd/lexgen generate
