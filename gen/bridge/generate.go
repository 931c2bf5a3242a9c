package bridge

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/emit"
	"github.com/layers-pub/layers-go/gen/evolve"
	"github.com/layers-pub/layers-go/gen/install"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
	"github.com/layers-pub/layers-go/runtime/bridge"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Options are the options of [Generate].
type Options struct {
	// Dir is the directory of the package in the module, with slashes. It must not be one that lexgen generates into.
	Dir string
	// Version is the name of the old version in comments, such as "0.7".
	Version string
	// Rules are the rules for old fields, by NSID and by path. A path has the names of fields, separated by slashes,
	// with * for the items of arrays and =NSID#def for members of unions. The field "$type" stands for the NSID of the
	// record type. Missing rules are found automatically or become stubs.
	Rules map[string]map[string]Rule
}

// Output is generated source.
type Output struct {
	// Files are the files that lexgen keeps up to date, and Stubs those that it writes once, with functions to be
	// completed by hand.
	Files, Stubs []emit.File

	others []emit.File // the files of the packages that are imported, and those in the directory that were written by hand
}

// TypeCheck returns an error that lists what a compiler would reject in the package, together with the hand-written
// files in its directory. root is the root of the module.
func (o *Output) TypeCheck(ctx context.Context, root string) error {
	return gen.TypeCheck(ctx, root, slices.Concat(o.others, o.Files, o.Stubs))
}

// ErrNothing is the error of [Generate] if no record type lost a field, changed the type of a field or got a new NSID.
var ErrNothing = errors.New("no record type lost a field or changed a field's type")

// Generate generates the package in memory. The old documents are in the directories roots of old. The new documents,
// and the packages generated from them, are those of config, in the module whose root is fsys. If there is nothing to
// upgrade, the error is [ErrNothing].
func Generate(old fs.FS, roots []string, fsys fs.FS, config *gen.Config, options *Options) (*Output, error) {
	if !fs.ValidPath(options.Dir) || options.Dir == "." {
		return nil, fmt.Errorf("%q is not a clean path of a directory inside the module", options.Dir)
	}
	for _, dir := range config.Directories() {
		if options.Dir == dir || strings.HasPrefix(options.Dir, dir+"/") {
			return nil, fmt.Errorf("%s is in %s, where `lexgen generate` removes other files; choose another directory", options.Dir, dir)
		}
	}
	before, problems, err := evolve.Read(old, roots...)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, problems
	}
	copied := *config
	copied.IgnoreLock = true
	after, err := copied.Load(fsys)
	if err != nil {
		return nil, err
	}
	records, err := changed(before, after, options.Rules)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, ErrNothing
	}
	packages, err := gen.Source(after, &copied)
	if err != nil {
		return nil, err
	}
	current, err := evolve.API(packages)
	if err != nil {
		return nil, err
	}
	now := typesOf(current)
	names := make(map[string]string)
	for _, r := range records {
		names[r.old.ID+"#main"] = now[r.new.ID].Name
	}
	files, err := oldTypes(before, records, config.Module, options, names)
	if err != nil { // names that collide in one package
		if files, err = oldTypes(before, records, config.Module, options, nil); err != nil {
			return nil, err
		}
	}
	olds, err := evolve.API(files)
	if err != nil {
		return nil, err
	}
	g := &generator{options: options, records: records, module: config.Module, old: typesOf(olds), new: now}
	file, err := g.file()
	if err != nil {
		return nil, err
	}
	output := &Output{Files: append(files, emit.File{Path: options.Dir + "/bridge.go", Package: g.importPath(), Content: file}), others: packages}
	missing, err := g.missing(fsys, output)
	if err != nil {
		return nil, err
	}
	if stubs := g.stubs(missing); stubs != nil {
		output.Stubs = []emit.File{{Path: options.Dir + "/upgrade.go", Package: g.importPath(), Content: stubs}}
	}
	return output, nil
}

// oldTypes generates the types of the old records, and of what they need, as one package. The records get the given Go names.
func oldTypes(before *lexicon.Set, records []record, module string, options *Options, names map[string]string) ([]emit.File, error) {
	set := new(lexicon.Set)
	todo := make(map[string]bool)
	var add func(id string)
	add = func(id string) {
		d := before.Lookup(id)
		if d == nil || todo[id] {
			return
		}
		todo[id] = true
		set.Documents = append(set.Documents, d)
		for _, need := range install.Needs(d) {
			add(string(need))
		}
	}
	for _, r := range records {
		add(r.old.ID)
	}
	slices.SortFunc(set.Documents, func(a, b *lexicon.Document) int { return cmp.Compare(a.ID, b.ID) })
	packages := make(map[string]string)
	for _, d := range set.Documents {
		packages[authority(d.ID)+".*"] = options.Dir
	}
	no := false
	return gen.Source(set, &gen.Config{Module: module, Output: options.Dir, Packages: packages, Clients: &no, Names: names})
}

// authority returns the first two segments of an NSID.
func authority(id string) string {
	parts := strings.SplitN(id, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// typesOf returns the Go type of each record type, by NSID. A record type is recognized by its constant NSIDName, whose
// value is the NSID; Name is the type.
func typesOf(symbols []evolve.Symbol) map[string]evolve.Symbol {
	types := make(map[string]evolve.Symbol)
	for _, s := range symbols {
		name, found := strings.CutPrefix(s.Name, "NSID")
		if found && s.Type == strconv.Quote(s.NSID) {
			types[s.NSID] = evolve.Symbol{Package: s.Package, Name: name, NSID: s.NSID}
		}
	}
	return types
}

// generator writes bridge.go.
type generator struct {
	options  *Options
	records  []record
	module   string
	old, new map[string]evolve.Symbol
	b        bytes.Buffer
}

func (g *generator) importPath() string { return g.module + "/" + g.options.Dir }

func (g *generator) printf(format string, arguments ...any) { fmt.Fprintf(&g.b, format, arguments...) }

const runtime = "github.com/layers-pub/layers-go/runtime/"

// file returns the content of bridge.go.
func (g *generator) file() ([]byte, error) {
	imports := map[string]string{runtime + "bridge": "bridge", runtime + "lex": "lex", runtime + "syntax": "syntax", runtime + "rec": "rec"}
	taken := map[string]bool{"bridge": true, "lex": true, "syntax": true, "rec": true}
	for _, r := range g.records {
		p := g.new[r.new.ID].Package
		if p == "" || g.old[r.old.ID].Name == "" {
			return nil, fmt.Errorf("%s: it has no Go type", r.new.ID)
		}
		if imports[p] == "" {
			name := strings.ReplaceAll(path.Base(p), "-", "")
			for i := 2; taken[name]; i++ {
				name = path.Base(path.Dir(p)) + path.Base(p)
				if taken[name] {
					name += strconv.Itoa(i)
				}
			}
			taken[name], imports[p] = true, name
		}
	}
	g.printf("%s\n\npackage %s\n\nimport (\n", emit.Header, path.Base(g.options.Dir))
	paths := make([]string, 0, len(imports))
	for p := range imports {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		if imports[p] == path.Base(p) {
			g.printf("%q\n", p)
		} else {
			g.printf("%s %q\n", imports[p], p)
		}
	}
	g.printf(")\n\n")
	for _, r := range g.records {
		g.record(r, imports)
	}
	g.lookup(imports)
	return format.Source(g.b.Bytes())
}

// record writes the variable with the rules of a record type, and the function that upgrades a record.
func (g *generator) record(r record, imports map[string]string) {
	old, current := g.old[r.old.ID].Name, imports[g.new[r.new.ID].Package]+"."+g.new[r.new.ID].Name
	var names []string
	for _, f := range r.fields {
		names = append(names, f.key())
	}
	if len(names) == 0 {
		names = []string{"none"}
	}
	g.printf("// %sBridge says what becomes of the fields of %s records\n// that only version %s has: %s.\n", old, r.old.ID, g.options.Version, strings.Join(names, " and "))
	if r.old.ID != r.new.ID {
		g.printf("// The records are %s records now.\n", r.new.ID)
	}
	g.printf("var %sBridge = &bridge.Record{\nCollection: NSID%s,\nFields: []bridge.Field{\n", old, old)
	for _, f := range r.fields {
		g.printf("{")
		if len(f.path) > 0 {
			g.printf("Path: %s, ", pathSource(f.path))
		}
		g.printf("Name: %q, ", f.name)
		if f.kind != "" {
			g.printf("Kind: lex.%s, ", f.kind)
		}
		switch {
		case f.rule.Rename != "":
			g.printf("Rule: bridge.Rename(%q)},\n", f.rule.Rename)
		case f.rule.Prepend != "":
			g.printf("Rule: bridge.Prepend(%q)},\n", f.rule.Prepend)
		case f.rule.Wrap != "":
			g.printf("Rule: bridge.Wrap(%q, %q)},\n", f.name, f.rule.Wrap)
		case f.rule.Type != "":
			g.printf("Rule: bridge.Retype(%q)},\n", f.rule.Type)
		case f.rule.List != "":
			g.printf("Rule: bridge.List(%q)},\n", f.rule.List)
		case f.rule.Text != "":
			g.printf("Rule: bridge.Text(%q)},\n", f.rule.Text)
		default:
			g.printf("Rule: %s},\n", f.rule.Func)
		}
	}
	g.printf("},\n")
	if g.renamed() {
		g.printf("Collections: collections,\n")
	}
	g.printf("Old: func() lex.Record { return new(%s) },\nNew: func() lex.Record { return new(%s) },\n}\n\n", old, current)
	g.printf("// Upgrade%s returns a record as the current version has it, and what becomes of the fields that only version\n"+
		"// %s has. It does not modify old. If the upgraded record is not valid, the error is an *issue.Error, and the\n// record is returned, too.\n", old, g.options.Version)
	g.printf("func Upgrade%s(old *%s) (*%s, bridge.Moves, error) {\nreturn bridge.Upgrade[%s](%sBridge, old)\n}\n\n", old, old, current, current, old)
}

// lookup writes the functions Lookup and Decode and, if a record type has a new NSID, References and Redirect.
func (g *generator) lookup(imports map[string]string) {
	g.printf("// Lookup returns what becomes of the records of a collection that changed since version %s. It reports false for\n// other collections.\n", g.options.Version)
	g.printf("func Lookup(collection syntax.NSID) (*bridge.Record, bool) {\nswitch collection {\n")
	for _, r := range g.records {
		old := g.old[r.old.ID].Name
		g.printf("case NSID%s:\nreturn %sBridge, true\n", old, old)
	}
	g.printf("}\nreturn nil, false\n}\n\n")
	g.printf("// Decode decodes a record of version %s: one of a collection that [Lookup] knows, with a field that only that\n"+
		"// version has. Otherwise it reports false. The error is that of [lex.DecodeCBOR], with which the record is\n// returned, too.\n", g.options.Version)
	g.printf("func Decode(e *rec.Envelope) (record lex.Record, old bool, err error) { return bridge.Decode(e, Lookup) }\n")
	if !g.renamed() {
		return
	}
	g.printf("\n// collections are those that have another NSID since version %s.\nvar collections = bridge.Collections{\n", g.options.Version)
	for _, r := range g.records {
		if r.old.ID != r.new.ID {
			g.printf("NSID%s: %s.NSID%s,\n", g.old[r.old.ID].Name, imports[g.new[r.new.ID].Package], g.new[r.new.ID].Name)
		}
	}
	g.printf("}\n\n// References returns the at-uris in a record, of whatever type, that lead to collections which have another NSID\n// since version %s. Those in records of\n"+
		"// that version are also among what Upgrade functions return.\n", g.options.Version)
	g.printf("func References(record lex.Encodable) ([]bridge.Reference, error) {\nreturn bridge.References(record, collections)\n}\n\n")
	g.printf("// Redirect returns a record, of whatever type, whose references lead to the collections of today; see [bridge.Redirect].\n" +
		"func Redirect[T any, P bridge.Pointer[T]](record P, cidOf func(bridge.Reference) (syntax.CID, bool)) (*T, error) {\n" +
		"return bridge.Redirect[T, P](record, collections, cidOf)\n}\n")
}

// renamed reports whether a record type has another NSID in the new version.
func (g *generator) renamed() bool {
	return slices.ContainsFunc(g.records, func(r record) bool { return r.old.ID != r.new.ID })
}

// missing returns the functions that rules name and that no hand-written file of the package declares, each with the
// field that it is for. It adds the hand-written files to output.
func (g *generator) missing(fsys fs.FS, output *Output) (map[string]string, error) {
	functions := make(map[string]string)
	for _, r := range g.records {
		for _, f := range r.fields {
			if f.rule.Func != "" {
				functions[f.rule.Func] = f.key()
			}
		}
	}
	files, err := fs.Glob(fsys, g.options.Dir+"/*.go")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		content, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, content, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		if strings.HasSuffix(name, "_test.go") || bytes.HasPrefix(content, []byte(emit.Header)) {
			continue
		}
		output.others = append(output.others, emit.File{Path: name, Package: g.importPath(), Content: content})
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				delete(functions, f.Name.Name)
			}
		}
	}
	return functions, nil
}

// stubs returns a file with stubs of the given functions, which the user completes, or nil if there are none.
func (g *generator) stubs(functions map[string]string) []byte {
	if len(functions) == 0 {
		return nil
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "package %s\n\nimport (\n\"errors\"\n\n%q\n)\n", path.Base(g.options.Dir), runtime+"lex")
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		fmt.Fprintf(&b, "\n// %s moves %s of version %s within the object that had it, from which it has\n"+
			"// been removed, and returns the JSON pointer of its new place there. An error leaves it where it is.\n", name, functions[name], g.options.Version)
		if strings.HasSuffix("/"+functions[name], "/*") {
			b.WriteString("// For an item of an array, the object is empty, and the new item is its field \"*\".\n")
		}
		fmt.Fprintf(&b, "func %s(object *lex.Map, value lex.Value) (to string, err error) {\nreturn \"\", errors.New(\"no rule yet\")\n}\n", name)
	}
	content, err := format.Source(b.Bytes())
	if err != nil {
		return b.Bytes()
	}
	return content
}

// pathSource returns a path as a Go expression.
func pathSource(path []string) string {
	var steps []string
	for _, step := range path {
		text := strconv.Quote(step)
		if ways := bridge.Repeated(step); ways != nil {
			var list []string
			for _, way := range ways {
				list = append(list, pathSource(way))
			}
			text = "bridge.Repeat(" + strings.Join(list, ", ") + ")"
		}
		steps = append(steps, text)
	}
	return "[]string{" + strings.Join(steps, ", ") + "}"
}

// goName returns a Go name for a field, made of the document's name, the path to the field and the field's name.
func goName(id string, f *field) string {
	words := []string{syntax.NSID(id).Name()}
	for _, step := range append(slices.Clone(f.path), f.name) {
		if typ, member := strings.CutPrefix(step, "="); member {
			typ, _, _ = strings.Cut(typ, "|")
			step = typ[strings.LastIndexAny(typ, ".#")+1:]
		} else if step == "*" {
			step = "item"
		}
		words = append(words, step)
	}
	return naming.GoName(words...)
}
