package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/gen/emit"
)

const (
	config = `{"lexicons": ["lexicons"], "module": "example.org/sdk", "output": "api"}`
	note   = `{"lexicon": 1, "id": "com.example.app.note", "defs": {"main": {
		"type": "record", "key": "tid", "record": {"type": "object", "properties": {"text": {"type": "string"}}}}}}`
)

// module makes a module that requires this one as it is here, with a configuration and one document.
func module(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	here, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("../../go.sum")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m)^module .*$`).ReplaceAllString(string(mod), "module example.org/sdk")
	write(t, root, "go.mod", text+"\nrequire github.com/layers-pub/layers-go v0.0.0\n\nreplace github.com/layers-pub/layers-go => "+here+"\n")
	write(t, root, "go.sum", string(sum))
	write(t, root, "lexgen.json", config)
	write(t, root, "lexicons/com/example/app/note.json", note)
	return root
}

func write(t *testing.T, root, name, content string) {
	t.Helper()
	name = filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// expect runs lexgen and compares its status and what it prints, of which want are parts.
func expect(t *testing.T, status int, want string, args ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	got := run(t.Context(), args, &stdout, &stderr)
	printed := stdout.String() + stderr.String()
	if got != status || !strings.Contains(printed, want) || want == "" && printed != "" {
		t.Errorf("lexgen %s: status %d, want %d; it prints\n%swant\n%s", strings.Join(args, " "), got, status, printed, want)
	}
}

// TestCommands goes through the life of a module.
func TestCommands(t *testing.T) {
	root := module(t)
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	expect(t, 1, "create api/com/example/appnote.go\ncreate api/com/example/doc.go\ncreate lexicons/lexgen.names\ncreate lexicons/lexgen.lock\n4 files are out of date; run `lexgen generate`\n", "check", flag)
	expect(t, 0, "create api/com/example/appnote.go\ncreate api/com/example/doc.go\ncreate lexicons/lexgen.names\nupdate lexicons/lexgen.lock\n2 files, 3 changed\n", "generate", flag)
	expect(t, 0, "", "check", flag)
	expect(t, 0, "2 files, 0 changed\n", "generate", flag)
	expect(t, 0, "", "lint", flag)
	expect(t, 0, "", "lock", flag)

	write(t, root, "lexicons/com/example/app/note.json", strings.Replace(note, "text", "words", 1))
	expect(t, 1, "update api/com/example/appnote.go\nupdate lexicons/lexgen.names\nupdate lexicons/lexgen.lock\n3 files are out of date", "check", flag)
	expect(t, 1, "lexicons/com/example/app/note.json: it differs from the document in the lockfile", "lint", flag)
	expect(t, 0, "update lexicons/lexgen.lock", "lock", flag)
	expect(t, 1, "update api/com/example/appnote.go\nupdate lexicons/lexgen.names\n", "check", flag)
	expect(t, 0, "update api/com/example/appnote.go\nupdate lexicons/lexgen.names\n2 files, 2 changed\n", "generate", flag)

	write(t, root, "api/com/example/appnote.go", "package app\n")
	expect(t, 1, "api/com/example/appnote.go, which lexgen did not write", "check", flag)
	expect(t, 1, "api/com/example/appnote.go, which lexgen did not write", "generate", flag)

	write(t, root, "lexicons/com/example/app/note.json", strings.Replace(note, "tid", "odd", 1))
	expect(t, 1, "lexicons/com/example/app/note.json:/defs/main/key", "generate", flag)
	expect(t, 1, "lexicons/com/example/app/note.json:/defs/main/key", "lint", flag)

	write(t, root, "lexgen.json", `{"lexicon": []}`)
	for _, command := range []string{"generate", "check", "lint", "lock"} {
		expect(t, 1, "lexgen.json:/lexicon: unknown setting", command, flag)
	}
}

// TestGenerateGone checks that generate lists the Go names that go if git cannot tell what has changed.
func TestGenerateGone(t *testing.T) {
	root := module(t)
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	known := strings.Replace(note, `{"type": "string"`, `{"type": "string", "knownValues": ["spam", "rude"]`, 1)
	write(t, root, "lexicons/com/example/app/note.json", known)
	expect(t, 0, "update lexicons/lexgen.lock\n2 files, 3 changed\n", "generate", flag)
	write(t, root, "lexicons/com/example/app/note.json", strings.Replace(known, "spam", "junk", 1))
	expect(t, 0, "removes example.AppNoteTextSpam, which stood for com.example.app.note#main.text=spam\n", "generate", flag)
}

// TestConfigBelow checks that a configuration may lie below the root of the module, to which its paths are relative
// nevertheless.
func TestConfigBelow(t *testing.T) {
	root := module(t)
	write(t, root, "parts/one/lexgen.json", config)
	flag := "--config=" + filepath.Join(root, "parts", "one", "lexgen.json")
	expect(t, 0, "create api/com/example/appnote.go\ncreate api/com/example/doc.go\ncreate lexicons/lexgen.names\nupdate lexicons/lexgen.lock\n2 files, 3 changed\n", "generate", flag)
	expect(t, 0, "", "check", flag)
	write(t, root, "parts/one/lexgen.json", `{"lexicon": []}`)
	expect(t, 1, "parts/one/lexgen.json:/lexicon: unknown setting", "check", flag)
	t.Chdir(filepath.Join(root, "parts"))
	write(t, root, "parts/one/lexgen.json", config)
	expect(t, 0, "", "check", "--config=one/lexgen.json")
}

// TestLint checks that lint says what it finds, in the directories that it is given.
func TestLint(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, ".", "docs/com/example/app/note.json", strings.Replace(note, `"lexicon": 1`, `"lexicon": 1, "extra": 1`, 1))
	expect(t, 0, "warning: docs/com/example/app/note.json:/extra: ", "lint", "./docs/")
	expect(t, 1, "warning: docs/com/example/app/note.json:/extra: ", "lint", "--strict", "./docs/")
	expect(t, 1, "missing", "lint", "missing")
	expect(t, 1, "lexgen.json", "lint")
}

// TestLintLevels checks what warnings count as in each namespace.
func TestLintLevels(t *testing.T) {
	root := module(t)
	extra := strings.Replace(note, `"lexicon": 1`, `"lexicon": 1, "extra": 1`, 1)
	for _, id := range []string{"com.example.one.a", "com.example.two.b", "org.example.three.c"} {
		write(t, root, "lexicons/"+id+".json", strings.Replace(extra, "com.example.app.note", id, 1))
	}
	write(t, root, "lexgen.json", strings.Replace(config, "}", `, "lint": {"": "off", "com.example": "error", "com.example.two": "warn"}}`, 1))
	want := "lexicons/com.example.one.a.json:/extra: the key \"extra\" is not defined here, so it has no effect; correct it if it is misspelt\n" +
		"warning: lexicons/com.example.two.b.json:/extra: the key"
	expect(t, 1, want, "lint", "--config="+filepath.Join(root, "lexgen.json"))
}

// TestConfigAbove checks that the configuration is found from any directory below it.
func TestConfigAbove(t *testing.T) {
	root := module(t)
	t.Chdir(filepath.Join(root, "lexicons", "com"))
	expect(t, 0, "2 files, 3 changed", "generate")
	expect(t, 0, "", "check")
	write(t, root, "lexicons/com/lexgen.json", `{}`)
	expect(t, 1, "lexicons/com/lexgen.json:/lexicons: name at least one", "check")
}

// TestSkip checks that faults are listed at the end, and that the rest is generated.
func TestSkip(t *testing.T) {
	root := module(t)
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	write(t, root, "lexicons/com/example/app/bad.json", `{"lexicon": 1, "id": "com.example.app.bad"`)
	write(t, root, "lexicons/other.json", strings.Replace(strings.Replace(note, "com.example.app.note", "org.example.app.other", 1), "string", "number", 1))
	expect(t, 1, "lexicons/com/example/app/bad.json: not valid JSON", "generate", flag)
	write(t, root, "lexgen.json", strings.Replace(config, "}", `, "onError": {"com.example": "skip"}}`, 1))
	expect(t, 1, "lexicons/other.json:/defs/main/record/properties/text/type", "generate", flag)
	write(t, root, "lexgen.json", strings.Replace(config, "}", `, "onError": "skip"}`, 1))
	expect(t, 0, "4 files, 5 changed\n2 faults were ignored:\nlexicons/com/example/app/bad.json: not valid JSON at line 1, column 43: unexpected EOF [the file is omitted]\n"+
		"lexicons/other.json:/defs/main/record/properties/text/type: ", "generate", flag)
	expect(t, 0, "[its value is kept undecoded]\n", "lint", flag)
}

// TestLockDirectory checks that the lockfiles are where the configuration says.
func TestLockDirectory(t *testing.T) {
	root := module(t)
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	write(t, root, "lexgen.json", strings.Replace(config, "}", `, "lock": "locks"}`, 1))
	expect(t, 0, "create locks/lexgen.names\nupdate locks/lexgen.lock\n", "generate", flag)
	expect(t, 0, "", "check", flag)
	write(t, root, "lexgen.json", strings.Replace(strings.Replace(config, "}", `, "lock": "locks"}`, 1), `["lexicons"]`, `["lexicons", "more"]`, 1))
	write(t, root, "more/a.json", strings.Replace(note, "note", "more", 1))
	expect(t, 0, "update locks/lexgen.names\nupdate locks/lexicons/lexgen.lock\nupdate locks/more/lexgen.lock\n", "generate", flag)
	expect(t, 0, "", "check", flag)
}

// TestLineEnds checks that a checkout with the line ends of another system, or with byte order marks, is the same.
func TestLineEnds(t *testing.T) {
	root := module(t)
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	expect(t, 0, "2 files, 3 changed", "generate", flag)
	write(t, root, "lexicons/com/example/app/note.json", read(t, root, "lexicons/com/example/app/note.json")+"\n")
	expect(t, 0, "update lexicons/lexgen.lock", "lock", flag)
	for _, name := range []string{"lexgen.json", "lexicons/com/example/app/note.json", "lexicons/lexgen.names", "lexicons/lexgen.lock", "api/com/example/doc.go", "api/com/example/appnote.go"} {
		write(t, root, name, strings.ReplaceAll(read(t, root, name), "\n", "\r\n"))
	}
	write(t, root, "lexgen.json", "\ufeff"+config)
	expect(t, 0, "", "check", flag)
	expect(t, 0, "", "lint", flag)
	expect(t, 0, "", "lock", flag)
	expect(t, 0, "2 files, 0 changed\n", "generate", flag)
}

// TestDamaged checks that damaged locks are errors that say what to do, and that nothing is written then.
func TestDamaged(t *testing.T) {
	root := module(t)
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	expect(t, 0, "2 files, 3 changed", "generate", flag)
	for name, advice := range map[string]string{"lexicons/lexgen.names": "; restore the file from version control, since without it Go names can change", "lexicons/lexgen.lock": "; delete it and run `lexgen lock`"} {
		whole := read(t, root, name)
		for _, damaged := range []string{"", "[]", whole[:len(whole)/2], "<<<<<<< HEAD\n" + whole, strings.ReplaceAll(whole, `"`, "'"), `{"unknown": 1}`} {
			write(t, root, name, damaged)
			for _, command := range []string{"generate", "lint"} {
				expect(t, 1, advice, command, flag)
			}
			if read(t, root, name) != damaged {
				t.Errorf("%s was written", name)
			}
		}
		write(t, root, name, whole)
	}
}

// TestRuntime checks that the command imports all that generated code can import, for the go.sum of modules that have it as a tool.
func TestRuntime(t *testing.T) {
	list, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{emit.LexPath, emit.CIDPath, emit.RecPath, emit.RPCPath, emit.SyntaxPath, emit.RepoPath, emit.ServerPath} {
		if !strings.Contains(string(list), name+"\n") {
			t.Errorf("the command does not import %s", name)
		}
	}
}

func TestMisuse(t *testing.T) {
	for _, args := range [][]string{{}, {"frobnicate"}, {"generate", "more"}, {"check", "--fast"}, {"lock", "--config"}} {
		expect(t, 2, "Run 'lexgen --help' for usage.\n", args...)
	}
	expect(t, 0, "lexgen [command]", "--help")
}
