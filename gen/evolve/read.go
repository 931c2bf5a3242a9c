package evolve

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
)

// Read reads the documents below the given directories of fsys, for comparing them. Unlike [lexicon.Load] it needs neither
// valid references nor a file's name that fits its document, and passes over JSON files that are something else. A document
// that occurs twice counts where it occurs last.
//
// The problems are those of documents that are malformed and that the set lacks for that reason. The error is one of reading
// the directories.
func Read(fsys fs.FS, roots ...string) (*lexicon.Set, lexicon.Problems, error) {
	found := make(map[string]*lexicon.Document)
	var problems lexicon.Problems
	count := 0
	for _, root := range roots {
		err := fs.WalkDir(fsys, root, func(file string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case file != root && strings.HasPrefix(entry.Name(), "."):
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			case entry.IsDir() || path.Ext(file) != ".json" || !entry.Type().IsRegular():
				return nil
			}
			if count++; count > lexicon.MaxDocuments {
				return fmt.Errorf("%s: more than %d documents", root, lexicon.MaxDocuments)
			}
			data, err := readFile(fsys, file)
			if err != nil {
				return err
			}
			if _, document := lexicon.Identify(data); !document {
				return nil
			}
			document, err := lexicon.Parse(file, data)
			if more, ok := errors.AsType[lexicon.Problems](err); ok {
				problems = append(problems, more...)
				return nil
			}
			if err != nil {
				return err
			}
			found[document.ID] = document
			return nil
		})
		if err != nil {
			return nil, problems, err
		}
	}
	set := new(lexicon.Set)
	for _, document := range found {
		set.Documents = append(set.Documents, document)
	}
	slices.SortFunc(set.Documents, func(a, b *lexicon.Document) int { return strings.Compare(a.ID, b.ID) })
	return set, problems, nil
}

// readFile reads a file that may not be larger than a document.
func readFile(fsys fs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, lexicon.MaxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}
