package lexicon_test

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// readSchema returns the schema as plain JSON values.
func readSchema(t *testing.T) map[string]any {
	t.Helper()
	data, err := os.ReadFile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

// A format that is not registered passes every value, so a misspelt one would
// go unnoticed.
func TestSchemaFormatsAreRegistered(t *testing.T) {
	used := map[string]bool{}
	var walk func(value any, properties bool)
	walk = func(value any, properties bool) {
		switch v := value.(type) {
		case map[string]any:
			if format, ok := v["format"].(string); ok && !properties {
				used[format] = true
			}
			for key, value := range v {
				walk(value, key == "properties")
			}
		case []any:
			for _, value := range v {
				walk(value, false)
			}
		}
	}
	walk(readSchema(t), false)
	if diff := cmp.Diff(lexicon.FormatNames(), used); diff != "" {
		t.Errorf("-registered +used:\n%s", diff)
	}
}

// A lexicon may use each string format, and Lint warns of a default that does not have it.
func TestStringFormats(t *testing.T) {
	load := func(format, value string) error {
		set, err := lexicon.Load(fstest.MapFS{"lexicons/com/example/thing.json": {Data: []byte(`{"lexicon": 1, "id": "com.example.thing",
			"defs": {"main": {"type": "object", "properties": {"s": {"type": "string", "format": "` + format + `", "default": "` + value + `"}}}}}`)}}, "lexicons")
		if err != nil {
			return err
		}
		if problems := lexicon.Lint(set); len(problems) > 0 {
			return lexicon.Problems(problems)
		}
		return nil
	}
	var names []string
	for _, f := range syntax.Formats() {
		names = append(names, strconv.Quote(f.String()))
		for _, value := range []string{"did:web:example.com", "a.example.com", "a", "at://a.example.com", "2024-02-29T23:59:59Z", "3jzfcijpj2z2a",
			"bafyreiclp443lavogvhj3d2ob2cxbfuscni2k5jk7bebjzg7khl3esabwq", "-"} {
			if err := load(f.String(), value); f.Valid(value) != (err == nil) || err != nil && !strings.Contains(err.Error(), "does not have the format "+f.String()) {
				t.Errorf("%s: %q: error %v; valid is %t", f, value, err, f.Valid(value))
			}
		}
	}
	if err := load("at-url", "a"); err == nil || !strings.Contains(err.Error(), strings.Join(names, ", ")) {
		t.Errorf("a format that does not exist: error %v, want one with %s", err, names)
	}
}

// Lint calls a key unknown by a table of its own, which has to agree with the
// schema.
func TestSchemaKeys(t *testing.T) {
	definitions := readSchema(t)["$defs"].(map[string]any)
	for typ, keys := range lexicon.Keys() {
		definition, ok := definitions[typ].(map[string]any)
		if !ok {
			// Types without keys of their own have no definition.
			if len(keys) > 0 {
				t.Errorf("%s: the schema has no definition", typ)
			}
			continue
		}
		var want []string
		for key, value := range definition["properties"].(map[string]any) {
			_, forbidden := value.(map[string]any)["not"]
			if !forbidden && key != "description" {
				want = append(want, key)
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(slices.Values(keys))); diff != "" {
			t.Errorf("%s: -schema +lint:\n%s", typ, diff)
		}
	}
}
