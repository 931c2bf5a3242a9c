package gen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/layers-pub/layers-go/gen/emit"
)

// imported are the packages that generated source can import beside generated ones.
var imported = []string{emit.LexPath, emit.SyntaxPath, emit.RepoPath, "cmp", "context", "io", "iter", "slices"}

// findExports starts to look for the compiled form of the imported packages, and returns a function
// that waits for the result: the name of a file for each import path.
func findExports(ctx context.Context, root string) func() (map[string]string, error) {
	type result struct {
		exports map[string]string
		err     error
	}
	done := make(chan result, 1)
	go func() {
		exports, err := listExports(ctx, root)
		done <- result{exports, err}
	}()
	return func() (map[string]string, error) {
		r := <-done
		return r.exports, r.err
	}
}

func listExports(ctx context.Context, root string) (map[string]string, error) {
	arguments := append([]string{"list", "-e", "-export", "-f", "{{.ImportPath}}\t{{.Export}}"}, imported...)
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = root
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("find the runtime with the go command: %w\n%s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	exports := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		name, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		exports[name] = file
	}
	return exports, nil
}

// typeCheck reports everything that the Go compiler would reject in files, which come in the order in
// which their packages import each other. Such an error is a fault of the generator.
func typeCheck(files []emit.File, exports map[string]string) error {
	fset := token.NewFileSet()
	compiled := importer.ForCompiler(fset, "gc", func(name string) (io.ReadCloser, error) {
		if exports[name] == "" {
			return nil, fmt.Errorf("%s is not there or does not compile; try `go build %s`", name, name)
		}
		return os.Open(exports[name])
	})
	checked := &checkedImporter{compiled: compiled, packages: make(map[string]*types.Package)}
	var failures []error
	config := types.Config{
		Importer: checked,
		Error:    func(err error) { failures = append(failures, err) },
	}
	for len(files) > 0 {
		name := files[0].Package
		var parsed []*ast.File
		for len(files) > 0 && files[0].Package == name {
			file, err := parser.ParseFile(fset, files[0].Path, files[0].Content, parser.SkipObjectResolution)
			if err != nil {
				return fmt.Errorf("generated source: %w", err)
			}
			parsed = append(parsed, file)
			files = files[1:]
		}
		pkg, err := config.Check(name, fset, parsed, nil)
		if err != nil && len(failures) == 0 {
			failures = append(failures, err)
		}
		checked.packages[name] = pkg
	}
	if len(failures) > 0 {
		return fmt.Errorf("generated source does not compile; nothing was written:\n%w", errors.Join(failures...))
	}
	return nil
}

// checkedImporter imports the packages that were checked before, and all others in compiled form.
type checkedImporter struct {
	compiled types.Importer
	packages map[string]*types.Package
}

// Import returns the package with the given path.
func (c *checkedImporter) Import(path string) (*types.Package, error) {
	if pkg := c.packages[path]; pkg != nil {
		return pkg, nil
	}
	return c.compiled.Import(path)
}
