package lexicon

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Options change how Load works. The zero value is what the function Load uses.
type Options struct {
	// Opaque accepts references into missing documents: a ref into one becomes an
	// unknown, and a union with such a variant loses it and becomes open. Without
	// Opaque such references are problems.
	Opaque bool
	// Skip says whether faults in a document are passed over. Then a document that cannot be read is left out, a value that
	// breaks a rule or refers to nothing becomes opaque ([Node.Opaque]), and what cannot be opaque is left out;
	// [Set.Skipped] lists it all. The NSID is empty for a file that has none. Without Skip any fault is an error.
	Skip func(nsid string) bool
	// Overrides are roots whose documents replace those with the same NSID in
	// the other roots. In all other cases an NSID that occurs twice is a problem.
	Overrides []string
	// Imports are documents of other modules, which replace those with the same NSID in the roots.
	Imports []Import
	// Include, if it is not empty, lists NSIDs, or namespaces followed by ".*". All other documents are left out, but for the
	// definitions that those of the list refer to.
	Include []string
	// Lock returns the path of the lockfile of a root. Without Lock it is the file called LockFile in the root.
	Lock func(root string) string
	// IgnoreLock skips the comparison with the lockfiles.
	IgnoreLock bool
}

// Import says where another module has its documents.
type Import struct {
	// FS is the module, and Roots the directories with its documents.
	FS    fs.FS
	Roots []string
	// Has says which documents are imported.
	Has func(nsid string) bool
	// Name stands for the module in messages.
	Name string
}

// Load reads and checks the lexicon documents below the given roots, which are
// directories of fsys. A document is known by its id, wherever its file is. Load ignores
// other files, JSON without a member "lexicon" among them, directories called node_modules, and files and
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
	l := &loader{fsys: fsys, schema: schema, broken: map[string]bool{}, owners: map[string]owned{}, files: map[string]string{}}
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
			l.problems = append(l.problems, checkLock(fsys, root, o.lockPath(root))...)
		}
	}
	for _, i := range o.Imports {
		l.foreign(i)
	}
	set := l.set()
	set.skip, set.broken, set.opaque = o.Skip, l.broken, o.Opaque
	set.files = l.files
	if len(o.Include) > 0 {
		l.problems = append(l.problems, set.include(o.Include)...)
		l.faults = slices.DeleteFunc(l.faults, func(p Problem) bool { return set.inFile(p.File) == nil })
		set.broken = make(map[string]bool)
	}
	rest := append(l.problems, set.Skip(l.faults)...)
	if set.skip == nil {
		rest = append(rest, set.check()...)
	}
	if len(rest) > 0 {
		return nil, rest.sorted()
	}
	return set, nil
}

// lockPath returns the path of the lockfile of a root.
func (o *Options) lockPath(root string) string {
	if o.Lock != nil {
		return o.Lock(root)
	}
	return path.Join(root, LockFile)
}

// loader reads the files of one call of Load.
type loader struct {
	fsys   fs.FS
	schema *documentSchema
	broken map[string]bool
	owners map[string]owned
	// count is the number of documents in the roots read so far.
	count int
	// files are the ids of all documents by their file, "" for those that have none.
	files map[string]string
	// faults are problems of documents, and problems are all others.
	faults, problems Problems
}

// owned is a document, and whether it comes from a root that overrides others.
type owned struct {
	document *Document
	override bool
	sum      [sha256.Size]byte
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

// foreign reads the documents of another module, which were checked there.
func (l *loader) foreign(i Import) {
	other := &loader{fsys: i.FS, schema: l.schema, broken: make(map[string]bool), owners: make(map[string]owned), files: make(map[string]string)}
	for _, root := range i.Roots {
		other.root(root, false)
	}
	for id, o := range other.owners {
		if !i.Has(id) {
			continue
		}
		o.document.Foreign = true
		if local, found := l.owners[id]; found && local.sum != o.sum {
			o.document.warnings = append(o.document.warnings, problem(local.document.File, "",
				"it differs from the document of %s, which is what the Go types follow; update one of them", i.Name))
		}
		o.document.File = i.Name + "/" + o.document.File
		l.owners[id] = o
	}
	for _, p := range other.problems {
		p.File = i.Name + "/" + p.File
		l.problems = append(l.problems, p)
	}
}

// file reads one document.
func (l *loader) file(f documentFile, override bool) {
	document, problems := l.read(f)
	l.faults = append(l.faults, problems...)
	l.files[f.file] = ""
	if document == nil {
		l.broken[f.id] = true
		return
	}
	l.files[f.file] = document.ID
	before, ok := l.owners[document.ID]
	switch {
	case !ok, override && !before.override:
		l.owners[document.ID] = owned{document, override, f.sum}
	case override == before.override && f.sum != before.sum:
		l.faults = append(l.faults, problem(f.file, "/id",
			"the id %s is also that of %s, which differs; take one of them out, or declare one root an override", document.ID, before.document.File))
	}
}

// read reads a document and checks it against the schema. The document is nil
// if the file cannot be read as one.
func (l *loader) read(f documentFile) (*Document, Problems) {
	if f.err != nil {
		return nil, Problems{problem(f.file, "", "%v", f.err)}
	}
	value, p := parse(f.file, f.data)
	if value == nil && len(p.problems) > 0 {
		return nil, p.problems
	}
	b := &builder{file: f.file, warnings: p.warnings}
	return b.document(value), append(p.problems, l.schema.check(f.file, value)...)
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

// documentFile is a file in a root that is a document, or seems to be one.
type documentFile struct {
	// file is the path in the file system, and name the path in the root.
	file, name string
	// id is the document's, or what follows from the path if the document has none.
	id   string
	data []byte
	sum  [sha256.Size]byte
	// err says why the file could not be read.
	err error
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
		case strings.HasPrefix(entry.Name(), ".") || entry.IsDir() && entry.Name() == "node_modules":
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
		if name == ManifestFile {
			return nil
		}
		f := documentFile{file: file, name: name, id: strings.ReplaceAll(strings.TrimSuffix(name, ".json"), "/", ".")}
		if !entry.Type().IsRegular() {
			f.err = errors.New("not a regular file; replace it with one")
		} else if f.data, f.err = readFile(fsys, file, MaxFileSize); f.err == nil {
			id, document := Identify(f.data)
			if !document {
				return nil
			}
			f.id, f.sum = cmp.Or(id, f.id), sha256.Sum256(f.data)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		problems = append(problems, problem(root, "", "cannot read the file: %v", err))
	}
	return files, problems
}

// Identify reports whether the content of a file seems to be a lexicon document, which is an object with a member
// "lexicon", and returns its id if that is an NSID. What is not JSON is a document if it contains such a member even so.
func Identify(data []byte) (id string, document bool) {
	decoder := jsontext.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, byteOrderMark)), jsontext.AllowDuplicateNames(true))
	token, err := decoder.ReadToken()
	if err == nil && token.Kind() != '{' {
		return "", false
	}
	for err == nil && decoder.PeekKind() == '"' {
		token, err = decoder.ReadToken()
		if err != nil {
			break
		}
		switch token.String() {
		case "lexicon":
			document = true
		case "id":
			if decoder.PeekKind() == '"' {
				if token, err = decoder.ReadToken(); err == nil && syntax.ValidNSID(token.String()) {
					id = token.String()
				}
				continue
			}
		}
		err = decoder.SkipValue()
	}
	if err != nil || decoder.PeekKind() != '}' {
		document = bytes.Contains(data, []byte(`"lexicon"`))
	}
	return id, document
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
