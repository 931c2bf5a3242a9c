package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
)

// TestMethods compares the methods with the queries of the lexicons.
func TestMethods(t *testing.T) {
	const root = "../../lexicons/pub/layers"
	var queries []string
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".json") {
			return err
		}
		var lexicon struct {
			ID   string `json:"id"`
			Defs struct {
				Main struct {
					Type string `json:"type"`
				} `json:"main"`
			} `json:"defs"`
		}
		if err := json.Unmarshal(readFile(t, root+"/"+path), &lexicon); err != nil {
			return err
		}
		if lexicon.Defs.Main.Type == "query" {
			queries = append(queries, strings.TrimPrefix(lexicon.ID, names.Own))
		}
		return nil
	})
	if err != nil || len(queries) == 0 {
		t.Fatal(err, len(queries))
	}
	slices.Sort(queries)
	if diff := cmp.Diff(queries, names.Methods); diff != "" {
		t.Errorf("methods.go is not what the lexicons have (-lexicons +methods):\n%s", diff)
	}
}

// TestMisspelt calls the command with names that are nearly right: it says which one was meant, and where all are.
func TestMisspelt(t *testing.T) {
	t.Chdir(t.TempDir())
	w := newWorld(t, nothingThere)
	t.Setenv("LAYERS_AUTH_FILE", t.TempDir()+"/auth.json")
	t.Setenv("LAYERS_PASSWORD", "secret")
	if status, _, stderr := layers(t, nil, "login", hostileDID, "--pds", w.url); status != 0 {
		t.Fatal(stderr)
	}
	record := `{"name":"One","createdAt":"2026-01-02T03:04:05Z"}`
	for name, text := range map[string]string{
		"collection.jsonl": `{"action":"create","collection":"corpus.corups","value":` + record + `}`,
		"uri.jsonl":        `{"action":"delete","uri":"at://` + hostileDID + `/media.medai/1"}`,
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const collections, methods = "layers list --help lists all", "layers query --help lists all"
	for _, test := range []struct {
		args   string
		status int
		want   []string
	}{
		// Collections, wherever one is given: short, whole, the last part alone.
		{"list alice.test expression.expresion", 2, []string{"did you mean expression.expression?", collections}},
		{"list alice.test Expression.Expression", 2, []string{"did you mean expression.expression?", collections}},
		{"list alice.test segmentaton", 2, []string{"did you mean segmentation.segmentation?", collections}},
		{"list alice.test annotationlayer", 2, []string{"did you mean annotation.annotationLayer?", collections}},
		{"list alice.test zzzzzzzzzz", 2, []string{`unknown collection "zzzzzzzzzz"`, collections}},
		{"list alice.test corpus.corpus.", 2, []string{"did you mean corpus.corpus?", collections}},
		{"list " + hostileDID + " pub.layers.corpus.corups", 0, []string{"pub.layers.corpus.corups: did you mean corpus.corpus?"}},
		{"get at://alice.test/persona.person/1", 2, []string{"did you mean persona.persona?", collections}},
		{"create corpus.corups", 2, []string{"did you mean corpus.corpus?", collections}},
		{"create pub.layers.corpus.corups", 2, []string{"pub.layers.corpus.corups: did you mean corpus.corpus?"}},
		{"put corpus.corups/1", 2, []string{"did you mean corpus.corpus?", collections}},
		{"put at://alice.test/corpus.corups/1", 2, []string{"did you mean corpus.corpus?", collections}},
		{"delete corpus.corups/1", 2, []string{"did you mean corpus.corpus?", collections}},
		{"apply collection.jsonl", 1, []string{"collection.jsonl:1: ", "did you mean corpus.corpus?", collections}},
		{"apply uri.jsonl", 1, []string{"uri.jsonl:1: ", "did you mean media.media?", collections}},

		// Methods.
		{"query corpus.listCorpra", 2, []string{"did you mean corpus.listCorpora?", methods}},
		{"query corpus.getcorpus", 2, []string{"did you mean corpus.getCorpus?", methods}},
		{"query listPersona", 2, []string{"did you mean persona.listPersonas?", methods}},
		{"query pub.layers.corpus.listCorpra", 1, []string{"no lexicon is known for the method pub.layers.corpus.listCorpra: did you mean corpus.listCorpora?"}},
		{"query zzzzzzzzzz", 2, []string{`unknown method "zzzzzzzzzz"`, methods}},

		// Commands.
		{"lsit", 2, []string{"did you mean list?", "See layers --help."}},
		{"qurey corpus.listCorpora", 2, []string{"did you mean query?", "See layers --help."}},
		{"blob gte", 2, []string{"did you mean get?", "See layers blob --help."}},
		{"blob", 2, []string{"layers blob: missing command: ", "See layers blob --help."}},
		{"help decoed", 2, []string{"did you mean decode?", "See layers --help."}},
		{"help blob putt", 2, []string{"did you mean put?", "See layers --help."}},
		{"completion bsh", 2, []string{"did you mean bash", "See layers completion --help."}},
		{"completion tcsh", 2, []string{"zsh", "See layers completion --help."}},
		{"zzzzzzzzzz", 2, []string{`unknown command "zzzzzzzzzz"`, "decode, ", "See layers --help."}},

		// Flags; and --json and --jsonl, each given to the commands that have the other.
		{"list alice.test corpus.corpus --json", 2, []string{"did you mean --jsonl?", "See layers list --help."}},
		{"pull alice.test --json", 2, []string{"did you mean --jsonl?", "See layers pull --help."}},
		{"decode a.car --json", 2, []string{"did you mean --jsonl?", "See layers decode --help."}},
		{"apply a.jsonl --json", 2, []string{"did you mean --jsonl?", "See layers apply --help."}},
		{"get at://alice.test/corpus.corpus/1 --jsonl", 2, []string{"did you mean --json?", "See layers get --help."}},
		{"describe alice.test --jsonl", 2, []string{"did you mean --json?", "See layers describe --help."}},
		{"resolve alice.test --jsonl", 2, []string{"did you mean --json?", "See layers resolve --help."}},
		{"whoami --jsonl", 2, []string{"did you mean --json?", "See layers whoami --help."}},
		{"list alice.test corpus.corpus --limt 3", 2, []string{"did you mean --limit?", "See layers list --help."}},
		{"list alice.test corpus.corpus --alow-private", 2, []string{"did you mean --allow-private?"}},
		{"list alice.test corpus.corpus --zzzzzzzzzz", 2, []string{"--zzzzzzzzzz", "See layers list --help."}},
	} {
		status, _, stderr := layers(t, strings.NewReader(record), strings.Fields(test.args)...)
		if status != test.status {
			t.Errorf("%s: status %d: %s", test.args, status, stderr)
		}
		for _, want := range test.want {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: not %q: %s", test.args, want, stderr)
			}
		}
	}
}
