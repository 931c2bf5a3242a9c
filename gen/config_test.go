package gen_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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
