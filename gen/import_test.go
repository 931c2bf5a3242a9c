package gen_test

import (
	"os"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/gen"
)

// TestImport checks that a lexicon that refers to definitions of Layers uses the types of package layers: the module in
// examples is one that does. Nothing is generated for Layers there.
func TestImport(t *testing.T) {
	config, err := gen.ReadConfig(os.DirFS("../examples"), gen.ConfigFile)
	if err != nil {
		t.Fatal(err)
	}
	output, err := gen.Generate(t.Context(), "../examples", config)
	if err != nil {
		t.Fatal(err)
	}
	var all string
	for _, file := range output.Files {
		if !strings.HasPrefix(file.Path, "marginalia/") {
			t.Errorf("there is a file %s", file.Path)
		}
		all += string(file.Content)
	}
	for _, want := range []string{"Anchor     layers.Anchor", "Features   *layers.FeatureMap", "func NewRemarkAbout[M RemarkPassage | layers.ObjectRef](m *M) RemarkAbout"} {
		if !strings.Contains(all, want) {
			t.Errorf("the source has no %s", want)
		}
	}
	if names := string(output.Names.Content); strings.Contains(names, "pub.layers.defs#anchor\"") {
		t.Errorf("the name lock has names of Layers:\n%s", names)
	}
}

// TestImportErrors checks what is said of imports that cannot be.
func TestImportErrors(t *testing.T) {
	for _, test := range []struct{ namespace, name, want string }{
		{"pub.layers", "example.org/absent", "lexgen.json:/import/pub.layers: find example.org/absent with the go command: "},
		{"com.absent", "github.com/layers-pub/layers-go/layers", "lexgen.json:/import/com.absent: github.com/layers-pub/layers-go/layers has no generated code for com.absent"},
		{"pub.layers", "github.com/clipperhouse/uax29/v2", "lexgen.json:/import/pub.layers: github.com/clipperhouse/uax29/v2 has no lexgen.json"},
		{"pub.layers.text", "github.com/layers-pub/layers-go", "has no generated code for pub.layers.text"},
	} {
		config, err := gen.ReadConfig(os.DirFS("../examples"), gen.ConfigFile)
		if err != nil {
			t.Fatal(err)
		}
		config.Import = map[string]string{test.namespace: test.name}
		if _, err := gen.Generate(t.Context(), "../examples", config); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %s gives %v, want %s", test.namespace, test.name, err, test.want)
		}
	}
}
