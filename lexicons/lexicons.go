// Package lexicons embeds the lexicon documents of Layers, from which the packages under layers are generated, for
// programs that show or check them:
//
//	text, err := lexicons.FS.ReadFile("pub/layers/expression/expression.json")
//
// The documents follow https://atproto.com/specs/lexicon.
package lexicons

import (
	"embed"
	"encoding/json"
)

// FS has the documents, each at the path of its NSID: pub.layers.corpus.corpus is pub/layers/corpus/corpus.json. It is safe
// for concurrent use.
//
//go:embed pub
var FS embed.FS

//go:embed lexgen.lock
var lock []byte

// Version returns the version of Layers that the documents are from, such as "0.8.0".
func Version() string {
	var head struct {
		Version string `json:"version"`
	}
	if err := json.Unmarshal(lock, &head); err != nil {
		panic(err) // the file is part of the program
	}
	return head.Version
}
