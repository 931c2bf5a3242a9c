package lexicon_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/layers-pub/layers-go/gen/lexfile"
	"github.com/layers-pub/layers-go/gen/lexicon"
)

// document returns a small document with the given id, and the rest of the text
// appended to it.
func document(id, rest string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(fmt.Sprintf(`{"lexicon": 1, "id": %q, "defs": {"a": {"type": "token"}}}%s`, id, rest))}
}

func TestLoadLimits(t *testing.T) {
	const head, tail = `{"lexicon": 1, "id": "com.example.a", "defs": {"main": `, `}}`
	// The document itself and "defs" are two levels, and each array has a
	// level of its own.
	nested := func(levels int) string {
		arrays := levels - 3
		return head + strings.Repeat(`{"type": "array", "items": `, arrays) + `{"type": "integer"}` + strings.Repeat("}", arrays) + tail
	}
	small, _ := strings.CutSuffix(nested(3), "}")
	for _, test := range []struct {
		name, text, want string
	}{
		{"size", small + strings.Repeat(" ", lexfile.MaxSize-len(small)-1) + "}", ""},
		{"size exceeded", small + strings.Repeat(" ", lexfile.MaxSize-len(small)) + "}",
			"com/example/a.json: larger than the limit of 1048576 bytes; split it"},
		{"depth", nested(lexicon.MaxDepth), ""},
		{"depth exceeded", nested(lexicon.MaxDepth + 1),
			"objects and arrays nest more than 64 deep; move the inner ones to definitions of their own"},
		{"bare arrays", `{"lexicon": 1, "defs": ` + strings.Repeat("[", 500_000), "nest more than 64 deep"},
		{"other JSON", `{"name": "x", "paths": {"lexicon": "1"}, "rest": "` + strings.Repeat("x", lexfile.MaxSize) + `"}`, "there is no lexicon document (*.json) here"},
		{"other JSON in a large file", `{"name": "` + strings.Repeat("x", lexfile.MaxFileSize) + `"}`, "there is no lexicon document (*.json) here"},
		{"list exceeded", `[` + small + strings.Repeat(" ", lexfile.MaxFileSize) + `}]`, "com/example/a.json: larger than the limit of 16777216 bytes; split it"},
		{"document in a list", `[` + small + strings.Repeat(" ", lexfile.MaxSize) + `}]`, "com/example/a.json[/0]: larger than the limit of 1048576 bytes; split it"},
		{"arrays in a list", strings.Repeat("[", 500_000), "there is no lexicon document (*.json) here"},
		{"byte order mark", "\ufeff" + nested(3), ""},
		{"byte order mark and an error", "\ufeff\n,", "there is no lexicon document (*.json) here"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "there is no lexicon document (*.json) here"},
		{"UTF-8", head + "{\"type\": \"token\", \"description\": \"\xc3\"}" + tail, "/defs/main/description: not valid JSON at line 1, column 90: "},
		{"long message", head + `{"type": "ref", "ref": "` + strings.Repeat("é", 5000) + `"}` + tail, "é…"},
		{"escapes", head + `{"type": "object", "properties": {"\u001b[31m": "\u202e"}}` + tail, `/defs/main/properties/\x1b[31m: expected object`},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{"com/example/a.json": {Data: []byte(test.text)}}
			_, err := lexicon.Load(files, ".")
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && err == nil:
				t.Error("loading found nothing wrong")
			case test.want != "" && !strings.Contains(err.Error(), test.want):
				t.Errorf("got %q, want %q in it", err, test.want)
			case test.want != "" && len(err.Error()) > 2000:
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestLoadTooManyDocuments(t *testing.T) {
	files := fstest.MapFS{}
	for i := range lexicon.MaxDocuments + 1 {
		files[fmt.Sprintf("com/example/a%d.json", i)] = document(fmt.Sprintf("com.example.a%d", i), "")
	}
	_, err := lexicon.Load(files, ".")
	if want := ".: too many documents: more than 10000; load fewer at once"; err == nil || err.Error() != want {
		t.Errorf("got %.200v, want %s", err, want)
	}
}

func TestLoadRoots(t *testing.T) {
	files := fstest.MapFS{
		"lexicons/com/example/a.json": document("com.example.a", ""),
		"more/a.json":                 {Data: []byte(`{"lexicon": 1, "id": "com.example.a", "defs": {"another": {"type": "token"}}}`)},
		"empty/README.md":             {},
	}
	for _, test := range []struct {
		name    string
		options lexicon.Options
		roots   []string
		want    string
	}{
		{"none", lexicon.Options{}, nil, "no directory of lexicons is given; name at least one"},
		{"absent", lexicon.Options{}, []string{"absent"}, "absent: cannot read the file: file does not exist"},
		{"malformed", lexicon.Options{}, []string{"../lexicons"}, "../lexicons: cannot read the file: "},
		{"file", lexicon.Options{}, []string{"lexicons/com/example/a.json"}, "not a directory; name the directory that contains the lexicons"},
		{"empty", lexicon.Options{}, []string{"empty"}, "empty: there is no lexicon document (*.json) here; check the path"},
		{"empty among others", lexicon.Options{}, []string{"lexicons", "empty"}, "empty: there is no lexicon document (*.json) here; check the path"},
		{"override", lexicon.Options{Overrides: []string{"ours"}}, []string{"lexicons"}, `the override "ours" is not one of the lexicon directories; add it to them`},
		{"two overrides", lexicon.Options{Overrides: []string{"lexicons", "more"}}, []string{"lexicons", "more"}, "more/a.json:/id: the id com.example.a is also that of lexicons/com/example/a.json, which differs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, err := test.options.Load(files, test.roots...)
			if err == nil || set != nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}

// The order of roots does not matter to overrides.
func TestLoadOverrideFirst(t *testing.T) {
	files := fstest.MapFS{
		"ours/com/example/a.json":   document("com.example.a", ""),
		"theirs/com/example/a.json": document("com.example.a", ""),
	}
	for _, roots := range [][]string{{"ours", "theirs"}, {"theirs", "ours"}} {
		set, err := lexicon.Options{Overrides: []string{"ours"}}.Load(files, roots...)
		if err != nil {
			t.Fatal(err)
		}
		if file := set.Lookup("com.example.a").File; len(set.Documents) != 1 || file != "ours/com/example/a.json" {
			t.Errorf("%v: got the document of %s", roots, file)
		}
	}
}

// TestLoadLinks checks that links are followed, and that those which lead in a circle end.
func TestLoadLinks(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "com", "example"), 0o755); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(root, "target")
	if err := os.WriteFile(target, document("com.example.a", "").Data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(root, "com", "example", "a.json")); err != nil {
		t.Skipf("symbolic links are not available: %v", err)
	}
	if err := os.Symlink(filepath.Join(root, "com"), filepath.Join(root, "com", "example", "circle")); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "b.json"), document("com.example.b", "").Data, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"linked": other, "again": other, "gone": filepath.Join(root, "nothing"), "a.txt": target} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	set, err := lexicon.Load(os.DirFS(root), ".")
	if err != nil || len(set.Documents) != 2 || set.Lookup("com.example.a").File != "com/example/a.json" || set.Lookup("com.example.b") == nil {
		t.Errorf("got %v, %+v", err, set)
	}
	if files, _ := lexfile.Files(os.DirFS(root), "."); len(files) != 2 {
		t.Errorf("the documents were found in %d places", len(files))
	}
	if err := os.Symlink(filepath.Join(root, "nothing"), filepath.Join(root, "b.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(root, "c.json")); err != nil { // a directory, by its name
		t.Fatal(err)
	}
	_, err = lexicon.Load(os.DirFS(root), ".")
	if want := "b.json: cannot read the file: no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestProblems(t *testing.T) {
	files := fstest.MapFS{
		"com/example/b.json": document("com.example.b", "{"),
		"com/example/a.json": document("com.example..b", ""),
	}
	_, err := lexicon.Load(files, ".")
	var problems lexicon.Problems
	if !errors.As(err, &problems) || len(problems) != 2 {
		t.Fatalf("got %#v", err)
	}
	if p := problems[0]; p.File != "com/example/a.json" || p.Pointer != "/id" || !strings.HasPrefix(p.Message, "'com.example..b' is not valid 'nsid'") {
		t.Errorf("got %#v", p)
	}
	if p := problems[1]; p.File != "com/example/b.json" || p.Pointer != "" || !strings.HasPrefix(p.Message, "not valid JSON at line 1, column 73: ") {
		t.Errorf("got %#v", p)
	}
	if want := problems[0].Error() + "\n" + problems[1].Error(); err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

// The lexicons of this repository have nothing that is wrong or doubtful.
func TestLoadLayers(t *testing.T) {
	set, err := lexicon.Load(os.DirFS("../.."), "lexicons")
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range lexicon.Lint(set) {
		t.Error(problem)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := lexicon.Load(os.DirFS("../.."), "lexicons"); err != nil {
			b.Fatal(err)
		}
	}
}

// TestLoadAnyLayout checks that a document is known by its id, wherever it is, and that other JSON is passed over.
func TestLoadAnyLayout(t *testing.T) {
	files := fstest.MapFS{
		"root/note.json":                       document("com.example.app.note", ""),
		"root/sub/com.example.app.like.json":   document("com.example.app.like", ""),
		"root/dist/note.json":                  document("com.example.app.note", ""),
		"root/tsconfig.json":                   {Data: []byte("{ // strict\n}")},
		"root/package.json":                    {Data: []byte(`{"name": "x", "id": "com.example.app.package"}`)},
		"root/list.json":                       {Data: []byte(`["lexicon"]`)},
		"root/node_modules/x/note.json":        document("com.example.app.other", ""),
		"root/.hidden.json":                    document("com.example.app.hidden", ""),
		"root/lexicons.json":                   {Data: []byte(`{"version": 1, "lexicons": [], "resolutions": {}}`)},
		"root/" + lexicon.LockFile + ".backup": {Data: []byte(`{`)},
	}
	set, err := lexicon.Load(files, "root")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, d := range set.Documents {
		ids = append(ids, d.ID)
	}
	if got := strings.Join(ids, " "); got != "com.example.app.like com.example.app.note" {
		t.Errorf("got %s", got)
	}
	lock, err := lexicon.Lock(files, "root", "locks/lexgen.lock")
	if err != nil {
		t.Fatal(err)
	}
	files["locks/lexgen.lock"] = &fstest.MapFile{Data: lock}
	if err := lexicon.CheckLock(files, "root", "locks/lexgen.lock"); err != nil || !strings.Contains(string(lock), `"id": "com.example.app.like"`) {
		t.Errorf("%v\n%s", err, lock)
	}
}

// TestLoadDocumentsInside checks that documents are found in JSON of other kinds, and which one counts of those that have the same id.
func TestLoadDocumentsInside(t *testing.T) {
	text := func(id, rest string) string { return string(document(id, rest).Data) }
	differs := strings.Replace(text("com.example.note", ""), "token", "string", 1)
	reordered := `{ "defs": {"a": {"type": "token"}}, "$type": "com.atproto.lexicon.schema", "id": "com.example.note", "lexicon": 1.0 }`
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string // the documents with their files, or the error
		lint  string
	}{
		{"a list", map[string]string{"all.json": `[` + text("com.example.a", "") + `, 1, {"id": 2}, ` + text("com.example.b", "") + `]`},
			"com.example.a all.json[/0], com.example.b all.json[/3]", ""},
		{"a record", map[string]string{"a.json": `{"uri": "at://x", "value": ` + text("com.example.a", "") + `}`}, "com.example.a a.json[/value]", ""},
		{"a map of lists", map[string]string{"a.JSON": `{"x": "y", "lexicons": {"v/1": [` + text("com.example.a", "") + `]}}`}, "com.example.a a.JSON[/lexicons/v~11/0]", ""},
		{"too deep", map[string]string{"a.json": text("com.example.a", ""), "b.json": `[[[[` + text("com.example.b", "") + `]]]]`}, "com.example.a a.json", ""},
		{"the same in a list", map[string]string{"a.json": `[` + reordered + `]`, "note.json": text("com.example.note", "")}, "com.example.note note.json", ""},
		{"another in a list", map[string]string{"a.json": `[` + differs + `]`, "note.json": text("com.example.note", "")}, "com.example.note note.json",
			"note.json: a.json[/0] has the same id and differs, and is passed over; update it or take it out"},
		{"another in a list after it", map[string]string{"note.json": text("com.example.note", ""), "z.json": `[` + strings.Replace(differs, `"string"`, `"number"`, 1) + `]`},
			"com.example.note note.json", "note.json: z.json[/0] has the same id and differs, and is passed over; update it or take it out"},
		{"a faulty one in a list", map[string]string{"a.json": `[` + strings.Replace(differs, `"string"`, `"number"`, 1) + `]`, "note.json": text("com.example.note", "")},
			"com.example.note note.json", "note.json: a.json[/0] has the same id and differs, and is passed over; update it or take it out"},
		{"two lists", map[string]string{"a.json": `[` + differs + `]`, "b.json": `[` + text("com.example.note", "") + `]`},
			"b.json[/0]:/id: the id com.example.note is also that of a.json[/0], which differs; remove one of them, or declare one root an override", ""},
		{"written otherwise", map[string]string{"a.json": reordered, "note.json": text("com.example.note", "")}, "com.example.note a.json", ""},
		{"a fault", map[string]string{"a.json": `[0, {"lexicon": 1, "id": "com.example.a", "defs": {"a": {"type": "odd"}}}]`}, "a.json[/1]:/defs/a/type: ", ""},
		{"no version", map[string]string{"a.json": `{"id": "com.example.a", "defs": {"a": {"type": "token"}}}`}, "a.json:/lexicon: missing; write 1, the version of the language", ""},
		{"no id", map[string]string{"a.json": `{"lexicon": 1, "defs": {"a": {"type": "token"}}}`}, "a.json: missing properties: 'id'; ", ""},
		{"a version in words", map[string]string{"a.json": `{"lexicon": "1", "id": "com.example.a", "defs": {"a": {"type": "token"}}}`}, "a.json:/lexicon: write 1, the version of the language", ""},
		{"a setting", map[string]string{"a.json": text("com.example.a", ""), "config.json": `{"lexicon": "en", "id": "x"}`, "tsconfig.json": "{ // strict\n\"paths\": {\"lexicon\": [\"x\"]}}"}, "com.example.a a.json", ""},
		{"one after the other", map[string]string{"a.json": text("com.example.a", "") + "\n" + text("com.example.b", "")}, "a.json: not valid JSON at line 2, column 2: unexpected data after the end of the document, starting with {; remove it", ""},
		{"comments", map[string]string{"a.json": "{ // a comment\n\"lexicon\": 1, \"id\": \"com.example.a\", \"defs\": {\"a\": {\"type\": \"token\"},}}"}, "a.json: not valid JSON at line 1, column 3: ", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, text := range test.files {
				files["root/"+name] = &fstest.MapFile{Data: []byte(text)}
			}
			set, err := lexicon.Load(files, "root")
			if err != nil {
				if got := strings.ReplaceAll(err.Error(), "root/", ""); !strings.HasPrefix(got, test.want) {
					t.Errorf("got %s\nwant %s", got, test.want)
				}
				return
			}
			var got, lint []string
			for _, d := range set.Documents {
				got = append(got, d.ID+" "+strings.TrimPrefix(d.File, "root/"))
			}
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
			for _, p := range lexicon.Lint(set) {
				lint = append(lint, strings.ReplaceAll(p.Error(), "root/", ""))
			}
			if got := strings.Join(lint, ", "); got != test.lint {
				t.Errorf("lint says %s\nwant %s", got, test.lint)
			}
			lock, err := lexicon.Lock(files, "root", "root/lexgen.lock")
			if err != nil {
				t.Fatal(err)
			}
			files["root/lexgen.lock"] = &fstest.MapFile{Data: lock}
			if err := lexicon.CheckLock(files, "root", "root/lexgen.lock"); err != nil {
				t.Errorf("%v\n%s", err, lock)
			}
		})
	}
}
