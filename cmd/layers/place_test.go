package main

import (
	"os"
	"strings"
	"testing"
)

// TestPlaces says where the JSON in a file is broken.
func TestPlaces(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("LAYERS_AUTH_FILE", t.TempDir()+"/auth.json")
	for text, want := range map[string]string{
		"nonsense":                        "record.json:1:1: ",
		"{\"name\": \"a\",}":              "record.json:1:14: ",
		"{\"name\": \"a\",\n \"b\": tru}": "record.json:2:",
		"{\"name\": \"नमस्ते\", \"b\": 1.5}": "record.json:1:25: ",
		"{\n\n\n\"a\": 1":        "record.json:4:7: ",
		"":                       "record.json:1:1: ",
		"{\"a\": 1}\n{\"a\": 2}": "record.json:2:1: ",
		"{\"$type\": \"pub.layers.media.media\"}": "record.json: the record's $type is pub.layers.media.media, not pub.layers.corpus.corpus",
	} {
		if err := os.WriteFile("record.json", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"create", "corpus.corpus"}, {"put", "corpus.corpus/3mabcdefghi2a"}} {
			if _, _, stderr := layers(t, nil, append(args, "record.json")...); !strings.HasPrefix(stderr, "layers: "+want) {
				t.Errorf("%s %q: %s", args[0], text, stderr)
			}
		}
	}
}
