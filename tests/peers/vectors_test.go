package peers

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/runtime/mst"
)

// TestLayers holds the layers of keys to the public test vectors, which are read where the module cache has indigo: the
// second character of each key is its layer. The vectors of whole trees cannot be read: package mst takes no key that is
// not a path of a repository, and theirs are not.
func TestLayers(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/bluesky-social/indigo").Output()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "atproto", "repo", "mst", "testdata", "example_keys.txt"))
	if err != nil {
		t.Fatal(err)
	}
	keys := strings.Fields(string(data))
	if len(keys) < 100 {
		t.Fatalf("%d keys", len(keys))
	}
	for _, key := range keys {
		if got := mst.Layer([]byte(key)); got != int(key[1]-'0') {
			t.Errorf("%s is in layer %d", key, got)
		}
	}
}
