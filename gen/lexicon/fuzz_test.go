package lexicon_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/rogpeppe/go-internal/txtar"
)

// FuzzLoad loads one document. Whatever it is, loading must end with a set or
// with problems, the same ones every time.
func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		files := fstest.MapFS{"com/example/defs.json": {Data: data}, "com/example/other.json": document("com.example.other", "")}
		skip := lexicon.Options{Skip: func(string) bool { return true }}
		if set, err := skip.Load(files, "."); err != nil || set.Lookup("com.example.other") == nil {
			t.Fatalf("with Skip: %v", err)
		}
		for _, options := range []lexicon.Options{{}, {Opaque: true}, skip} {
			set, err := options.Load(files, ".")
			again, errAgain := options.Load(files, ".")
			if err != nil {
				var problems lexicon.Problems
				if set != nil || !errors.As(err, &problems) || len(problems) == 0 {
					t.Fatalf("Load: %v, %v", set, err)
				}
				if errAgain == nil || err.Error() != errAgain.Error() {
					t.Fatalf("the problems change:\n%v\n%v", err, errAgain)
				}
				continue
			}
			if errAgain != nil {
				t.Fatal(errAgain)
			}
			if diff := cmp.Diff(set, again, cmpopts.IgnoreUnexported(lexicon.Document{}, lexicon.Set{})); diff != "" {
				t.Fatalf("the set changes:\n%s", diff)
			}
			if problems := lexicon.Lint(set); !slices.Equal(problems, lexicon.Lint(again)) {
				t.Fatalf("Lint changes: %v", problems)
			}
		}
	})
}

// FuzzLock reads a lockfile. Whatever it is, a new one can be written in its
// place or the old one is a problem, and the new one fits.
func FuzzLock(f *testing.F) {
	f.Add([]byte(wantLock))
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"version": 1}`))
	f.Add([]byte(`{"documents": [{"file": "../a"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		files := fstest.MapFS{
			"com/example/a.json": document("com.example.a", ""),
			lexicon.LockFile:     {Data: data},
		}
		checkErr := lexicon.CheckLock(files, ".", "lexgen.lock")
		lock, err := lexicon.Lock(files, ".", "lexgen.lock")
		if err != nil {
			if checkErr == nil {
				t.Fatalf("CheckLock accepts what Lock does not: %v", err)
			}
			return
		}
		files[lexicon.LockFile] = &fstest.MapFile{Data: lock}
		if err := lexicon.CheckLock(files, ".", "lexgen.lock"); err != nil {
			t.Fatal(err)
		}
	})
}
