package layersgo

//go:generate go run ./cmd/lexgen generate
