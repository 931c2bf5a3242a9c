package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/topics"
	"github.com/layers-pub/layers-go/runtime/atptest"
)

// documented is what layers help output says about the JSON of a command: the paths of its fields, and whether each is always
// there.
type documented map[string]bool

// documentedFields reads the table of layers help output.
func documentedFields(t *testing.T) map[string]documented {
	t.Helper()
	row := regexp.MustCompile(`^    (\S.{19}) (.*)$|^ {25}(\S.*)$`)
	all := map[string]documented{}
	var commands []string
	for line := range strings.Lines(topics.Text("output")) {
		m := row.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		if m[1] != "" {
			commands = strings.Split(strings.TrimSpace(m[1]), ", ")
		}
		text, _, _ := strings.Cut(m[2]+m[3], " (")
		for _, command := range commands {
			name := strings.Join(strings.FieldsFunc(command, func(r rune) bool { return r == ' ' }), " ")
			if all[name] == nil {
				all[name] = documented{}
			}
			if like, ok := strings.CutPrefix(text, "as "); ok {
				like, _, _ = strings.Cut(like, ",")
				maps.Copy(all[name], all[like])
				continue
			}
			for _, field := range strings.Fields(text) {
				all[name][strings.TrimSuffix(field, "?")] = !strings.HasSuffix(field, "?")
			}
		}
	}
	return all
}

// free are the fields with names that are not the command's own.
var free = []string{"value", "record", "counts", "limits", "last", "next"}

// paths adds the paths of the fields in value.
func paths(found map[string]bool, prefix string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			path := strings.TrimPrefix(prefix+"."+name, ".")
			switch inner := inner.(type) {
			case map[string]any:
				found[path] = true
				if !slices.Contains(free, name) {
					paths(found, path, inner)
				}
			case []any:
				if len(inner) == 0 || !isObject(inner[0]) {
					found[path] = true
				}
				paths(found, path+"[]", inner)
			default:
				found[path] = true
			}
		}
	case []any:
		for _, item := range value {
			if isObject(item) {
				paths(found, prefix, item)
			}
		}
	}
}

func isObject(value any) bool {
	_, ok := value.(map[string]any)
	return ok
}

// TestOutputFields runs each command that prints JSON, and compares the fields with those that layers help output names.
func TestOutputFields(t *testing.T) {
	n := atptest.New(t)
	alice, bob := n.NewAccount("alice.test"), n.NewAccount("bob.test")
	for _, variable := range n.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("LAYERS_AUTH_FILE", filepath.Join(dir, "auth.json"))
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const record = `{"name":"Tales","createdAt":"2026-01-02T03:04:05Z"}`
	write("corpus.json", record)
	write("broken.json", `{"$type":"pub.layers.corpus.corpus","createdAt":"2026-01-02T03:04:05Z"}`)
	write("batch.jsonl", `{"action":"put","collection":"corpus.corpus","rkey":"3mabcdefghi2a","value":`+record+"}\n"+
		`{"action":"put","collection":"corpus.corpus","rkey":"3mabcdefghi2b","value":`+record+"}\n"+
		`{"action":"delete","collection":"corpus.corpus","rkey":"3mabcdefghi2c"}`+"\n")
	write("story.txt", "Once upon a time.")
	write("weather.conllu", "# sent_id = 1\n# text = Go.\n1\tGo\tgo\tVERB\t_\t_\t0\troot\t_\t_\n\n")
	bob.PutJSON("com.example.note", "1", `{"$type":"com.example.note"}`)
	bob.PutJSON("pub.layers.corpus.corpus", "3mabcdefghi2a", `{"$type":"pub.layers.corpus.corpus"}`)
	blob := bob.Upload([]byte("x"), "text/plain")
	bob.PutJSON("pub.layers.persona.persona", "3mabcdefghi2a", fmt.Sprintf(`{"$type":"pub.layers.persona.persona","name":"N","createdAt":"2026-01-02T03:04:05Z","guidelinesBlob":%s}`, blob))
	for _, a := range []*atptest.Account{alice, bob} {
		t.Setenv("LAYERS_PASSWORD", a.Password)
		if status, _, stderr := layers(t, nil, "login", string(a.Handle())); status != 0 {
			t.Fatal(stderr)
		}
	}
	docs := documentedFields(t)
	seen := map[string]map[string]bool{} // the fields that were printed, by command
	for _, test := range []struct {
		command string // as in the page
		args    string
		status  int
	}{
		{"apply --jsonl", "apply --as alice.test batch.jsonl --jsonl --dry-run", 0},
		{"apply --jsonl", "apply --as alice.test batch.jsonl --jsonl", 0},
		{"apply --jsonl", "apply --as alice.test batch.jsonl --jsonl", 0},
		{"create", "create --as alice.test corpus.corpus corpus.json", 0},
		{"put", "put --as alice.test corpus.corpus/3mabcdefghi2d corpus.json", 0},
		{"blob put", "blob put story.txt", 0},
		{"blob ls --jsonl", "blob ls bob.test --jsonl", 0},
		{"blob ls --jsonl", "blob ls bob.test --jsonl --records", 0},
		{"collections --jsonl", "collections --jsonl", 0},
		{"collections --jsonl", "collections --jsonl corpus.getCorpus", 0},
		{"collections --jsonl", "collections --jsonl defs", 0},
		{"describe --json", "describe alice.test --json", 0},
		{"describe --json", "describe alice.test --json --counts", 0},
		{"get --json", "get --json at://alice.test/corpus.corpus/3mabcdefghi2a", 0},
		{"get --json", "get --json at://bob.test/corpus.corpus/3mabcdefghi2a", 0},
		{"list --jsonl", "list --jsonl alice.test corpus.corpus", 0},
		{"list --jsonl", "list --jsonl bob.test com.example.note", 0},
		{"list --jsonl", "list --jsonl bob.test corpus.corpus", 0},
		{"pull --jsonl", "pull --jsonl bob.test -o archives", 0},
		{"decode --jsonl", "decode --jsonl archives/" + strings.ReplaceAll(string(bob.DID), ":", "-") + ".car", 0},
		{"resolve --json", "resolve --json alice.test", 0},
		{"tail --jsonl", "tail --relay " + alice.PDS().URL + " --cursor 0 --limit 9 --jsonl --timeout 20s", 0},
		{"tail --jsonl", "tail --relay " + alice.PDS().URL + " --cursor 0 --limit 3 --jsonl --timeout 20s --collection corpus.corpus", 0},
		{"follow --jsonl", "follow --server " + alice.PDS().URL + " -o copy --jsonl --once --timeout 50s", 0},
		{"validate --jsonl", "validate broken.json batch.jsonl --jsonl", 3},
		{"version --json", "version --json", 0},
		{"whoami --json", "whoami --json", 0},
		{"import conllu", "import conllu weather.conllu --new --did " + string(alice.DID), 0},
	} {
		status, stdout, stderr := layers(t, nil, strings.Fields(test.args)...)
		if status != test.status || stdout == "" {
			t.Errorf("%s: status %d: %s%s", test.args, status, stdout, stderr)
			continue
		}
		if seen[test.command] == nil {
			seen[test.command] = map[string]bool{}
		}
		for line := range strings.Lines(stdout) {
			var value map[string]any
			if err := json.Unmarshal([]byte(line), &value); err != nil {
				t.Errorf("%s: %q: %v", test.args, line, err)
				continue
			}
			found := map[string]bool{}
			paths(found, "", value)
			maps.Copy(seen[test.command], found)
			for path := range found {
				if outer, inner, ok := strings.Cut(path, "[]."); ok && (outer == "parameters" || outer == "output" || outer == "input") {
					path = "fields[]." + inner
				}
				emptyList := slices.ContainsFunc(slices.Collect(maps.Keys(docs[test.command])), func(p string) bool { return strings.HasPrefix(p, path+"[].") })
				if _, ok := docs[test.command][path]; !ok && !emptyList {
					t.Errorf("%s: the field %s is not documented: %s", test.args, path, line)
				}
			}
			for path, always := range docs[test.command] {
				if outer, _, nested := strings.Cut(path, "[]."); nested && !slices.ContainsFunc(slices.Collect(maps.Keys(found)), func(p string) bool { return strings.HasPrefix(p, outer+"[].") }) {
					continue // an empty list
				}
				if always && !found[path] {
					t.Errorf("%s: the field %s is missing: %s", test.args, path, line)
				}
			}
		}
	}
	for command := range docs {
		if seen[command] == nil && command != "query --json" {
			t.Errorf("%s is documented, but was not run", command)
		}
	}
	// Each command with such a flag is in the page.
	var visit func(command *cobra.Command)
	visit = func(command *cobra.Command) {
		for _, sub := range command.Commands() {
			visit(sub)
		}
		name := strings.TrimPrefix(command.CommandPath(), "layers ")
		if flags := command.LocalFlags(); (flags.Lookup("json") != nil || flags.Lookup("jsonl") != nil) && docs[name+" --json"] == nil && docs[name+" --jsonl"] == nil {
			t.Errorf("%s is not in layers help output", name)
		}
	}
	root := &cobra.Command{Use: "layers"}
	addCommands(root, new(connect.Servers))
	visit(root)
}
