package lexicon_test

import (
	"bytes"
	"errors"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/layers-pub/layers-go/gen/lexfile"
	"github.com/layers-pub/layers-go/gen/lexicon"
)

const wantLock = `{
  "version": "1.2.3",
  "release": "7c6eada56fdce046709c1a8561de51eee9a88f2d02b13005d26c8cd007bde5ad",
  "documents": [
    {
      "id": "com.example.a",
      "file": "com/example/a.json",
      "sha256": "5324ea189a2898a7702264e6006842409f9ff7805a615380bf3a151a6fb09b29"
    },
    {
      "id": "com.example.b.c",
      "file": "com/example/b/c.json",
      "sha256": "7aa2d8f70175a1273488b85b1d7c096035c3aba14ca7895072a4ea5867fbf2ef"
    }
  ]
}
`

// locked returns a root with two documents and the lockfile of them.
func locked(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{
		"root/com/example/b/c.json": document("com.example.b.c", ""),
		"root/com/example/a.json":   document("com.example.a", ""),
		"root/README.md":            {Data: []byte("not listed")},
		"root/lexicons.json":        {Data: []byte(`{"version": 1, "lexicons": [], "resolutions": {}}`)},
		"root/lexgen.lock":          {Data: []byte(`{"version": "1.2.3", "documents": []}`)},
	}
	data, err := lexicon.Lock(files, "root", "root/lexgen.lock")
	if err != nil {
		t.Fatal(err)
	}
	files["root/lexgen.lock"] = &fstest.MapFile{Data: data}
	return files
}

// Tools such as @atproto/lex take every file below a root whose name ends in .json for a document.
func TestLockFileIsNoDocument(t *testing.T) {
	if path.Ext(lexicon.LockFile) == ".json" {
		t.Errorf("the lockfile is called %s", lexicon.LockFile)
	}
}

func TestLock(t *testing.T) {
	files := locked(t)
	if diff := cmp.Diff(wantLock, string(files["root/lexgen.lock"].Data)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := lexicon.CheckLock(files, "root", "root/lexgen.lock"); err != nil {
		t.Error(err)
	}
	if _, err := lexicon.Load(files, "root"); err != nil {
		t.Error(err)
	}
}

func TestLockModified(t *testing.T) {
	files := locked(t)
	released := files["root/lexgen.lock"].Data
	original := files["root/com/example/a.json"]
	files["root/com/example/a.json"] = document("com.example.a", `, "description": "changed"`)
	data, err := lexicon.Lock(files, "root", "root/lexgen.lock")
	if err != nil || !strings.Contains(string(data), `"modified": true`) {
		t.Errorf("a changed document passes for the release's: %v", err)
	}
	files["root/lexgen.lock"] = &fstest.MapFile{Data: data}
	files["root/com/example/a.json"] = original
	data, err = lexicon.Lock(files, "root", "root/lexgen.lock")
	if diff := cmp.Diff(string(released), string(data)); err != nil || diff != "" {
		t.Errorf("changed back, the lockfile is not what it was: %v\n%s", err, diff)
	}
}

func TestLockWithoutVersion(t *testing.T) {
	files := fstest.MapFS{"com/example/a.json": document("com.example.a", "")}
	data, err := lexicon.Lock(files, ".", "lexgen.lock")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(data), "{\n  \"version\": \"\",\n") {
		t.Errorf("got %s", data)
	}
	err = lexicon.CheckLock(files, ".", "lexgen.lock")
	if want := "lexgen.lock: there is no lockfile; run `lexgen lock`"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	// Loading does not ask for a lockfile.
	if _, err := lexicon.Load(files, "."); err != nil {
		t.Error(err)
	}
}

func TestLockProblems(t *testing.T) {
	const lockName = "root/lexgen.lock"
	replace := func(old, new string) func(fstest.MapFS) {
		return func(files fstest.MapFS) {
			text := strings.Replace(string(files[lockName].Data), old, new, 1)
			files[lockName] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	for _, test := range []struct {
		name   string
		change func(fstest.MapFS)
		want   string
	}{
		{"changed", func(files fstest.MapFS) { files["root/com/example/a.json"] = document("com.example.a", "\n") },
			"root/com/example/a.json: it differs from the document in the lockfile root/lexgen.lock; restore it, or run `lexgen lock` to accept the change"},
		{"missing", func(files fstest.MapFS) { delete(files, "root/com/example/a.json") },
			"root/lexgen.lock:/documents/0: the document com/example/a.json is listed but missing (or listed twice); restore it, or run `lexgen lock` to accept that"},
		{"unlisted", func(files fstest.MapFS) { files["root/com/example/d.json"] = document("com.example.d", "") },
			"root/com/example/d.json: it is not in the lockfile root/lexgen.lock; remove it, or run `lexgen lock` to accept it"},
		{"id", replace(`"com.example.a"`, `"com.example.x"`),
			"root/lexgen.lock:/documents/0: the file com/example/a.json has the id com.example.a, not com.example.x; run `lexgen lock`"},
		{"twice", replace(`com/example/b/c.json`, `com/example/a.json`),
			"root/com/example/b/c.json: it is not in the lockfile root/lexgen.lock; remove it, or run `lexgen lock` to accept it\n" +
				"root/lexgen.lock:/documents/1: the document com/example/a.json is listed but missing (or listed twice); restore it, or run `lexgen lock` to accept that"},
		{"syntax", replace(`{`, ``), "root/lexgen.lock: malformed lockfile: "},
		{"unknown member", replace(`"version"`, `"edition"`), "root/lexgen.lock: malformed lockfile: "},
		{"trailing", replace("]\n}", "]\n}}"), "root/lexgen.lock: malformed lockfile: "},
		{"wrong type", replace(`"1.2.3"`, `1`), "root/lexgen.lock: malformed lockfile: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := locked(t)
			test.change(files)
			err := lexicon.CheckLock(files, "root", "root/lexgen.lock")
			var problems lexicon.Problems
			if !errors.As(err, &problems) || !strings.HasPrefix(err.Error(), test.want) {
				t.Fatalf("got %v, want %s", err, test.want)
			}
			_, loadErr := lexicon.Load(files, "root")
			if loadErr == nil || loadErr.Error() != err.Error() {
				t.Errorf("Load: got %v, want %v", loadErr, err)
			}
			if _, err := (lexicon.Options{IgnoreLock: true}).Load(files, "root"); err != nil {
				t.Errorf("Load without the lock: %v", err)
			}
		})
	}
}

func TestLockErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  string
	}{
		{"root", fstest.MapFS{}, "root: cannot read the file: file does not exist"},
		{"size", fstest.MapFS{"root/com/example/a.json": {Data: append([]byte(`{"lexicon": 1}`), bytes.Repeat([]byte(" "), lexfile.MaxSize)...)}}, "root/com/example/a.json: larger than the limit of"},
		{"lockfile", fstest.MapFS{"root/lexgen.lock": {Data: []byte("[]")}}, "root/lexgen.lock: malformed lockfile: "},
	} {
		if _, err := lexicon.Lock(test.files, "root", "root/lexgen.lock"); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}

func TestWriteLock(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "com", "example"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "com", "example", "a.json")
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rewrite := func(want bool) {
		t.Helper()
		changed, err := lexicon.WriteLock(dir, ".", lexicon.LockFile)
		if err != nil || changed != want {
			t.Errorf("WriteLock: %v, %v; want %v", changed, err, want)
		}
		if err := lexicon.CheckLock(os.DirFS(dir), ".", "lexgen.lock"); err != nil {
			t.Error(err)
		}
	}
	write(file, document("com.example.a", "").Data)
	rewrite(true)
	rewrite(false)
	write(file, document("com.example.a", "\n").Data)
	if err := lexicon.CheckLock(os.DirFS(dir), ".", "lexgen.lock"); err == nil {
		t.Error("CheckLock does not see the change")
	}
	rewrite(true)
	write(filepath.Join(dir, "lexgen.lock"), []byte(`{"version": "4", "documents": []}`))
	rewrite(true)
	data, err := os.ReadFile(filepath.Join(dir, "lexgen.lock"))
	if err != nil || !strings.Contains(string(data), `"version": "4"`) {
		t.Errorf("the version is lost: %s, %v", data, err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("files are left over: %v", entries)
	}
	if _, err := lexicon.WriteLock(filepath.Join(dir, "absent"), ".", lexicon.LockFile); err == nil {
		t.Error("WriteLock accepts an absent directory")
	}
}
