package lexicon_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the expected texts in testdata")

// A case is an archive of a file system. Its comment may begin with the lines
// "opaque", "roots: a b" and "overrides: a". The files "want" and "lint" hold
// the problems that loading finds and what Lint says.

func TestValid(t *testing.T)   { runCases(t, "valid") }
func TestInvalid(t *testing.T) { runCases(t, "invalid") }
func TestLint(t *testing.T)    { runCases(t, "lint") }

func runCases(t *testing.T, kind string) {
	files, err := filepath.Glob(filepath.Join("testdata", kind, "*.txtar"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name := "lint"
			var got string
			set, err := loadCase(archive)
			if kind == "invalid" {
				name = "want"
				if err == nil {
					t.Fatal("loading found nothing wrong")
				}
				got = err.Error() + "\n"
			} else {
				if err != nil {
					t.Fatal(err)
				}
				for _, problem := range lexicon.Lint(set) {
					got += problem.Error() + "\n"
				}
			}
			compareCase(t, file, archive, name, got)
		})
	}
}

// loadCase loads the files of an archive as its comment says.
func loadCase(archive *txtar.Archive) (*lexicon.Set, error) {
	var options lexicon.Options
	roots := []string{"lexicons"}
	for line := range strings.Lines(string(archive.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch key {
		case "opaque":
			options.Opaque = true
		case "roots":
			roots = strings.Fields(value)
		case "overrides":
			options.Overrides = strings.Fields(value)
		}
	}
	return options.Load(caseFiles(archive), roots...)
}

func caseFiles(archive *txtar.Archive) fs.FS {
	files := fstest.MapFS{}
	for _, f := range archive.Files {
		files[f.Name] = &fstest.MapFile{Data: f.Data}
	}
	return files
}

// compareCase compares a text with the file of the archive that holds it.
func compareCase(t *testing.T, file string, archive *txtar.Archive, name, got string) {
	t.Helper()
	for i := range archive.Files {
		f := &archive.Files[i]
		if f.Name != name {
			continue
		}
		if *update {
			f.Data = []byte(got)
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		if diff := cmp.Diff(string(f.Data), got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		return
	}
	t.Fatalf("the case has no file %q", name)
}
