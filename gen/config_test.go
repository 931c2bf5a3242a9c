package gen_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/layers-pub/layers-go/gen"
)

func readConfig(text string) (*gen.Config, error) {
	return gen.ReadConfig(fstest.MapFS{gen.ConfigFile: {Data: []byte(text)}}, gen.ConfigFile)
}

func TestReadConfig(t *testing.T) {
	got, err := readConfig(`{
		"lexicons": ["lexicons", "more"], "overrides": ["more"], "opaque": true,
		"module": "example.org/sdk", "output": ".", "packages": {"com.example": "example"},
		"records": "example/records", "names": {"com.example.a#main": "B"}
	}`)
	if err != nil {
		t.Fatal(err)
	}
	want := &gen.Config{
		Lexicons: []string{"lexicons", "more"}, Overrides: []string{"more"}, Opaque: true,
		Module: "example.org/sdk", Output: ".", Packages: map[string]string{"com.example": "example"},
		Records: "example/records", Names: map[string]string{"com.example.a#main": "B"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(gen.Config{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReadConfigErrors(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{`{"lexicons": ["l"], "module": "m", "output": "o", "package": {}}`,
			`lexgen.json:/package: unknown setting; the settings are $schema, `},
		{`{"lexicons": ["l"], "module": "m", "output": "o", "IgnoreLock": true}`, `lexgen.json:/IgnoreLock: unknown setting`},
		{`{"lexicons": "l"}`, `lexgen.json:/lexicons: a JSON string is not allowed here`},
		{`{"module": "m", "module": "m"}`, `lexgen.json:/module: line 1: duplicate object member name`},
		{"{\n\n\"module\": }", `line 3:`},
		{`{} {}`, `lexgen.json: line 1:`},
		{``, `lexgen.json: `},
		{`{}`, "lexgen.json:/lexicons: name at least one directory with lexicon documents\n" +
			"lexgen.json:/module: missing module path; use the one in go.mod\n" +
			`lexgen.json:/output: "" is not a clean path inside the module, such as "layers"`},
		{`{"lexicons": ["../l"], "module": "m", "output": "/o"}`, "lexgen.json:/lexicons/0: \"../l\" is not a clean path inside the module, such as \"layers\"\n" +
			`lexgen.json:/output: "/o" is not a clean path inside the module, such as "layers"`},
		{`{"lexicons": ["l"], "overrides": ["m"], "module": "m", "output": "o"}`, `lexgen.json:/overrides/0: "m" is not one of the directories under "lexicons"`},
		{`{"lexicons": ["l"], "module": "m", "output": "o", "packages": {"a.b": "a-b"}, "records": "x/1"}`,
			"lexgen.json:/packages/a.b: \"a-b\" is not a valid name for a Go package\nlexgen.json:/records: \"1\" is not a valid name for a Go package"},
	} {
		_, err := readConfig(test.text)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s\ngives\n%v\nwant\n%s", test.text, err, test.want)
		}
	}
	if _, err := gen.ReadConfig(fstest.MapFS{}, gen.ConfigFile); err == nil {
		t.Error("no error without a file")
	}
}

// FuzzReadConfig checks that no text makes it panic, and that what is accepted can be used.
func FuzzReadConfig(f *testing.F) {
	f.Add(`{"lexicons": ["l"], "module": "m", "output": "o"}`)
	f.Add(`{"lexicons": ["."], "module": "m", "output": ".", "packages": {"": "a", "/": "b"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		config, err := readConfig(text)
		if err == nil && (len(config.Lexicons) == 0 || config.Module == "") {
			t.Errorf("accepted %s", text)
		}
	})
}

// TestConfigSchema checks that the JSON Schema of the configuration has the settings that there are, and accepts and rejects what
// ReadConfig does.
func TestConfigSchema(t *testing.T) {
	data, err := os.ReadFile("lexgen.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties map[string]any `json:"properties"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	_, err = readConfig(`{"unknown": 1}`)
	if want := "the settings are " + strings.Join(slices.Sorted(maps.Keys(schema.Properties)), ", "); err == nil || !strings.Contains(strings.Replace(err.Error(), " and ", ", ", 1), want) {
		t.Errorf("%v, but the schema has %s", err, want)
	}
	compiled, err := jsonschema.CompileString("lexgen.schema.json", string(data))
	if err != nil {
		t.Fatal(err)
	}
	const most = `"lexicons": ["l"], "module": "m", "output": "o"`
	for _, text := range []string{
		`{` + most + `}`,
		`{"$schema": "x", ` + most + `, "onError": "skip", "lint": {"com.example": "off"}, "lock": "locks"}`,
		`{` + most + `, "import": {"pub.layers": "example.org/x"}, "include": ["a.b.c"], "clients": false, "servers": true}`,
		`{` + most + `, "overrides": ["l"], "opaque": true, "packages": {"a.b": "c"}, "raw": true, "purposes": {}, "records": "r", "names": {"a#b": "C"}}`,
		`{` + most + `, "onError": "ignore"}`, `{` + most + `, "lint": {"com.example": "loud"}}`, `{` + most + `, "clients": "no"}`, `{"lexicons": []}`,
		`{` + most + `, "other": 1}`, `{"module": "m", "output": "o"}`, `{` + most + `, "import": ["x"]}`,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		_, readErr := readConfig(text)
		if schemaErr := compiled.Validate(value); (schemaErr == nil) != (readErr == nil) {
			t.Errorf("%s: the schema says %v, ReadConfig %v", text, schemaErr, readErr)
		}
	}
	for _, name := range []string{"../lexgen.json", "../runtime/internal/atproto/lexgen.json", "../examples/lexgen.json"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(data, &value); err != nil {
			t.Fatal(err)
		}
		if err := compiled.Validate(value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
