package gen_test

import (
	"os"
	"testing"

	"github.com/layers-pub/layers-go/gen"
)

// TestDrift generates what is committed in this repository again, in memory, and compares. What fails
// it is an edit of generated code, or a change of the lexicons or of the generator without generating.
func TestDrift(t *testing.T) {
	for _, test := range []struct{ root, name string }{
		{"..", gen.ConfigFile}, {"..", "runtime/internal/atproto/" + gen.ConfigFile}, {"../examples", gen.ConfigFile},
	} {
		root, name := test.root, test.name
		t.Run(root+"/"+name, func(t *testing.T) {
			t.Parallel()
			config, err := gen.ReadConfig(os.DirFS(root), name)
			if err != nil {
				t.Fatal(err)
			}
			output, err := gen.Generate(t.Context(), root, config)
			if err != nil {
				t.Fatal(err)
			}
			changes, err := output.Check(root)
			if err != nil {
				t.Error(err)
			}
			for _, c := range changes {
				t.Errorf("%s %s: run `go generate .` in %s", c.Kind, c.Path, root)
			}
		})
	}
}
