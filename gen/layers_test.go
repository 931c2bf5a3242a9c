package gen_test

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/emit"
)

// layersSource generates the code for Layers.
func layersSource(t *testing.T) []emit.File {
	t.Helper()
	config, err := gen.ReadConfig(os.DirFS(".."), gen.ConfigFile)
	if err != nil {
		t.Fatal(err)
	}
	set, err := config.Load(os.DirFS(".."))
	if err != nil {
		t.Fatal(err)
	}
	files, err := gen.Source(set, config)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// isServer reports whether a file is the server of another package.
func isServer(file emit.File) bool { return strings.HasSuffix(path.Base(file.Package), "server") }

// TestSize holds the number of lines that are generated for Layers. The servers are not counted: they are packages that only
// those import who answer calls.
func TestSize(t *testing.T) {
	const most = 12_000
	lines, servers := 0, 0
	for _, file := range layersSource(t) {
		count := bytes.Count(file.Content, []byte{'\n'})
		if isServer(file) {
			servers += count
		} else {
			lines += count
		}
	}
	if lines == 0 || lines > most {
		t.Errorf("%d lines are generated for Layers; want at most %d", lines, most)
	}
	if servers == 0 {
		t.Error("no lines are generated for servers")
	}
	t.Logf("%d lines, and %d for servers", lines, servers)
}

// TestPackageExamples compiles the code in the comments of the generated packages.
func TestPackageExamples(t *testing.T) {
	exports, err := gen.FindExports(t.Context(), "..", "fmt")()
	if err != nil {
		t.Fatal(err)
	}
	files := layersSource(t)
	examples := 0
	for _, file := range files {
		f, err := parser.ParseFile(token.NewFileSet(), file.Path, file.Content, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		var code strings.Builder
		for line := range strings.Lines(f.Doc.Text()) {
			if strings.HasPrefix(line, "\t") {
				code.WriteString(line)
			}
		}
		if code.Len() == 0 {
			continue
		}
		examples++
		server := ""
		if isServer(file) {
			server = fmt.Sprintf("import \"net/http\"\n\nvar server %s.Server\n\n", path.Base(file.Package))
		}
		source := fmt.Sprintf("package example\n\nimport (\n\"context\"\n\"fmt\"\n%q\n%q\n%q\n%q\n)\n\n%svar _ = fmt.Println\nvar _ lex.Encoding\n\n"+
			"func example(ctx context.Context, caller rpc.Caller, data []byte, archive *repo.Repo) error {\n%s\treturn nil\n}\n", emit.LexPath, emit.RPCPath, emit.RepoPath, file.Package, server, code.String())
		files = append(files, emit.File{Path: path.Join("example", file.Path), Package: "example.org/" + file.Package, Content: []byte(source)})
	}
	if examples < 10 {
		t.Errorf("%d packages have examples; want at least 10", examples)
	}
	if err := gen.TypeCheckWith(files, exports); err != nil {
		t.Error(err)
	}
}

// TestPackageExamplesAreComplete checks that the examples give every parameter that is required.
func TestPackageExamplesAreComplete(t *testing.T) {
	for _, file := range layersSource(t) {
		if path.Base(file.Path) == "doc.go" && bytes.Contains(file.Content, []byte("Params{}")) {
			t.Errorf("%s has an example without parameters", file.Path)
		}
		if file.Path == "layers/annotation/doc.go" && !bytes.Contains(file.Content, []byte(`ListAnnotationLayersParams{Expression: "at://alice.example.org/pub.layers.expression.expression/`)) {
			t.Errorf("the example does not set Expression:\n%s", file.Content)
		}
	}
}
