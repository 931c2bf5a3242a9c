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
	"slices"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/gen/emit"
)

// imported are the packages that generated source can import besides generated ones.
var imported = []string{emit.LexPath, emit.CIDPath, emit.RecPath, emit.RPCPath, emit.SyntaxPath, emit.RepoPath, emit.ServerPath, "cmp", "context", "io", "iter", "net/http", "slices"}

// export is the compiled form of a package, as the go command reports it.
type export struct {
	file    string // the path of the file, "" if there is none
	problem string // why there is no file, if the go command says so
}

// findExports starts to look for the compiled form of the imported packages, and returns a function that
// waits for the result: a file name for each import path. It also looks for the packages in more.
func findExports(ctx context.Context, root string, more ...string) func() (map[string]export, error) {
	type result struct {
		exports map[string]export
		err     error
	}
	done := make(chan result, 1)
	go func() {
		exports, err := listExports(ctx, root, more)
		done <- result{exports, err}
	}()
	return func() (map[string]export, error) {
		r := <-done
		return r.exports, r.err
	}
}

func listExports(ctx context.Context, root string, more []string) (map[string]export, error) {
	arguments := append([]string{"list", "-e", "-export", "-f", `{{.ImportPath}}{{"\t"}}{{.Export}}{{"\t"}}{{with .Error}}{{printf "%q" .Err}}{{end}}`}, slices.Concat(imported, more)...)
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Dir = root
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("find the runtime with the go command: %w\n%s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	exports := make(map[string]export)
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("find the runtime with the go command: it prints %q", line)
		}
		problem, _ := strconv.Unquote(fields[2]) // "" if there is none
		exports[fields[0]] = export{fields[1], problem}
	}
	return exports, nil
}

// TypeCheck returns an error that lists everything that the Go compiler would reject in files. They may be generated or
// written by hand. The files of a package must come after those of the packages that it imports. Other packages are
// found with the go command, in the module at root.
func TypeCheck(ctx context.Context, root string, files []emit.File) error {
	var more []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file.Path, file.Content, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err == nil && !slices.ContainsFunc(files, func(f emit.File) bool { return f.Package == name }) {
				more = append(more, name)
			}
		}
	}
	slices.Sort(more)
	exports, err := listExports(ctx, root, slices.Compact(more))
	if err != nil {
		return err
	}
	return typeCheck(files, exports)
}

// typeCheck returns an error that lists everything that the Go compiler would reject in files. The files of a package
// must come after those of the packages that it imports. If the files were generated, an error means a bug in the
// generator.
func typeCheck(files []emit.File, exports map[string]export) error {
	fset := token.NewFileSet()
	parsed := make([]*ast.File, len(files))
	for i, file := range files {
		var err error
		if parsed[i], err = parser.ParseFile(fset, file.Path, file.Content, parser.SkipObjectResolution); err != nil {
			return fmt.Errorf("generated source: %w", err)
		}
	}
	if err := checkImports(files, parsed, exports); err != nil {
		return err
	}
	checked := &checkedImporter{packages: make(map[string]*types.Package)}
	checked.compiled = importer.ForCompiler(fset, "gc", func(name string) (io.ReadCloser, error) { return os.Open(exports[name].file) })
	var failures []error
	config := types.Config{
		Importer: checked,
		Error:    func(err error) { failures = append(failures, err) },
	}
	for start := 0; start < len(files); {
		end := start
		for end < len(files) && files[end].Package == files[start].Package {
			end++
		}
		// config.Error has already added the returned error to failures.
		checked.packages[files[start].Package], _ = config.Check(files[start].Package, fset, parsed[start:end], nil)
		start = end
	}
	if len(failures) > 0 {
		return fmt.Errorf("generated source does not compile; nothing was written:\n%w", errors.Join(failures...))
	}
	return nil
}

// checkImports returns an error that lists the imported packages that are neither among files nor available in compiled
// form.
func checkImports(files []emit.File, parsed []*ast.File, exports map[string]export) error {
	known := make(map[string]bool)
	for _, file := range files {
		known[file.Package] = true
	}
	var failures []error
	for _, file := range parsed {
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil || !known[name] && exports[name].file == "" {
				known[name] = true
				if problem := exports[name].problem; problem != "" {
					failures = append(failures, fmt.Errorf("generated source imports %s: %s", name, problem))
					continue
				}
				failures = append(failures, fmt.Errorf("generated source imports %s, which does not exist or does not compile; try `go build %s`", name, name))
			}
		}
	}
	return errors.Join(failures...)
}

// checkedImporter imports packages that were type-checked already, and all others in compiled form.
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
