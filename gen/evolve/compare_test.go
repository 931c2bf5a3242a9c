package evolve_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/evolve"
	"github.com/layers-pub/layers-go/gen/lexicon"
)

var update = flag.Bool("update", false, "write what the cases give into them")

// TestCases compares the two sides of each case, which are the files below before and after, and wants the changes that its
// file "want" lists, with what changes in the Go API if both sides are valid. Comparing a side with itself gives nothing.
func TestCases(t *testing.T) {
	cases, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(cases) < 50 {
		t.Fatalf("%d cases (%v)", len(cases), err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files := make(fstest.MapFS)
			want := ""
			for _, f := range archive.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				files[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			before, after := read(t, files, "before"), read(t, files, "after")
			changes := evolve.Compare(before, after)
			from, fromErr := api(files, "before")
			to, toErr := api(files, "after")
			if fromErr == nil && toErr == nil {
				changes = evolve.Attach(changes, from, to)
			}
			var got strings.Builder
			for _, change := range changes {
				got.WriteString(change.String() + "\n")
				for _, line := range change.Go {
					got.WriteString("\t" + line + "\n")
				}
			}
			if *update {
				for i, f := range archive.Files {
					if f.Name == "want" {
						archive.Files[i].Data = []byte(got.String())
					}
				}
				if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(want, got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, set := range []*lexicon.Set{before, after} {
				if changes := evolve.Compare(set, set); len(changes) > 0 {
					t.Errorf("a side differs from itself: %v", changes)
				}
			}
		})
	}
}

func read(t *testing.T, fsys fs.FS, root string) *lexicon.Set {
	t.Helper()
	set, problems, err := evolve.Read(fsys, root)
	if err != nil || len(problems) > 0 {
		t.Fatalf("%s: %v, %v", root, problems, err)
	}
	return set
}

// api returns the Go API of the documents below a directory.
func api(fsys fs.FS, root string) ([]evolve.Symbol, error) {
	set, err := lexicon.Load(fsys, root)
	if err != nil {
		return nil, err
	}
	files, err := gen.Source(set, &gen.Config{Lexicons: []string{root}, Module: "example.org/sdk", Output: "."})
	if err != nil {
		return nil, err
	}
	return evolve.API(files)
}
