package lexicon

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Options change how Load works. The zero value is what the function Load uses.
type Options struct {
	// Opaque accepts references into missing documents: a ref into one becomes an
	// unknown, and a union with such a variant loses it and becomes open. Without
	// Opaque such references are problems.
	Opaque bool
	// Overrides are roots whose documents replace those with the same NSID in
	// the other roots. In all other cases an NSID that occurs twice is a problem.
	Overrides []string
	// IgnoreLock skips the comparison with the lockfiles.
	IgnoreLock bool
}

// Load reads and checks the lexicon documents below the given roots, which are
// directories of fsys. In a root, the document with the NSID com.example.thing
// is the file com/example/thing.json. Load ignores other files, and files and
// directories whose names begin with a dot.
//
// Each document must follow the Lexicon specification, its references must
// resolve within the documents read, and if a root has a lockfile, the files
// must be those it lists. Keys that the language does not define are accepted.
//
// If anything is wrong the error is of type Problems and lists everything found
// in all files. Load is [Options.Load] with the zero Options.
//
// The specification is at https://atproto.com/specs/lexicon.
func Load(fsys fs.FS, roots ...string) (*Set, error) {
	return Options{}.Load(fsys, roots...)
}

// Load reads and checks lexicon documents as the function Load does, with the
// given options.
func (o Options) Load(fsys fs.FS, roots ...string) (*Set, error) {
	schema, err := loadSchema()
	if err != nil {
		return nil, err
	}
	l := &loader{fsys: fsys, schema: schema, broken: map[string]bool{}, owners: map[string]owned{}}
	if len(roots) == 0 {
		return nil, errors.New("no directory of lexicons is given; name at least one")
	}
	for _, override := range o.Overrides {
		if !slices.Contains(roots, override) {
			return nil, fmt.Errorf("the override %q is not among the directories of lexicons; name it there too", override)
		}
	}
	for _, root := range roots {
		l.root(root, slices.Contains(o.Overrides, root))
		if !o.IgnoreLock {
			l.problems = append(l.problems, checkLock(fsys, root)...)
		}
	}
	set := l.set()
	c := &checker{set: set, broken: l.broken, opaque: o.Opaque}
	for _, d := range set.Documents {
		c.check(d)
	}
	if problems := append(l.problems, c.problems...); len(problems) > 0 {
		return nil, problems.sorted()
	}
	return set, nil
}

// loader reads the files of one call of Load.
type loader struct {
	fsys   fs.FS
	schema *documentSchema
	broken map[string]bool
	owners map[string]owned
	// count is the number of documents in the roots read so far.
	count    int
	problems Problems
}

// owned is a document, and whether it comes from a root that overrides others.
type owned struct {
	document *Document
	override bool
}

// root reads the documents below a root.
func (l *loader) root(root string, override bool) {
	files, problems := documentFiles(l.fsys, root)
	l.problems = append(l.problems, problems...)
	if len(files) == 0 && len(problems) == 0 {
		l.problems = append(l.problems, problem(root, "", "there is no lexicon document (*.json) here; check the path"))
	}
	if l.count += len(files); l.count > MaxDocuments {
		l.problems = append(l.problems, problem(root, "", "too many documents: more than %d; load fewer at once", MaxDocuments))
		return
	}
	for _, f := range files {
		l.file(f, override)
	}
}

// file reads one document.
func (l *loader) file(f documentFile, override bool) {
	document, problems := l.read(f)
	l.problems = append(l.problems, problems...)
	if document == nil {
		l.broken[f.id] = true
		return
	}
	if document.ID != f.id && syntax.ValidNSID(document.ID) {
		l.problems = append(l.problems, problem(f.file, "/id",
			"the id %s belongs into the file %s.json of its root, and this file to the id %s; rename the file or correct the id",
			document.ID, strings.ReplaceAll(document.ID, ".", "/"), f.id))
	}
	// The document's id does not match its file. References to the id that matches the file may mean this document.
	if document.ID != f.id {
		l.broken[f.id] = true
	}
	before, ok := l.owners[document.ID]
	switch {
	case !ok, override && !before.override:
		l.owners[document.ID] = owned{document, override}
	case override == before.override:
		l.problems = append(l.problems, problem(f.file, "/id",
			"the id %s is also that of %s; take one of them out, or declare one root an override", document.ID, before.document.File))
	}
}

// read reads a document and checks it against the schema. The document is nil
// if the file cannot be read as one.
func (l *loader) read(f documentFile) (*Document, Problems) {
	data, err := readFile(l.fsys, f.file, MaxFileSize)
	if err != nil {
		return nil, Problems{problem(f.file, "", "%v", err)}
	}
	value, problems := parse(f.file, data)
	if len(problems) > 0 {
		return nil, problems
	}
	b := &builder{file: f.file}
	return b.document(value), l.schema.check(f.file, value)
}

// set returns the documents that were read.
func (l *loader) set() *Set {
	set := &Set{}
	for _, o := range l.owners {
		set.Documents = append(set.Documents, o.document)
	}
	slices.SortFunc(set.Documents, func(a, b *Document) int { return cmp.Compare(a.ID, b.ID) })
	return set
}

// documentFile is a file in a root, and the id that follows from its path.
type documentFile struct {
	// file is the path in the file system, and name the path in the root.
	file, name string
	id         string
}

// documentFiles lists the documents below a root, in the order of their paths.
func documentFiles(fsys fs.FS, root string) ([]documentFile, Problems) {
	var files []documentFile
	var problems Problems
	err := fs.WalkDir(fsys, root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			problems = append(problems, problem(file, "", "cannot read the file: %v", cause(err)))
			return nil
		case file == root:
			if !entry.IsDir() {
				problems = append(problems, problem(file, "", "not a directory; name the directory that contains the lexicons"))
			}
			return nil
		case strings.HasPrefix(entry.Name(), "."):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case entry.IsDir() || path.Ext(file) != ".json":
			return nil
		}
		name := file
		if root != "." {
			name = strings.TrimPrefix(file, root+"/")
		}
		switch {
		case name == ManifestFile:
		case !entry.Type().IsRegular():
			problems = append(problems, problem(file, "", "not a regular file; replace it with one"))
		default:
			id := strings.ReplaceAll(strings.TrimSuffix(name, ".json"), "/", ".")
			files = append(files, documentFile{file: file, name: name, id: id})
		}
		return nil
	})
	if err != nil {
		problems = append(problems, problem(root, "", "cannot read the file: %v", err))
	}
	return files, problems
}

// readFile reads a file that may not be larger than a document.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the file: %w", cause(err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("cannot read the file: %w", cause(err))
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("larger than the limit of %d bytes; split it", limit)
	}
	return data, nil
}

// cause returns an error without the path, which the message already names.
func cause(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}
