package lexicon_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/layers-pub/layers-go/gen/lexicon"
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

func TestSchemaStringFormats(t *testing.T) {
	definition := readSchema(t)["$defs"].(map[string]any)["string"].(map[string]any)
	allowed := map[string]bool{}
	for _, format := range definition["properties"].(map[string]any)["format"].(map[string]any)["enum"].([]any) {
		allowed[format.(string)] = true
	}
	if diff := cmp.Diff(lexicon.StringFormatNames(), allowed); diff != "" {
		t.Errorf("-checked +allowed:\n%s", diff)
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
