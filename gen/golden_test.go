package gen_test

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/emit"
)

var update = flag.Bool("update", false, "write what the cases give into their golden files")

// TestCases generates from each directory of testdata/cases and compares the result with what is there:
// the Go files below go, or the error in error.txt. All the source has to compile, and to be the same
// when it is generated again.
func TestCases(t *testing.T) {
	exports, err := gen.FindExports(t.Context(), "..")()
	if err != nil {
		t.Fatal(err)
	}
	cases, err := filepath.Glob("testdata/cases/*")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases (%v)", err)
	}
	for _, dir := range cases {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			files, err := source(dir)
			if err == nil {
				if err := gen.TypeCheckWith(files, exports); err != nil {
					t.Error(err)
				}
				checkDocLinks(t, files)
				if again, err := source(dir); err != nil || !slices.EqualFunc(files, again, sameFile) {
					t.Errorf("the second run gave something else (%v)", err)
				}
			}
			got := goldens(files, err)
			if *update {
				writeGoldens(t, dir, got)
				return
			}
			if diff := cmp.Diff(readGoldens(t, dir), got); diff != "" {
				t.Errorf("not as in the golden files, which `go test ./gen -update` writes (-want +got):\n%s", diff)
			}
		})
	}
}

// source generates from a case.
func source(dir string) ([]emit.File, error) {
	root := os.DirFS(dir)
	// Unless a case says so itself, each namespace is a package of its own.
	config := &gen.Config{Lexicons: []string{"lexicons"}, Module: "example.org/sdk", Output: "api",
		Packages: map[string]string{"com": "api/com", "org": "api/org", "net": "api/net"}}
	if _, err := fs.Stat(root, gen.ConfigFile); err == nil {
		if config, err = gen.ReadConfig(root, gen.ConfigFile); err != nil {
			return nil, err
		}
	}
	set, err := config.Load(root)
	if err != nil {
		return nil, err
	}
	return gen.Source(set, config)
}

func sameFile(a, b emit.File) bool { return a.Path == b.Path && bytes.Equal(a.Content, b.Content) }

// goldens returns the content of the golden files for a result, by name.
func goldens(files []emit.File, err error) map[string]string {
	if err != nil {
		return map[string]string{"error.txt": err.Error() + "\n"}
	}
	got := make(map[string]string)
	for _, file := range files {
		got["go/"+file.Path] = string(file.Content)
	}
	return got
}

func readGoldens(t *testing.T, dir string) map[string]string {
	t.Helper()
	want := make(map[string]string)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name != "error.txt" && !strings.HasPrefix(name, "go/") {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, name))
		want[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return want
}

func writeGoldens(t *testing.T, dir string, got map[string]string) {
	t.Helper()
	err := errors.Join(os.RemoveAll(filepath.Join(dir, "go")), os.RemoveAll(filepath.Join(dir, "error.txt")))
	for name, content := range got {
		name = filepath.Join(dir, filepath.FromSlash(name))
		err = errors.Join(err, os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(content), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
}
