package gen

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
)

// importedModule is another module, which has the generated code for a namespace and the namespaces below it.
type importedModule struct {
	namespace string
	fsys      fs.FS
	config    *Config
}

// documents returns the documents of the module as an import for package lexicon.
func (i *importedModule) documents() lexicon.Import {
	return lexicon.Import{FS: i.fsys, Roots: i.config.Lexicons, Name: i.config.Module, Has: func(nsid string) bool {
		_, generated := i.config.names.Packages[naming.Namespace(nsid)]
		return generated && strings.HasPrefix(nsid, i.namespace+".")
	}}
}

// importLocks returns the name lock of each namespace whose code is in another module.
func (c *Config) importLocks() map[string]*naming.Lock {
	locks := make(map[string]*naming.Lock)
	for _, i := range c.imports {
		for namespace := range i.config.names.Packages {
			if strings.HasPrefix(namespace+".", i.namespace+".") {
				locks[namespace] = i.config.names
			}
		}
	}
	return locks
}

// importedPackages returns the import paths of all packages of other modules that generated code may import.
func (c *Config) importedPackages() []string {
	var list []string
	for namespace, lock := range c.importLocks() {
		list = append(list, path.Join(lock.Module, lock.Packages[namespace].Dir))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// ReadImports finds the modules that the setting "import" names, with the go command run in root, and reads their
// configurations and name locks. The configuration is the file lexgen.json in the package's directory or the nearest
// one above it. [Generate] calls ReadImports; before [Config.Load], the caller has to call it if there are imports.
func (c *Config) ReadImports(ctx context.Context, root string) error {
	c.imports = nil
	var problems lexicon.Problems
	for _, namespace := range slices.Sorted(maps.Keys(c.Import)) {
		i, err := readImport(ctx, root, namespace, c.Import[namespace])
		if err != nil {
			problems = append(problems, lexicon.Problem{File: c.file, Pointer: "/import/" + namespace, Message: err.Error()})
			continue
		}
		c.imports = append(c.imports, i)
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

func readImport(ctx context.Context, root, namespace, name string) (importedModule, error) {
	dir, module, err := findPackage(ctx, root, name)
	if err != nil {
		return importedModule{}, err
	}
	fsys := os.DirFS(module)
	for at := dir; ; at = path.Dir(at) {
		file := path.Join(at, ConfigFile)
		if _, err := fs.Stat(fsys, file); err != nil {
			if at == "." {
				return importedModule{}, fmt.Errorf("%s has no %s, which lists its types", name, ConfigFile)
			}
			continue
		}
		config, err := ReadConfig(fsys, file)
		if err == nil {
			config.names, err = readNames(fsys, config.NamesFile())
		}
		switch {
		case err != nil:
			return importedModule{}, fmt.Errorf("%s: %w", name, err)
		case config.names == nil:
			return importedModule{}, fmt.Errorf("%s has no name lock %s; use a version of it that was generated with one", name, config.NamesFile())
		}
		for other := range config.names.Packages {
			if strings.HasPrefix(other+".", namespace+".") {
				return importedModule{namespace, fsys, config}, nil
			}
		}
		return importedModule{}, fmt.Errorf("%s has no generated code for %s", name, namespace)
	}
}

// findPackage finds the package, or the module, with the import path name by running the go command in root. It returns
// the directory of the package relative to the root of its module, with slashes, and the directory of the module. For a
// module without a package in its root, dir is ".".
func findPackage(ctx context.Context, root, name string) (dir, module string, err error) {
	list := func(arguments ...string) (string, error) {
		command := exec.CommandContext(ctx, "go", append([]string{"list"}, arguments...)...)
		command.Dir = root
		var stderr bytes.Buffer
		command.Stderr = &stderr
		out, err := command.Output()
		if err != nil {
			return "", fmt.Errorf("find %s with the go command: %w: %s", name, err, bytes.TrimSpace(stderr.Bytes()))
		}
		return strings.TrimSpace(string(out)), nil
	}
	if out, err := list("-f", "{{.Dir}}\t{{.Module.Dir}}", name); err == nil {
		packageDir, moduleDir, _ := strings.Cut(out, "\t")
		relative, err := filepath.Rel(moduleDir, packageDir)
		return filepath.ToSlash(relative), moduleDir, err
	}
	out, err := list("-m", "-f", "{{.Dir}}", name)
	if err == nil && out == "" {
		err = fmt.Errorf("the module %s is not downloaded; run `go mod download`", name)
	}
	return ".", out, err
}
