package plan

import (
	"fmt"
	"go/types"
	"maps"
	"slices"
	"strings"

	"github.com/layers-pub/layers-go/gen/group"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
	"github.com/layers-pub/layers-go/gen/prose"
	"github.com/layers-pub/layers-go/gen/recursion"
)

// Options are the settings of [New] that do not come from the documents.
type Options struct {
	// File is the name of the file that the options were read from, and LockFile that of the name lock, for messages.
	File, LockFile string
	// Module is the path of the Go module that the generated code is part of.
	Module string
	// Output is the directory for all packages that Packages does not place, relative to the module's
	// root. Below it, each segment of a package's authority is a directory.
	Output string
	// Packages places namespaces; see [group.Options].
	Packages map[string]string
	// Raw makes fields of type unknown a lex.Raw, which keeps the bytes that were read. By default they are a lex.Map.
	Raw bool
	// Purposes maps a namespace to a phrase that says what it is for, which is used in the package comment.
	Purposes map[string]string
	// Records is the directory of the package that lists every collection; if it is empty there is no such package.
	Records string
	// Names overrides the Go names that the rules give. Its keys are those of [naming.Lock], and "nsid#main:collection" for
	// the field of a collection in a repository.
	Names map[string]string
	// Lock has the names of an earlier run, which stay as they are; nil if there was none.
	Lock *naming.Lock
	// Rename accepts that exported names of the lock change or move. Without it that is a problem.
	Rename bool
	// Imports has, for a namespace whose code is in another module, the lock of that module. No code is generated for
	// these namespaces.
	Imports map[string]*naming.Lock
	// NoClients leaves out the clients of queries, procedures and subscriptions, and the types that only clients need.
	NoClients bool
	// Servers adds, for each package with calls, another package with an interface and a handler for servers.
	Servers bool
}

// New makes the plan for a set of documents. Its error is a [lexicon.Problems] that lists every reason why
// the set cannot become Go code.
func New(set *lexicon.Set, options Options) (*Plan, error) {
	groups, moves := group.New(set, &group.Options{
		Module: options.Module, Output: options.Output, Packages: options.Packages, Records: options.Records != "",
		Lock: options.Lock, Imports: options.Imports,
	})
	moved := make(map[string]bool)
	for _, m := range moves {
		moved[m.Namespace] = true
	}
	table := naming.NewTable(options.Names, options.Lock.Without(moved))
	for {
		b := newBuilder(set, options, groups, table)
		b.build()
		again, collisions := table.Settle()
		if again {
			continue
		}
		b.reportCollisions(collisions)
		b.plan.Lock = b.lock(groups)
		if !options.Rename {
			b.reportMoves(moves)
			b.reportRenames(table.Renamed())
			b.reportReused()
		}
		if len(b.problems) > 0 {
			sortProblems(b.problems)
			return nil, slices.Compact(b.problems)
		}
		return b.plan, nil
	}
}

func newBuilder(set *lexicon.Set, options Options, groups []*group.Group, table *naming.Table) *builder {
	b := &builder{
		set:      set,
		options:  options,
		table:    table,
		plan:     new(Plan),
		packages: make(map[string]*Package),
		prefixes: make(map[string][]string),
		foreign:  make(map[*Package]*naming.Lock),
		private:  make(map[*Package]map[string]bool),
		imports:  make(map[*Package]map[*Package]bool),
		used:     make(map[string]bool),
	}
	for _, g := range groups {
		pkg := &Package{ImportPath: g.ImportPath, Dir: g.Dir, Name: g.Name, Alias: g.Alias, Namespaces: g.Namespaces}
		b.private[pkg] = make(map[string]bool)
		for _, namespace := range g.Namespaces {
			b.packages[namespace] = pkg
			b.prefixes[namespace] = g.Prefix(namespace)
			if g.Imported {
				b.foreign[pkg] = options.Imports[namespace]
			}
		}
		b.grouped = append(b.grouped, pkg)
		if !g.Imported {
			b.plan.Packages = append(b.plan.Packages, pkg)
		}
	}
	return b
}

// build makes the plan, with the names that the table has in this round.
func (b *builder) build() {
	b.indirect = recursion.Find(b.set)
	b.findRecordViews()
	b.makeClients()
	for _, document := range b.set.Documents {
		b.buildDocument(document)
	}
	b.finishPackages()
	if b.options.Records != "" {
		b.buildRecords()
	}
	b.reportUnused()
}

// builder is the state of one round of New.
type builder struct {
	set      *lexicon.Set
	options  Options
	table    *naming.Table
	plan     *Plan
	grouped  []*Package                     // those of the plan and those of other modules
	packages map[string]*Package            // by namespace
	prefixes map[string][]string            // of Go names, by namespace
	foreign  map[*Package]*naming.Lock      // the locks of packages of other modules
	private  map[*Package]map[string]bool   // the unexported names that are taken
	imports  map[*Package]map[*Package]bool // the packages that each package imports
	views    map[*lexicon.Node]bool         // definitions that need no type; see findRecordViews
	indirect map[recursion.Edge]bool        // fields that have to be pointers, or their type would contain itself
	used     map[string]bool                // the keys whose given or locked name was used
	problems lexicon.Problems

	// The document that is being built, with its package and its file.
	document *lexicon.Document
	pkg      *Package
	file     *File
}

// spot is a node in the document that is being built, with its key and its Go name.
type spot struct {
	node *lexicon.Node
	// key is the spot's key in Options.Names.
	key string
	// name is the Go name of the type that is defined here, and rank decides whether it keeps it in a collision.
	name string
	rank naming.Rank
	// root is the Go name of the definition or the part of a call that the spot is in, and word what the key ends in.
	root, word string
	// path is what the Go name is made of by the rule: the words of the namespace, the document, the definition, and what
	// leads from there to the spot.
	path []string
}

// below returns the spot of a node inside s. It appends part to the key of s, and word to its name.
func (b *builder) below(s spot, node *lexicon.Node, part, word string) spot {
	in := spot{node: node, key: s.key + part, rank: naming.Inline, root: s.root, word: word}
	if part == "[]" {
		in.word = s.word + " " + word
	}
	// An element is called after its array, and a part of a call after the call.
	if up := len(s.path) - 1; s.word == "" && s.rank < naming.Call && isCall(s.node) || part == "[]" && s.word != "" {
		in.path = append(s.path[:up:up], s.path[up]+" "+word)
	} else {
		in.path = append(slices.Clone(s.path), in.word)
	}
	shorter := naming.Extend(s.root, in.word)
	if len(shorter) > longName {
		shorter = fit(naming.Extend(s.name, in.word), in.path, longName)
	}
	in.name = b.short(in.key, s.name, word, kindWord(node.Type), shorter)
	return in
}

func isCall(n *lexicon.Node) bool {
	return n.Type == "query" || n.Type == "procedure" || n.Type == "subscription"
}

// part returns the spot of a part of a call: its parameters, input, output or message.
func (b *builder) part(s spot, node *lexicon.Node, word string) spot {
	part := b.below(s, node, "."+word, word)
	part.rank, part.root, part.word = naming.Call, part.name, ""
	return part
}

// kindWord returns the word for a lexicon type that is added to a name to make it longer.
func kindWord(typ string) string {
	switch typ {
	case "cid-link":
		return "Link"
	case "permission-set":
		return "Permissions"
	case "params", "body", "message":
		return "Type"
	}
	return typ
}

// defName returns the Go name of a definition of any document.
func (b *builder) defName(document *lexicon.Document, def *lexicon.Def) string {
	key := document.ID + "#" + def.Name
	if lock := b.foreign[b.packages[document.Namespace()]]; lock != nil {
		return b.foreignName(lock, document, key)
	}
	parts := b.defPath(document, def)
	n := len(parts) - 1
	word := parts[n]
	if n == 0 && types.Universe.Lookup(strings.ToLower(word)) != nil {
		word += " " + kindWord(def.Node.Type) // String and Error would be taken for something else
	}
	return b.short(key, naming.Extend("", parts[:n]...), word, kindWord(def.Node.Type), fit(naming.Extend("", parts...), parts, longName))
}

// defPath returns the parts that the Go name of a definition is made of.
func (b *builder) defPath(document *lexicon.Document, def *lexicon.Def) []string {
	parts := append([]string(nil), b.prefixes[document.Namespace()]...)
	switch last := lastSegment(document.ID); {
	case def.Name == "main":
		return append(parts, last)
	case last == "defs":
		return append(parts, def.Name)
	default:
		return append(parts, last, def.Name)
	}
}

func (b *builder) buildDocument(document *lexicon.Document) {
	b.document = document
	b.pkg = b.packages[document.Namespace()]
	if b.foreign[b.pkg] != nil {
		return
	}
	b.file = &File{Source: document.ID}
	b.pkg.Files = append(b.pkg.Files, b.file)
	for _, def := range document.Defs {
		if !b.views[def.Node] {
			b.buildDef(def)
		}
	}
}

func (b *builder) buildDef(def *lexicon.Def) {
	name := b.defName(b.document, def)
	s := spot{node: def.Node, key: b.document.ID + "#" + def.Name, name: name, rank: naming.Main, root: name, path: b.defPath(b.document, def)}
	id := b.document.ID
	if def.Name != "main" {
		id = s.key
		s.rank = naming.Definition
	}
	switch n := def.Node; n.Type {
	case "record":
		name := b.buildNSID(s, "is the collection of ["+s.name+"] records.")
		record := &Record{NSID: b.document.ID, Const: name, Key: n.Key}
		object := s
		object.node = n.Record
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
		b.declareType(s)
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

// buildNSID adds the constant with the document's NSID and returns its name. what follows the name in the comment.
func (b *builder) buildNSID(s spot, what string) string {
	name := b.derived(s, ":nsid", "NSID", s.name)
	b.add(&Const{Name: name, Value: b.document.ID, Doc: Doc{name + " " + what}})
	return name
}

func (b *builder) buildPermissionSet(s spot) {
	b.declareType(s)
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

// finishPackages adds to each package what depends on all its files: the imports, the names of the files and the
// package comment.
func (b *builder) finishPackages() {
	for _, pkg := range b.plan.Packages {
		for _, other := range b.grouped {
			if b.imports[pkg][other] {
				pkg.Imports = append(pkg.Imports, other)
			}
		}
		b.nameFiles(pkg)
		pkg.Doc = b.packageDoc(pkg)
	}
}

// nameFiles names each file after its document's last segment, in lower case, preceded by the words that the Go names of
// its namespace start with. A name that is taken gets a number. File names have
// no underscore, since that could restrict the file to one platform or to tests.
func (b *builder) nameFiles(pkg *Package) {
	taken := map[string]bool{"doc": true, "client": true}
	for _, file := range pkg.Files {
		name := strings.ToLower(lastSegment(file.Source))
		for _, word := range slices.Backward(b.prefixes[namespaceOf(file.Source)]) {
			name = strings.ToLower(word) + name
		}
		name = strings.NewReplacer("-", "", "_", "").Replace(name)
		unique := name
		for i := 2; taken[unique]; i++ {
			unique = fmt.Sprint(name, i)
		}
		taken[unique] = true
		file.Name = unique + ".go"
	}
}

// namespaceOf returns an NSID without its last segment, and lastSegment that segment.
func namespaceOf(nsid string) string { return nsid[:max(0, strings.LastIndexByte(nsid, '.'))] }

func lastSegment(nsid string) string { return nsid[strings.LastIndexByte(nsid, '.')+1:] }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func escapePointer(s string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(s)
}
