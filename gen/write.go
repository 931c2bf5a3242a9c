package gen

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/emit"
	"github.com/layers-pub/layers-go/gen/lexfile"
)

// Kind says how a file on disk differs from the generated output.
type Kind string

// The kinds of change.
const (
	// Create: the file does not exist.
	Create Kind = "create"
	// Update: the file's content differs.
	Update Kind = "update"
	// Remove: an earlier run wrote the file, and this one does not.
	Remove Kind = "remove"
)

// Change is one difference between the generated output and the files on disk.
type Change struct {
	Kind Kind
	// Path is relative to the module's root, with slashes.
	Path string
}

// rename is os.Rename, except in tests.
var rename = os.Rename

// change is a Change with the content before and after.
type change struct {
	Change
	old, new []byte
}

// Check compares the output with the files below root and returns the differences, sorted by path. It
// returns an error if a file of the output exists and was not written by lexgen; the error names all such
// files.
func (o *Output) Check(root string) ([]Change, error) {
	changes, err := o.compare(root)
	return exported(changes), err
}

// Write makes the files below root equal to the output, and returns the changes that it made. It touches
// only files that differ, and replaces each by renaming a new file, so that no reader sees a partial one. It
// removes files with lexgen's header from the output's directories if they are not part of the output.
//
// Write does everything or nothing, as far as a file system allows: it first does the steps that can
// fail, and if a later step fails even so, it restores the files that it changed.
func (o *Output) Write(root string) ([]Change, error) {
	changes, err := o.compare(root)
	if err != nil {
		return nil, err
	}
	temporary := make([]string, len(changes))
	defer func() {
		for _, name := range temporary {
			if name != "" {
				os.Remove(name)
			}
		}
	}()
	for i, c := range changes {
		if c.Kind != Remove {
			if temporary[i], err = writeTemporary(filepath.Join(root, filepath.FromSlash(c.Path)), c.new); err != nil {
				return nil, err
			}
		}
	}
	for i, c := range changes {
		name := filepath.Join(root, filepath.FromSlash(c.Path))
		if c.Kind == Remove {
			err = os.Remove(name)
		} else if err = rename(temporary[i], name); err == nil {
			temporary[i] = ""
		}
		if err != nil {
			return nil, errors.Join(err, restore(root, changes[:i]))
		}
	}
	for _, c := range changes {
		if c.Kind == Remove {
			os.Remove(filepath.Join(root, filepath.FromSlash(path.Dir(c.Path)))) // if it is empty now
		}
	}
	return exported(changes), nil
}

func exported(changes []change) []Change {
	list := make([]Change, len(changes))
	for i, c := range changes {
		list[i] = c.Change
	}
	return list
}

// compare returns the changes that make the files on disk equal to the output.
func (o *Output) compare(root string) ([]change, error) {
	var changes []change
	var foreign []error
	wanted := make(map[string]bool)
	for _, file := range o.Files {
		wanted[file.Path] = true
		old, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file.Path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			changes = append(changes, change{Change{Create, file.Path}, nil, file.Content})
		case err != nil:
			foreign = append(foreign, err)
		case !isGenerated(old):
			foreign = append(foreign, fmt.Errorf("refusing to overwrite %s, which lexgen did not write; move it away, or generate into another directory", file.Path))
		case !bytes.Equal(lexfile.UnixLines(old), file.Content):
			changes = append(changes, change{Change{Update, file.Path}, old, file.Content})
		}
	}
	if o.Names.Path != "" {
		old, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(o.Names.Path)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			changes = append(changes, change{Change{Create, o.Names.Path}, nil, o.Names.Content})
		case err != nil:
			foreign = append(foreign, err)
		case !bytes.Equal(lexfile.UnixLines(old), o.Names.Content):
			changes = append(changes, change{Change{Update, o.Names.Path}, old, o.Names.Content})
		}
	}
	for _, dir := range o.directories {
		orphans, err := findOrphans(root, dir, wanted)
		if err != nil {
			return nil, err
		}
		changes = append(changes, orphans...)
	}
	slices.SortFunc(changes, func(a, b change) int { return strings.Compare(a.Path, b.Path) })
	return changes, errors.Join(foreign...)
}

// findOrphans finds the files in a directory that an earlier run wrote and that are not in wanted. Like the go
// command, it skips directories that are not packages of this module.
func findOrphans(root, dir string, wanted map[string]bool) ([]change, error) {
	var orphans []change
	top := filepath.Join(root, filepath.FromSlash(dir))
	err := filepath.WalkDir(top, func(name string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && name == top {
			return nil
		}
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			if name == top {
				return nil
			}
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			if err == nil || base == "testdata" || base == "vendor" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
				return fs.SkipDir
			}
			return nil
		}
		relative, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		relative = filepath.ToSlash(relative)
		if !entry.Type().IsRegular() || path.Ext(base) != ".go" || wanted[relative] || !startsGenerated(name) {
			return nil
		}
		old, err := os.ReadFile(name)
		orphans = append(orphans, change{Change{Remove, relative}, old, nil})
		return err
	})
	return orphans, err
}

// startsGenerated reports whether the first line of the file is [emit.Header].
func startsGenerated(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	line, _ := bufio.NewReaderSize(f, 256).ReadSlice('\n')
	return isGenerated(line)
}

func isGenerated(content []byte) bool {
	line, _, _ := bytes.Cut(content, []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r"))) == emit.Header
}

// writeTemporary writes content to a new file in the directory of the file called name, and returns the name of the new
// file.
func writeTemporary(name string, content []byte) (string, error) {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, ".lexgen-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// restore undoes changes that were made to the files below root.
func restore(root string, changes []change) error {
	var failures []error
	for _, c := range changes {
		name := filepath.Join(root, filepath.FromSlash(c.Path))
		if c.Kind == Create {
			failures = append(failures, os.Remove(name))
			continue
		}
		temporary, err := writeTemporary(name, c.old)
		if err == nil {
			err = rename(temporary, name)
		}
		failures = append(failures, err)
	}
	return errors.Join(failures...)
}
