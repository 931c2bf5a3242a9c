package lexicon

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"github.com/layers-pub/layers-go/gen/lexfile"
)

// Options change how Load works. The zero value is what the function Load uses.
type Options struct {
	// Opaque accepts references into missing documents: a ref into one becomes an
	// unknown, and a union with such a variant loses it and becomes open. Without
	// Opaque such references are problems.
	Opaque bool
	// Skip says whether faults in a document are ignored. Then a document that cannot be read is left out, a value that
	// breaks a rule or refers to nothing becomes opaque ([Node.Opaque]), and anything that cannot be opaque is left
	// out; [Set.Skipped] lists all of these. Skip is called with an empty NSID for a file without one. If Skip is nil,
	// any fault is an error.
	Skip func(nsid string) bool
	// Overrides are roots whose documents replace those with the same NSID in
	// the other roots. In all other cases an NSID that occurs twice is a problem.
	Overrides []string
	// Imports are documents of other modules, which replace those with the same NSID in the roots.
	Imports []Import
	// Include, if it is not empty, lists NSIDs, or namespaces followed by ".*". All other documents are left out,
	// except for the definitions that the listed ones refer to.
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

// Load reads and checks the lexicon documents below the given roots, which are directories of fsys. A document is
// identified by its id, wherever its file is; see package lexfile.
//
// Each document must follow the Lexicon specification, its references must
// resolve within the documents read, and if a root has a lockfile, the files
// must be those it lists. Keys that the language does not define are accepted.
//
// If anything is wrong with the documents, the error is of type Problems and lists everything found in all files. Load
// is [Options.Load] with the zero Options.
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
			return nil, fmt.Errorf("the override %q is not one of the lexicon directories; add it to them", override)
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
	broken map[string]bool  // the ids of files that could not be read as documents
	owners map[string]owned // the documents that are used, by id
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
	inner    bool // whether it is inside a file of another kind
}

// root reads the documents below a root.
func (l *loader) root(root string, override bool) {
	files, failures := lexfile.Files(l.fsys, root)
	problems := failed(failures)
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
		if local, found := l.owners[id]; found && !sameDocument(local.document.Source, o.document.Source) {
			o.document.warnings = append(o.document.warnings, problem(local.document.File, "",
				"it differs from the document of %s, from which the Go types were generated; update one of them", i.Name))
		}
		o.document.File = i.Name + "/" + o.document.File
		l.owners[id] = o
	}
	for _, p := range other.problems {
		p.File = i.Name + "/" + p.File
		l.problems = append(l.problems, p)
	}
}

// file reads one document. If another document has the same id, file decides which of them is used.
func (l *loader) file(f lexfile.File, override bool) {
	document, problems := l.read(f)
	l.files[f.Path] = ""
	if document == nil {
		l.faults = append(l.faults, problems...)
		l.broken[f.ID] = true
		return
	}
	l.files[f.Path] = document.ID
	before, twice := l.owners[document.ID]
	switch {
	case twice && override == before.override && f.Inner && !before.inner:
		before.document.differs(document)
		return
	case !twice, override && !before.override, override == before.override && before.inner && !f.Inner:
		l.owners[document.ID] = owned{document, override, f.Inner}
		if twice && override == before.override {
			document.differs(before.document)
			l.faults = slices.DeleteFunc(l.faults, func(p Problem) bool { return p.File == before.document.File })
		}
	case override == before.override && !sameDocument(document.Source, before.document.Source):
		l.faults = append(l.faults, problem(f.Path, "/id",
			"the id %s is also that of %s, which differs; remove one of them, or declare one root an override", document.ID, before.document.File))
	}
	l.faults = append(l.faults, problems...)
}

// differs warns of another document with the same id that has other content and is ignored because it is inside a file
// of another kind.
func (d *Document) differs(other *Document) {
	if !sameDocument(d.Source, other.Source) {
		d.warnings = append(d.warnings, problem(d.File, "", "%s has the same id and differs, and is passed over; update it or take it out", other.File))
	}
}

// read reads a document and checks it against the schema. The document is nil
// if the file cannot be read as one.
func (l *loader) read(f lexfile.File) (*Document, Problems) {
	if f.Err != nil {
		return nil, Problems{problem(f.Path, "", "%v", f.Err)}
	}
	value, p := parse(f.Path, f.Data)
	commented := false
	if value == nil && len(p.problems) > 0 {
		plain, again := parse(f.Path, lexfile.Plain(f.Data))
		if plain == nil {
			return nil, p.problems
		}
		wrong := p.problems[len(p.problems)-1]
		wrong.Pointer, commented = "", true // the fault is in the text as a whole
		value, p = plain, again
		p.problems = append(p.problems, wrong)
	}
	if o, isObject := value.(object); isObject && o.get("lexicon") == nil {
		p.problems = append(p.problems, problem(f.Path, "/lexicon", "missing; write 1, the version of the language"))
		value = append(o, member{"lexicon", int64(1)})
	}
	b := &builder{file: f.Path, warnings: p.warnings}
	document := b.document(value)
	if document != nil {
		document.Source, document.commented = f.Data, commented
	}
	return document, append(p.problems, l.schema.check(f.Path, value)...)
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

// failed returns failures of reading directories as problems.
func failed(failures []lexfile.Failure) (problems Problems) {
	for _, f := range failures {
		problems = append(problems, problem(f.Path, "", "%v", f.Err))
	}
	return problems
}
