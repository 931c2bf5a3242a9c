package plan

import (
	"fmt"
	"strings"

	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
	"github.com/layers-pub/layers-go/gen/prose"
)

// Options tell New what the documents do not say.
type Options struct {
	// File is the name of the file that the options were read from, for messages.
	File string
	// Module is the path of the Go module that the generated code is part of.
	Module string
	// Output is the directory for all packages that Packages does not place, relative to the module's
	// root. Below it, each segment of a package's namespace is a directory.
	Output string
	// Packages maps a namespace to its directory, relative to the module's root. Namespaces below it go
	// into directories below that one. The longest matching namespace decides. If ".*" follows it, the
	// namespace and all namespaces below it become one package, in which Go names begin with the segments
	// that distinguish the namespaces.
	Packages map[string]string
	// Raw keeps values of type unknown as the bytes that were read, in a lex.Raw. By default they are a lex.Map.
	Raw bool
	// Purposes maps a namespace to a phrase that says what it is for. The phrase goes into the package comment.
	Purposes map[string]string
	// Records is the directory of the package that lists every collection; if it is empty there is no such package.
	Records string
	// Names overrides the Go names that the rules give. A key is one of:
	//   - "nsid#def" for a definition;
	//   - "nsid#def.path" for a type defined in place below it, where [] in the path stands for an array's
	//     elements, and "params", "input" and "output" for those of a call;
	//   - such a key followed by ":field" for a field;
	//   - such a key followed by "=value" for one value of a string or one member of a union;
	//   - "nsid#main:collection" for the field of a collection in a repository.
	Names map[string]string
}

// New makes the plan for a set of documents. Its error is a [lexicon.Problems] that lists every reason why
// the set cannot become Go code.
func New(set *lexicon.Set, options Options) (*Plan, error) {
	b := &builder{
		set:      set,
		options:  options,
		plan:     new(Plan),
		packages: make(map[string]*Package),
		prefixes: make(map[string][]string),
		scopes:   make(map[*Package]*scope),
		clients:  make(map[*Package]*scope),
		imports:  make(map[*Package]map[*Package]bool),
		used:     make(map[string]bool),
	}
	b.makePackages(groups(set, &options))
	b.findRecursion()
	b.findRecordViews()
	b.makeClients()
	for _, document := range set.Documents {
		b.buildDocument(document)
	}
	b.finishPackages()
	if options.Records != "" {
		b.buildRecords()
	}
	b.reportUnused()
	if len(b.problems) > 0 {
		sortProblems(b.problems)
		return nil, b.problems
	}
	return b.plan, nil
}

// builder is the state of one run of New.
type builder struct {
	set      *lexicon.Set
	options  Options
	plan     *Plan
	packages map[string]*Package // by namespace
	prefixes map[string][]string // of Go names, by namespace
	scopes   map[*Package]*scope
	clients  map[*Package]*scope // the methods of each package's client
	imports  map[*Package]map[*Package]bool
	views    map[*lexicon.Node]bool // definitions that need no type; see findRecordViews
	indirect map[edge]bool          // fields that have to be pointers, or their type would contain itself
	used     map[string]bool
	problems lexicon.Problems

	// What is being built.
	document *lexicon.Document
	pkg      *Package
	file     *File
}

// spot is a node in the document that is being built, with its key and its Go name.
type spot struct {
	node *lexicon.Node
	// key is the spot's key in Options.Names.
	key string
	// name is the Go name of the type that is defined here.
	name string
}

// below returns the spot of a node inside s. It appends part to the key of s, and word to its name.
func (b *builder) below(s spot, node *lexicon.Node, part, word string) spot {
	key := s.key + part
	return spot{node, key, b.named(key, naming.Extend(s.name, word))}
}

func (b *builder) place(s spot) place { return place{b.document, s.node.Pointer, s.key} }

// defName returns the Go name of a definition of any document.
func (b *builder) defName(document *lexicon.Document, def *lexicon.Def) string {
	parts := append([]string(nil), b.prefixes[namespaceOf(document.ID)]...)
	last := lastSegment(document.ID)
	switch {
	case def.Name == "main":
		parts = append(parts, last)
	case last == "defs":
		parts = append(parts, def.Name)
	default:
		parts = append(parts, last, def.Name)
	}
	return b.named(document.ID+"#"+def.Name, naming.GoName(parts...))
}

func (b *builder) buildDocument(document *lexicon.Document) {
	b.document = document
	b.pkg = b.packages[namespaceOf(document.ID)]
	b.file = &File{Source: document.ID}
	b.pkg.Files = append(b.pkg.Files, b.file)
	for _, def := range document.Defs {
		if !b.views[def.Node] {
			b.buildDef(def)
		}
	}
}

func (b *builder) buildDef(def *lexicon.Def) {
	s := spot{def.Node, b.document.ID + "#" + def.Name, b.defName(b.document, def)}
	id := b.document.ID
	if def.Name != "main" {
		id = s.key
	}
	switch n := def.Node; n.Type {
	case "record":
		name := b.buildNSID(s, "is the collection of ["+s.name+"] records.")
		record := &Record{NSID: b.document.ID, Const: name, Key: n.Key}
		object := spot{n.Record, s.key, s.name}
		description := n.Description
		if description == "" {
			description = n.Record.Description
		}
		b.buildStruct(object, typeDoc(s.name, "record", id, description), record)
	case "object":
		b.buildStruct(s, typeDoc(s.name, "object", id, n.Description), nil)
	case "string", "integer", "boolean":
		b.buildScalar(s, id)
	case "array":
		b.buildList(s, id)
	case "token":
		b.declareType(s, s.name)
		b.add(&Const{Name: s.name, Value: id, Doc: doc(fmt.Sprintf("%s is the %s token.", s.name, id), n.Description)})
	case "query", "procedure":
		b.buildCall(s)
	case "subscription":
		b.buildSubscription(s)
	case "permission-set":
		b.buildPermissionSet(s)
	case "bytes", "cid-link", "blob":
		// They need no declaration: each reference to one is treated as if the definition stood in its place.
	default:
		b.report(b.document.File, n.Pointer, fmt.Sprintf("a definition of type %q cannot become a Go type; define an object", n.Type))
	}
}

// add appends a declaration to the file that is being built.
func (b *builder) add(d Decl) { b.file.Decls = append(b.file.Decls, d) }

// declareType declares a top-level name of the package for the spot.
func (b *builder) declareType(s spot, name string) { b.declare(b.scopes[b.pkg], name, b.place(s)) }

// buildNSID adds the constant with the document's NSID and returns its name.
func (b *builder) buildNSID(s spot, what string) string {
	name := "NSID" + s.name
	b.declareType(s, name)
	b.add(&Const{Name: name, Value: b.document.ID, Doc: Doc{name + " " + what}})
	return name
}

func (b *builder) buildPermissionSet(s spot) {
	b.declareType(s, s.name)
	n := s.node
	description := n.Description
	if description == "" {
		description = n.Title
		if n.Detail != "" {
			description = prose.Sentence(n.Title) + " " + n.Detail
		}
	}
	set := &PermissionSet{
		Name: s.name, NSID: b.document.ID, Title: n.Title, Detail: n.Detail,
		Doc: doc(fmt.Sprintf("%s is the %s permission set.", s.name, b.document.ID), description),
	}
	for _, p := range n.Permissions {
		if p.Ignored == "" {
			set.Permissions = append(set.Permissions, Permission{p.Resource, p.Collection, p.Action, p.LXM, p.Accept, p.Aud, p.InheritAud})
		}
	}
	b.add(set)
}

// finishPackages decides what depends on all files: imports, the names of the files and the comments.
func (b *builder) finishPackages() {
	for _, pkg := range b.plan.Packages {
		for _, other := range b.plan.Packages {
			if b.imports[pkg][other] {
				pkg.Imports = append(pkg.Imports, other)
			}
		}
		nameFiles(pkg)
		pkg.Doc = b.packageDoc(pkg)
	}
}

// nameFiles names each file after its document's last segment, in lower case, preceded by the namespace's
// last segment if the package has several namespaces. A name that is taken gets a number. File names have
// no underscore, since that could restrict the file to one platform or to tests.
func nameFiles(pkg *Package) {
	taken := map[string]bool{"doc": true, "client": true}
	for _, file := range pkg.Files {
		name := strings.ToLower(lastSegment(file.Source))
		if len(pkg.Namespaces) > 1 {
			name = strings.ToLower(lastSegment(namespaceOf(file.Source))) + name
		}
		unique := name
		for i := 2; taken[unique]; i++ {
			unique = fmt.Sprint(name, i)
		}
		taken[unique] = true
		file.Name = unique + ".go"
	}
}

func escapePointer(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(s)
}
