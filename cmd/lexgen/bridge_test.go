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
	expect(t, 1, "lacks functions that the rules name:\npackage v1", "bridge", flag, rules)
	for text, want := range map[string]string{
		`{"old": "v1/lexicons", "output": "v1", "rules": {"com.example.app.note": {"cite": {}}}}`:              "a rule is one of rename, prepend, wrap, list, text and func",
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
	expect(t, 1, "is not a lexicon directory of the configuration", "bridge", flag, "--output", "v1", filepath.Join(root, "v1/lexicons"), filepath.Join(root, "v1"))
	expect(t, 0, "create v2/bridge.go\n", "bridge", flag, "--output", "v2", filepath.Join(root, "v1/lexicons"), filepath.Join(root, "lexicons"))
}

const (
	oldTree = `{"lexicon": 1, "id": "com.example.app.tree", "defs": {
		"main": {"type": "record", "key": "tid", "record": {"type": "object", "properties": {
			"by": {"type": "string", "format": "did", "description": "Who wrote it."},
			"tag": {"type": "string"},
			"lang": {"type": "string"},
			"count": {"type": "integer"},
			"cite": {"type": "string"},
			"odd": {"type": "string"},
			"spans": {"type": "array", "items": {"type": "ref", "ref": "#span"}},
			"words": {"type": "array", "items": {"type": "string"}},
			"target": {"type": "union", "refs": ["#place", "#span"]},
			"root": {"type": "ref", "ref": "#node"}}}},
		"span": {"type": "object", "properties": {"from": {"type": "integer", "description": "Where it begins."}, "kind": {"type": "string"}, "what": {"type": "boolean"}}},
		"place": {"type": "object", "properties": {"name": {"type": "string", "description": "What it is called."}}},
		"node": {"type": "object", "properties": {"label": {"type": "string", "description": "A label."}, "nodes": {"type": "array", "items": {"type": "ref", "ref": "#node"}}}}}}`
	newTree = `{"lexicon": 1, "id": "com.example.app.plant", "defs": {
		"main": {"type": "record", "key": "tid", "record": {"type": "object", "properties": {
			"author": {"type": "string", "format": "did", "description": "Who wrote it."},
			"tags": {"type": "array", "items": {"type": "string"}},
			"lang": {"type": "array", "items": {"type": "string"}},
			"count": {"type": "string"},
			"cite": {"type": "object", "properties": {"text": {"type": "string"}}},
			"spans": {"type": "array", "items": {"type": "ref", "ref": "#span"}},
			"words": {"type": "array", "items": {"type": "object", "properties": {"text": {"type": "string"}}}},
			"target": {"type": "union", "refs": ["#place", "#span"]},
			"root": {"type": "ref", "ref": "#node"}}}},
		"span": {"type": "object", "properties": {"start": {"type": "integer", "description": "Where it begins."}, "kinds": {"type": "array", "items": {"type": "string"}}}},
		"place": {"type": "object", "properties": {"title": {"type": "string", "description": "What it is called."}}},
		"node": {"type": "object", "properties": {"text": {"type": "string", "description": "A label."}, "nodes": {"type": "array", "items": {"type": "ref", "ref": "#node"}}}}}}`
	upgradeProgram = `package main

import (
	"fmt"

	"example.org/sdk/api/com/example"
	"example.org/sdk/v1"
	"github.com/layers-pub/layers-go/runtime/bridge"
	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func main() {
	var record lex.Map
	if err := lex.DecodeJSON([]byte(RECORD), &record); err != nil {
		panic(err)
	}
	r, found := v1.Lookup("com.example.app.tree")
	fmt.Println(found, r.New().RecordType())
	upgraded, moves, err := r.Upgrade(record)
	fmt.Println(upgraded, err)
	for _, m := range moves {
		fmt.Println(m)
	}
	var old v1.AppPlant
	if err := lex.DecodeJSON([]byte(RECORD), &old); err != nil {
		panic(err)
	}
	typed, _, err := v1.UpgradeAppPlant(&old)
	fmt.Println(typed.Author, typed.Spans[0].Start, err)

	// A record of a type that did not change refers to trees.
	note := example.AppNote{Text: lex.Some("at://alice.test/com.example.app.tree/a")}
	list, err := v1.References(&note)
	fmt.Println(list, err)
	redirected, err := v1.Redirect(&note, func(r bridge.Reference) (syntax.CID, bool) { return "", true })
	fmt.Println(redirected, err)
}
`
	treeRecord = `{"$type": "com.example.app.tree", "by": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "tag": "a", "lang": "en", "count": 7, "cite": "C", "odd": "o", "more": 1, "re": "at://alice.test/com.example.app.tree/a",
		"spans": [{"from": 1, "kind": "k", "what": true}, {"from": 2}], "words": ["x", "y"],
		"target": {"$type": "com.example.app.tree#place", "name": "here"}, "root": {"label": "r", "nodes": [{"nodes": [{"label": "s"}]}]}}`
)

// TestBridgeUpgrade runs upgrades of each kind of rule, in a record type that has another NSID, and in objects, arrays and unions below
// it; some are found, some are those of a file, and one is a stub that was filled in.
func TestBridgeUpgrade(t *testing.T) {
	root := module(t)
	flag := "--config=" + filepath.Join(root, "lexgen.json")
	write(t, root, "lexicons/com/example/app/plant.json", newTree)
	write(t, root, "v1/lexicons/com/example/app/tree.json", oldTree)
	write(t, root, "v1/bridge.json", `{"old": "v1/lexicons", "output": "v1", "version": "1.0", "rules": {"com.example.app.tree": {
		"$type": {"rename": "com.example.app.plant"},
		"by": {"rename": "author"}, "cite": {"wrap": "text"}, "words/*": {"wrap": "text"}, "root/label": {"rename": "text"},
		"spans/*/from": {"rename": "start"}, "target/=com.example.app.tree#place/name": {"rename": "title"}}}}`)
	rules := "--rules=" + filepath.Join(root, "v1/bridge.json")
	expect(t, 0, "changed", "generate", flag)
	expect(t, 0, "v1/upgrade.go", "bridge", flag, rules)
	text := read(t, root, "v1/bridge.go")
	for _, want := range []string{
		`{Name: "lang", Kind: lex.KindText, Rule: bridge.List("lang")},`,
		`{Name: "count", Kind: lex.KindInt, Rule: bridge.Text("count")},`,
		`{Name: "odd", Rule: upgradeTreeOdd},`,
		`{Path: []string{"spans", "*"}, Name: "from", Rule: bridge.Rename("start")},`,
		`{Path: []string{"spans", "*"}, Name: "kind", Rule: bridge.Prepend("kinds")},`,
		`{Path: []string{"spans", "*"}, Name: "what", Rule: upgradeTreeSpansItemWhat},`,
		`{Path: []string{"words"}, Name: "*", Kind: lex.KindText, Rule: bridge.Wrap("*", "text")},`,
		`{Path: []string{"target", "=com.example.app.tree#span"}, Name: "$type", Rule: bridge.Retype("com.example.app.plant#span")},`,
		`{Path: []string{"target", "=com.example.app.tree#span|com.example.app.plant#span"}, Name: "kind", Rule: bridge.Prepend("kinds")},`,
		`{Path: []string{"root", bridge.Repeat([]string{"nodes", "*"})}, Name: "label", Rule: bridge.Rename("text")},`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("bridge.go lacks %s", want)
		}
	}
	stubs := read(t, root, "v1/upgrade.go")
	filled := strings.Replace(stubs, "\"errors\"", "\"errors\"\n\"strings\"", 1) // which is not imported yet
	filled = strings.Replace(filled, "upgradeTreeSpansItemWhat(object *lex.Map, value lex.Value) (to string, err error) {\n", `upgradeTreeSpansItemWhat(object *lex.Map, value lex.Value) (to string, err error) {
	yes, _ := value.Bool()
	v, err := lex.ValueOf(map[bool]string{true: strings.ToUpper("yes"), false: "no"}[yes])
	if err != nil {
		return "", err
	}
	object.Set("what2", v)
	return "/what2", nil
`, 1)
	// What is written by hand is type-checked, too, and a second return is vetted by nobody.
	write(t, root, "v1/upgrade.go", filled)
	expect(t, 0, "", "bridge", flag, rules, "--check")
	write(t, root, "v1/upgrade.go", strings.Replace(filled, "value.Bool()", "value.Boole()", 1))
	write(t, root, "v1/bridge.go", text+"\n// changed\n")
	expect(t, 1, "value.Boole undefined", "bridge", flag, rules)
	if !strings.HasSuffix(read(t, root, "v1/bridge.go"), "// changed\n") {
		t.Error("a package that does not compile was written")
	}
	write(t, root, "v1/upgrade.go", filled)
	expect(t, 1, "update v1/bridge.go\n", "bridge", flag, rules, "--check")
	expect(t, 0, "update v1/bridge.go\n", "bridge", flag, rules)

	write(t, root, "main.go", strings.ReplaceAll(upgradeProgram, "RECORD", "`"+treeRecord+"`"))
	command := exec.CommandContext(t.Context(), "go", "run", ".")
	command.Dir = root
	output, err := command.CombinedOutput()
	if want := upgradeOutput; err != nil || string(output) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, output, want)
	}
}

const upgradeOutput = `true com.example.app.plant
{"re":"at://alice.test/com.example.app.tree/a","odd":"o","cite":{"text":"C"},"lang":["en"],"more":1,"root":{"text":"r","nodes":[{"nodes":[{"text":"s"}]}]},"tags":["a"],"$type":"com.example.app.plant","count":"7","spans":[{"kinds":["k"],"start":1,"what2":"YES"},{"start":2}],"words":[{"text":"x"},{"text":"y"}],"author":"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa","target":{"$type":"com.example.app.plant#place","title":"here"}} <nil>
/spans/0/from to /spans/0/start
/spans/1/from to /spans/1/start
/spans/0/kind to /spans/0/kinds/0
/spans/0/what to /spans/0/what2
/words/0 to /words/0/text
/words/1 to /words/1/text
/target/$type to /target/$type
/target/name to /target/title
/root/nodes/0/nodes/0/label to /root/nodes/0/nodes/0/text
/root/label to /root/text
/by to /author
/tag to /tags/0
/lang to /lang/0
/count to /count
/cite to /cite/text
/odd stays: no rule yet
/$type to /$type
/re refers to at://alice.test/com.example.app.tree/a, now at://alice.test/com.example.app.plant/a
did:plc:aaaaaaaaaaaaaaaaaaaaaaaa 1 <nil>
[/text refers to at://alice.test/com.example.app.tree/a, now at://alice.test/com.example.app.plant/a] <nil>
{"text":"at://alice.test/com.example.app.plant/a","$type":"com.example.app.note"} <nil>
`
