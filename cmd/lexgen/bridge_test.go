package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	oldNote = `{"lexicon": 1, "id": "com.example.app.note", "defs": {"main": {"type": "record", "key": "tid", "record": {"type": "object", "required": ["text"], "properties": {
		"text": {"type": "string"},
		"by": {"type": "string", "format": "did", "description": "Who wrote it."},
		"tag": {"type": "string"},
		"link": {"type": "string", "format": "uri"},
		"place": {"type": "ref", "ref": "com.example.app.defs#place"},
		"cite": {"type": "string"},
		"count": {"type": "integer"}}}}}}`
	oldDefs = `{"lexicon": 1, "id": "com.example.app.defs", "defs": {"place": {"type": "object", "properties": {"name": {"type": "string"}}}}}`
	newNote = `{"lexicon": 1, "id": "com.example.app.note", "defs": {"main": {"type": "record", "key": "tid", "record": {"type": "object", "required": ["text"], "properties": {
		"text": {"type": "string"},
		"author": {"type": "string", "format": "did", "description": "Who wrote it."},
		"tags": {"type": "array", "items": {"type": "string"}},
		"links": {"type": "array", "items": {"type": "string", "format": "at-uri"}},
		"place": {"type": "string"},
		"cite": {"type": "object", "properties": {"text": {"type": "string"}}},
		"count": {"type": "integer"}}}}}}`
)

// TestBridge writes a package for an older version: mechanical rules, rules of a file, and stubs for the rest. It compiles, and
// what is written by hand stays.
func TestBridge(t *testing.T) {
	root := module(t)
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	write(t, root, "lexicons/com/example/app/note.json", newNote)
	write(t, root, "v1/lexicons/com/example/app/note.json", oldNote)
	write(t, root, "v1/lexicons/com/example/app/defs.json", oldDefs)
	write(t, root, "lexicons/com/example/app/more.json", strings.Replace(note, "app.note", "app.more", 1))
	write(t, root, "v1/lexicons/com/example/app/more.json", strings.Replace(note, "app.note", "app.more", 1))
	write(t, root, "v1/bridge.json", `{"old": "v1/lexicons", "output": "v1", "version": "1.0", "rules": {"com.example.app.note": {"cite": {"wrap": "text"}}}}`)
	rules := "--rules=" + filepath.Join(root, "v1/bridge.json")
	expect(t, 0, "3 files, 4 changed", "generate", flag)
	expect(t, 1, "files out of date", "bridge", flag, rules, "--check")
	expect(t, 0, "create v1/bridge.go\n", "bridge", flag, rules)
	expect(t, 0, "", "bridge", flag, rules, "--check")
	text := read(t, root, "v1/bridge.go")
	for _, want := range []string{
		`{Name: "by", Rule: bridge.Rename("author")},`,
		`{Name: "tag", Rule: bridge.Prepend("tags")},`,
		`{Name: "link", Rule: upgradeNoteLink},`, // the new links have another format
		`{Name: "place", Kind: lex.KindMap, Rule: upgradeNotePlace},`,
		`{Name: "cite", Kind: lex.KindText, Rule: bridge.Wrap("cite", "text")},`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("bridge.go lacks %s", want)
		}
	}
	if strings.Contains(text, `"count"`) || strings.Contains(text, "More") {
		t.Errorf("bridge.go has what did not change:\n%s", text)
	}
	stubs := read(t, root, "v1/upgrade.go")
	if strings.Count(stubs, "\nfunc ") != 2 {
		t.Errorf("the stubs are\n%s", stubs)
	}
	write(t, root, "v1/upgrade.go", strings.Replace(stubs, "no rule yet", "no place", 1))
	expect(t, 0, "", "bridge", flag, rules)
	if !strings.Contains(read(t, root, "v1/upgrade.go"), "no place") {
		t.Error("what was written by hand is gone")
	}
	build := exec.CommandContext(t.Context(), "go", "vet", "./v1")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}

	// A rule that comes later needs another function.
	write(t, root, "v1/bridge.json", `{"old": "v1/lexicons", "output": "v1", "version": "1.0", "rules": {"com.example.app.note": {"cite": {"func": "upgradeCite"}}}}`)
	expect(t, 1, "lacks functions of the rules:\npackage v1", "bridge", flag, rules)
	for text, want := range map[string]string{
		`{"old": "v1/lexicons", "output": "v1", "rules": {"com.example.app.note": {"cite": {}}}}`:              "a rule is one of rename, prepend, wrap and func",
		`{"old": "v1/lexicons", "output": "v1", "rules": {"com.example.app.note": {"text": {"rename": "a"}}}}`: "there is a rule for the field text of com.example.app.note, which did not change",
		`{"old": "v1/lexicons", "output": "api/v1"}`:                                                           "is in api, where `lexgen generate` removes",
		`{"old": "v1/lexicons", "output": "../v1"}`:                                                            "is not a clean path",
		`{"old": "v1/lexicon", "output": "v1"}`:                                                                "neither a directory nor a git revision",
		`{"older": "v1/lexicons"}`:                                                                             "bridge.json",
		`{"old": "lexicons", "output": "v2"}`:                                                                  "no record type lost a field",
	} {
		write(t, root, "v1/bridge.json", text)
		expect(t, 1, want, "bridge", flag, rules)
	}
	expect(t, 2, "name the old version", "bridge", flag)
	expect(t, 1, "is not a directory of the configuration", "bridge", flag, "--output", "v1", filepath.Join(root, "v1/lexicons"), filepath.Join(root, "v1"))
	expect(t, 0, "create v2/bridge.go\n", "bridge", flag, "--output", "v2", filepath.Join(root, "v1/lexicons"), filepath.Join(root, "lexicons"))
}
