package evolve

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexfile"
	"github.com/layers-pub/layers-go/gen/lexicon"
)

// Read reads the documents below the given directories of fsys, for a comparison. Unlike [lexicon.Load], it does not
// check references. If a document occurs twice, the last one is used.
//
// The problems are about malformed documents, which are not in the set. The error is one of reading the directories.
func Read(fsys fs.FS, roots ...string) (*lexicon.Set, lexicon.Problems, error) {
	found := make(map[string]*lexicon.Document)
	var problems lexicon.Problems
	for _, root := range roots {
		files, failures := lexfile.Files(fsys, root)
		if len(failures) > 0 {
			return nil, problems, fmt.Errorf("%s: %w", failures[0].Path, failures[0].Err)
		}
		if len(files) > lexicon.MaxDocuments {
			return nil, problems, fmt.Errorf("%s: more than %d documents", root, lexicon.MaxDocuments)
		}
		for _, f := range files {
			if f.Err != nil {
				problems = append(problems, lexicon.Problem{File: f.Path, Message: f.Err.Error()})
				continue
			}
			document, err := lexicon.Parse(f.Path, f.Data)
			if more, ok := errors.AsType[lexicon.Problems](err); ok {
				problems = append(problems, more...)
				continue
			}
			if err != nil {
				return nil, problems, err
			}
			found[document.ID] = document
		}
	}
	set := new(lexicon.Set)
	for _, document := range found {
		set.Documents = append(set.Documents, document)
	}
	slices.SortFunc(set.Documents, func(a, b *lexicon.Document) int { return strings.Compare(a.ID, b.ID) })
	return set, problems, nil
}
