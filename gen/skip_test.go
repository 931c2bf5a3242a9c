package gen_test

import (
	"os"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/gen"
)

// TestSkipped checks that each fault of the case skip is listed, with what became of it.
func TestSkipped(t *testing.T) {
	root := os.DirFS("testdata/cases/skip")
	config, err := gen.ReadConfig(root, gen.ConfigFile)
	if err != nil {
		t.Fatal(err)
	}
	set, err := config.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gen.Source(set, config); err != nil {
		t.Fatal(err)
	}
	const app = "lexicons/com/example/app/"
	for _, want := range []struct{ place, outcome string }{
		{app + "cut.json:/defs", "the file is omitted"},
		{app + "empty.json:/defs/main/type", "the document is omitted"},
		{app + "fetch.json:/defs/main/errors/1/name", "it is omitted"},
		{app + "fetch.json:/defs/main/parameters/properties/bad/type", "it is omitted"},
		{app + "fetch.json:/defs/main/parameters/properties/numbers/items/type", "it is omitted"},
		{app + "fetch.json:/defs/main/output/schema/ref", "it is omitted"},
		{app + "send.json:/defs/main/input/schema/type", "it is omitted"},
		{app + "thing.json:/defs/broken/type", "the definition is omitted"},
		{app + "thing.json:/defs/main/record/properties/broken/ref", "its value is kept undecoded"},
		{app + "thing.json:/defs/main/record/properties/choice/refs/1", "it is omitted"},
		{app + "thing.json:/defs/main/record/properties/gone/ref", "its value is kept undecoded"},
		{app + "thing.json:/defs/main/record/properties/inner/properties/bad/format", "it has no effect"},
		{app + "thing.json:/defs/main/record/properties/inner/required/1", "it is omitted"},
		{app + "thing.json:/defs/main/record/properties/list/items/type", "its value is kept undecoded"},
		{app + "thing.json:/defs/main/record/properties/number/type", "its value is kept undecoded"},
		{app + "thing.json:/defs/main/record/properties/refs/items/ref", "its value is kept undecoded"},
		{app + "thing.json:/defs/main/record/properties/token/ref", "its value is kept undecoded"},
		{app + "thing.json:/defs/wrong/required/0", "it is omitted"},
		{app + "user.json:/defs/main/properties/e/ref", "its value is kept undecoded"},
		{app + "watch.json:/defs/main/message/schema/type", "it is omitted"},
		{app + "wild.json:/defs/main/key", "it has no effect"},
		{app + "odd.json:/lexicon", "it is read as version 1"},
		{app + "odd.json:/description", "it has no effect"},
		{app + "odd.json:/defs/bare", "it is an object without fields of its own"},
		{app + "odd.json:/defs/main", "its record keys are not checked"},
		{app + "odd.json:/defs/main/record/required", "it has no effect"},
		{app + "odd.json:/defs/main/record/properties/inner/properties", "it is an object without fields of its own"},
		{app + "odd.json:/defs/main/record/properties/any", "its value is kept undecoded"},
		{app + "odd.json:/defs/main/record/properties/large/maximum", "it has no effect"},
		{app + "odd.json:/defs/main/record/properties/mixed/required/1", "it is omitted"},
		{app + "empty2.json:/defs/main/record", "it is an object without fields of its own"},
		{app + "put.json:/defs/main/input", "application/json is assumed"},
		{app + "put.json:/defs/main/errors", "it has no effect"},
		{"lexicons/twice.json:/id", "the file is omitted"},
		{app + "book.json:/defs/main/record/properties/$type", "it is omitted"},
		{app + "book.json:/defs/main/record/properties/pages/type", "its value is kept undecoded"},
		{app + "commented.json", "comments and trailing commas are ignored"},
		{app + "direct_test.json:/id", "it is used as it is"},
	} {
		found := false
		for _, p := range set.Skipped {
			text := p.Error()
			found = found || strings.HasPrefix(text, want.place+": ") && strings.HasSuffix(text, "["+want.outcome+"]")
		}
		if !found {
			t.Errorf("%s [%s] is not listed in\n%v", want.place, want.outcome, set.Skipped)
		}
	}
}
