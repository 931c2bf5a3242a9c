package gen

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"

	"github.com/layers-pub/layers-go/gen/emit"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
	"github.com/layers-pub/layers-go/gen/plan"
	"github.com/layers-pub/layers-go/gen/prove"
)

// Output is generated source in memory. The result of [Generate] has passed the type checker.
type Output struct {
	// Files are all files. A package comes after the packages that it imports.
	Files []emit.File
	// Names is the name lock, which has no package.
	Names emit.File
	// Skipped lists the faults of documents that were ignored, and how each was treated.
	Skipped lexicon.Problems

	set  *lexicon.Set
	lock *naming.Lock

	directories []string
}

// Generate loads the documents of the module at root, generates the source and type-checks it against
// the runtime, without writing anything. If something is wrong with the documents or the configuration, the
// error is a [lexicon.Problems] that lists every problem.
//
// It runs the go command to find the compiled runtime, which must be part of the module or one of its
// requirements.
func Generate(ctx context.Context, root string, config *Config) (*Output, error) {
	if err := checkModule(root, config); err != nil {
		return nil, err
	}
	if err := config.ReadImports(ctx, root); err != nil {
		return nil, err
	}
	exports := findExports(ctx, root, config.importedPackages()...)
	set, err := config.Load(os.DirFS(root))
	if err != nil {
		return nil, err
	}
	files, lock, err := SourceAndLock(set, config)
	if err != nil {
		return nil, err
	}
	names, err := lock.Bytes()
	if err != nil {
		return nil, err
	}
	found, err := exports()
	if err != nil {
		return nil, err
	}
	if err := typeCheck(files, found); err != nil {
		return nil, err
	}
	return &Output{Files: files, Names: emit.File{Path: config.NamesFile(), Content: names}, Skipped: set.Skipped, set: set, lock: lock, directories: config.Directories()}, nil
}

// Prove builds and runs a program that decodes and encodes samples of every definition with the generated code, and
// reports each sample that does not round-trip. It writes nothing below root. See package prove.
func (o *Output) Prove(ctx context.Context, root string) error {
	changes, err := o.compare(root)
	if err != nil {
		return err
	}
	code := &prove.Code{Root: root, Files: make(map[string][]byte), Types: make(map[string]prove.Type)}
	if code.Root, err = filepath.Abs(root); err != nil {
		return err
	}
	for _, c := range changes {
		if path.Ext(c.Path) == ".go" {
			code.Files[c.Path] = c.new
		}
	}
	for _, file := range o.Files {
		code.Dir = cmp.Or(code.Dir, path.Dir(file.Path))
	}
	samples := prove.Samples(o.set, o.lock.Names)
	for _, s := range samples {
		dir := o.lock.Packages[naming.Namespace(s.Key)].Dir
		code.Types[s.Key] = prove.Type{ImportPath: path.Join(o.lock.Module, dir), Name: o.lock.Names[s.Key]}
	}
	if len(samples) == 0 {
		return nil
	}
	return prove.Run(ctx, code, samples)
}

// NewOutput returns an Output of files that were generated in another way, such as those of package bridge, for the
// given directories. Unlike the result of [Generate] they are not type-checked.
func NewOutput(directories []string, files ...emit.File) *Output {
	return &Output{Files: files, directories: directories}
}

// Source generates the source for a set of documents. It is formatted, but not type-checked.
func Source(set *lexicon.Set, config *Config) ([]emit.File, error) {
	files, _, err := SourceAndLock(set, config)
	return files, err
}

// SourceAndLock is [Source] and also returns the name lock.
func SourceAndLock(set *lexicon.Set, config *Config) ([]emit.File, *naming.Lock, error) {
	p, err := plan.New(set, config.planOptions())
	for err != nil {
		// Some faults show only now. Each round takes some of them out, until the rest cannot be passed over.
		problems, ok := errors.AsType[lexicon.Problems](err)
		if !ok {
			return nil, nil, err
		}
		if rest := set.Skip(problems); len(rest) > 0 {
			return nil, nil, rest
		}
		p, err = plan.New(set, config.planOptions())
	}
	files, err := emit.Files(p)
	return files, p.Lock, err
}

// checkModule compares the module's path in the configuration with that in go.mod.
func checkModule(root string, config *Config) error {
	name, err := ModulePath(root)
	if err != nil {
		return err
	}
	if name != config.Module {
		return lexicon.Problems{{File: config.file, Pointer: "/module",
			Message: fmt.Sprintf("%q is not the module in go.mod, which is %q", config.Module, name)}}
	}
	return nil
}

// ModulePath returns the path of the module whose root is the directory root, from its go.mod.
func ModulePath(root string) (string, error) {
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("read go.mod in the root of the module: %w", err)
	}
	for line := range bytes.Lines(data) {
		fields := bytes.Fields(line)
		if len(fields) < 2 || string(fields[0]) != "module" {
			continue
		}
		name := string(fields[1])
		if unquoted, err := strconv.Unquote(name); err == nil {
			name = unquoted
		}
		return name, nil
	}
	return "", fmt.Errorf("%s has no module line", filepath.Join(root, "go.mod"))
}
