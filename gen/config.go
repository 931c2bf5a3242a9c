package gen

import (
	"bytes"
	"errors"
	"fmt"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/layers-pub/layers-go/gen/lexfile"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
	"github.com/layers-pub/layers-go/gen/plan"
)

// ConfigFile is the usual name of a configuration file. The file is in the root of the module or, if it is for only a
// part of the module, in a directory below the root.
const ConfigFile = "lexgen.json"

// maxConfigSize is the largest configuration that is read, in bytes.
const maxConfigSize = 4 << 20

// Config says which documents are read, and where the generated packages go. All paths are relative to the
// module's root and use slashes.
type Config struct {
	// Lexicons are the directories with the documents.
	Lexicons []string `json:"lexicons"`
	// Overrides are those directories in Lexicons whose documents replace documents with the same NSID in the others.
	Overrides []string `json:"overrides,omitzero"`
	// Opaque accepts references to missing documents.
	Opaque bool `json:"opaque,omitzero"`
	// Module is the path of the module.
	Module string `json:"module"`
	// Output is the directory for the packages that Packages does not place.
	Output string `json:"output"`
	// Packages maps namespaces to directories; see [plan.Options].
	Packages map[string]string `json:"packages,omitzero"`
	// Raw keeps values of type unknown as the bytes that were read; see [plan.Options].
	Raw bool `json:"raw,omitzero"`
	// Purposes maps namespaces to phrases that say what they are for; see [plan.Options].
	Purposes map[string]string `json:"purposes,omitzero"`
	// Records is the directory of the package that lists every collection; if it is empty there is no such package.
	Records string `json:"records,omitzero"`
	// Names overrides the Go names that the rules give; see [plan.Options].
	Names map[string]string `json:"names,omitzero"`

	// Import maps namespaces to the Go packages or modules that have their code: refs into such a namespace, or one
	// below it, use the types there, whose names are in the name lock of that module. No code is generated for these
	// namespaces.
	Import map[string]string `json:"import,omitzero"`
	// Include, if it is not empty, lists NSIDs, or namespaces followed by ".*". Code is generated only for these and
	// the definitions that they refer to.
	Include []string `json:"include,omitzero"`
	// Clients says whether clients are generated; the default is true.
	Clients *bool `json:"clients,omitzero"`
	// Servers adds, for each package with calls, another package with an interface and a handler for servers.
	Servers bool `json:"servers,omitzero"`
	// Lock is the directory of the lockfiles; if it is empty each directory with lexicons has its own, and the name lock is
	// in the first of them. If there are several directories with lexicons, their lockfiles are in directories of the same
	// paths below Lock.
	Lock string `json:"lock,omitzero"`
	// OnError says how faults in documents are treated: "fail" makes them errors, and "skip" leaves out the faulty
	// parts or makes them opaque.
	OnError Levels `json:"onError,omitzero"`
	// Lint says how warnings about a namespace are treated: "off", "warn" or "error".
	Lint Levels `json:"lint,omitzero"`
	// Schema names the JSON Schema of the file, for editors.
	Schema string `json:"$schema,omitzero"`

	// Rename accepts that exported names of the name lock change or move. It is not part of the file.
	Rename bool `json:"-"`
	// Earlier is the name lock to follow if [Config.Load] finds none. It is not part of the file.
	Earlier *naming.Lock `json:"-"`
	// IgnoreLock loads documents that differ from their lockfile. It is not part of the file: a caller that
	// sets it is expected to call [Config.WriteLocks] once the result is accepted.
	IgnoreLock bool `json:"-"`

	file  string
	names *naming.Lock // the name lock, nil if there is none
	// imports are the modules that ReadImports found.
	imports []importedModule
}

// ReadConfig reads a configuration from the file called name in the module whose root is root. It is strict: an unknown
// member, a duplicate one, or a path that is not clean or leads out of the module is an error that names the place.
func ReadConfig(root fs.FS, name string) (*Config, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfigSize+1))
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // some editors begin files with a byte order mark
	if len(data) > maxConfigSize {
		return nil, lexicon.Problems{{File: name, Message: fmt.Sprintf("larger than the limit of %d bytes", maxConfigSize)}}
	}
	config := &Config{file: name}
	if err := json.Unmarshal(data, config, json.RejectUnknownMembers(true)); err != nil {
		return nil, lexicon.Problems{configProblem(name, data, err)}
	}
	if problems := config.check(); len(problems) > 0 {
		return nil, problems
	}
	return config, nil
}

// configProblem returns the problem for a configuration that json.Unmarshal rejected with err. It names the member or
// the line of data that is wrong.
func configProblem(file string, data []byte, err error) lexicon.Problem {
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		message := fmt.Sprintf("a JSON %s is not allowed here", semantic.JSONKind)
		if errors.Is(err, json.ErrUnknownName) {
			message = "unknown setting; the settings are " + settings()
		}
		return lexicon.Problem{File: file, Pointer: string(semantic.JSONPointer), Message: message}
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		line := 1 + strings.Count(string(data[:min(int64(len(data)), syntactic.ByteOffset)]), "\n")
		return lexicon.Problem{File: file, Pointer: string(syntactic.JSONPointer), Message: fmt.Sprintf("line %d: %v", line, syntactic.Err)}
	}
	return lexicon.Problem{File: file, Message: err.Error()}
}

// settings returns the names of all members that a configuration can have, as a list for error messages.
func settings() string {
	var names []string
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// Levels maps namespaces to settings. The setting of the longest namespace that contains a document applies; the empty
// string stands for all others. In JSON it is an object, or one value for all namespaces.
type Levels map[string]string

// UnmarshalJSON reads an object or a string.
func (l *Levels) UnmarshalJSON(data []byte) error {
	var all string
	if json.Unmarshal(data, &all) == nil {
		*l = Levels{"": all}
		return nil
	}
	return json.Unmarshal(data, (*map[string]string)(l))
}

// of returns the setting for the document with the given NSID.
func (l Levels) of(nsid string) string {
	value, longest := l[""], 0
	for namespace, v := range l {
		if strings.HasPrefix(nsid, namespace+".") && len(namespace) > longest || nsid == namespace {
			value, longest = v, len(namespace)
		}
	}
	return value
}

// check calls report for each value in l that is not one of those allowed. name is the name of the setting in the
// configuration.
func (l Levels) check(report func(pointer, format string, arguments ...any), name string, allowed ...string) {
	for _, namespace := range slices.Sorted(maps.Keys(l)) {
		if value := l[namespace]; !slices.Contains(allowed, value) {
			pointer := "/" + name
			if namespace != "" {
				pointer += "/" + namespace
			}
			report(pointer, "%q is not one of %s", value, strings.Join(allowed, ", "))
		}
	}
}

func (c *Config) check() lexicon.Problems {
	var problems lexicon.Problems
	report := func(pointer, format string, arguments ...any) {
		problems = append(problems, lexicon.Problem{File: c.file, Pointer: pointer, Message: fmt.Sprintf(format, arguments...)})
	}
	directory := func(pointer, dir string) {
		if !fs.ValidPath(dir) {
			report(pointer, "%q is not a clean path inside the module, such as \"layers\"", dir)
		}
	}
	goPackage := func(pointer, dir string) {
		directory(pointer, dir)
		if fs.ValidPath(dir) && !token.IsIdentifier(path.Base(dir)) {
			report(pointer, "%q is not a valid name for a Go package", path.Base(dir))
		}
	}
	if len(c.Lexicons) == 0 {
		report("/lexicons", "name at least one directory with lexicon documents")
	}
	for i, dir := range c.Lexicons {
		directory(fmt.Sprintf("/lexicons/%d", i), dir)
	}
	for i, dir := range c.Overrides {
		if !slices.Contains(c.Lexicons, dir) {
			report(fmt.Sprintf("/overrides/%d", i), "%q is not one of the directories under \"lexicons\"", dir)
		}
	}
	if c.Module == "" || strings.ContainsAny(c.Module, " \t\n\"\\") {
		report("/module", "missing module path; use the one in go.mod")
	}
	directory("/output", c.Output)
	for _, namespace := range slices.Sorted(maps.Keys(c.Packages)) {
		goPackage("/packages/"+namespace, c.Packages[namespace])
	}
	if c.Records != "" {
		goPackage("/records", c.Records)
	}
	if c.Lock != "" {
		directory("/lock", c.Lock)
	}
	for _, namespace := range slices.Sorted(maps.Keys(c.Import)) {
		if name := c.Import[namespace]; name == "" || strings.ContainsAny(name, " \t\n\"\\") {
			report("/import/"+namespace, "%q is not the import path of a Go package", name)
		}
	}
	c.OnError.check(report, "onError", "fail", "skip")
	c.Lint.check(report, "lint", "off", "warn", "error")
	return problems
}

// planOptions returns the options for [plan.New].
func (c *Config) planOptions() plan.Options {
	return plan.Options{
		File: c.file, LockFile: c.NamesFile(), Module: c.Module, Output: c.Output,
		Lock: c.names, Rename: c.Rename, Imports: c.importLocks(), NoClients: c.Clients != nil && !*c.Clients, Servers: c.Servers,
		Packages: c.Packages, Raw: c.Raw, Purposes: c.Purposes, Records: c.Records, Names: c.Names,
	}
}

// LockFile returns the path of the lockfile of dir, a directory with lexicons. Both paths are relative to the root of
// the module.
func (c *Config) LockFile(dir string) string {
	switch {
	case c.Lock == "":
		return path.Join(dir, lexicon.LockFile)
	case len(c.Lexicons) == 1:
		return path.Join(c.Lock, lexicon.LockFile)
	}
	return path.Join(c.Lock, dir, lexicon.LockFile)
}

// NamesFile returns the path of the name lock, relative to the root of the module.
func (c *Config) NamesFile() string {
	dir := c.Lock
	if dir == "" && len(c.Lexicons) > 0 {
		dir = c.Lexicons[0]
	}
	return path.Join(dir, naming.LockFile)
}

// Load loads and checks the documents in the directories that the configuration names; root is the root of the module.
// Load also reads the name lock, so that [Source] keeps the names in it.
func (c *Config) Load(root fs.FS) (*lexicon.Set, error) {
	var err error
	if c.names, err = c.ReadNames(root); err != nil {
		return nil, err
	}
	if c.names == nil {
		c.names = c.Earlier
	}
	options := lexicon.Options{Opaque: c.Opaque, Overrides: c.Overrides, IgnoreLock: c.IgnoreLock, Lock: c.LockFile, Include: c.Include}
	for _, i := range c.imports {
		options.Imports = append(options.Imports, i.documents())
	}
	if len(c.OnError) > 0 {
		options.Skip = func(nsid string) bool { return c.OnError.of(nsid) == "skip" }
	}
	set, err := options.Load(root, c.Lexicons...)
	if problems, ok := errors.AsType[lexicon.Problems](err); ok {
		for i := range problems {
			if problems[i].File == "" {
				problems[i].File, problems[i].Pointer = c.file, "/include"
			}
		}
	}
	return set, err
}

// ReadNames reads the name lock. It returns nil if there is none.
func (c *Config) ReadNames(root fs.FS) (*naming.Lock, error) { return readNames(root, c.NamesFile()) }

func readNames(root fs.FS, name string) (*naming.Lock, error) {
	f, err := root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("name lock: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, naming.MaxLockSize+1))
	if err != nil {
		return nil, fmt.Errorf("name lock: %w", err)
	}
	if len(data) > naming.MaxLockSize {
		return nil, lexicon.Problems{{File: name, Message: fmt.Sprintf("larger than the limit of %d bytes", naming.MaxLockSize)}}
	}
	lock, err := naming.ParseLock(data)
	if err != nil {
		return nil, lexicon.Problems{{File: name, Message: err.Error()}}
	}
	return lock, nil
}

// LintSet returns the warnings of [lexicon.Lint] about set. The setting "lint" decides which of them are warnings,
// which are problems, and which are left out.
func (c *Config) LintSet(set *lexicon.Set) (warnings, problems lexicon.Problems) {
	ids := make(map[string]string)
	for _, document := range set.Documents {
		ids[document.File] = document.ID
	}
	for _, problem := range lexicon.Lint(set) {
		switch c.Lint.of(ids[problem.File]) {
		case "off":
		case "error":
			problems = append(problems, problem)
		default:
			warnings = append(warnings, problem)
		}
	}
	return warnings, problems
}

// CheckLocks returns the changes that [Config.WriteLocks] would make.
func (c *Config) CheckLocks(root string) ([]Change, error) {
	var changes []Change
	for _, dir := range c.Lexicons {
		file := c.LockFile(dir)
		want, err := lexicon.Lock(os.DirFS(root), dir, file)
		if err != nil {
			return changes, err
		}
		have, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			changes = append(changes, Change{Path: file, Kind: Create})
		case err != nil:
			return changes, err
		case !bytes.Equal(lexfile.UnixLines(have), want):
			changes = append(changes, Change{Path: file, Kind: Update})
		}
	}
	return changes, nil
}

// WriteLocks updates the lockfile of each directory with documents, and creates it if it does not exist.
// It returns the paths of the lockfiles that changed, relative to root.
func (c *Config) WriteLocks(root string) ([]string, error) {
	var changed []string
	for _, dir := range c.Lexicons {
		wrote, err := lexicon.WriteLock(root, dir, c.LockFile(dir))
		if err != nil {
			return changed, err
		}
		if wrote {
			changed = append(changed, c.LockFile(dir))
		}
	}
	return changed, nil
}

// Directories returns the directories that generated files can be in, without those that are inside another one of
// them. [Output.Write] removes files with lexgen's header from these directories if they are no longer generated.
func (c *Config) Directories() []string {
	list := []string{c.Output}
	for _, dir := range c.Packages {
		list = append(list, dir)
	}
	if c.Records != "" {
		list = append(list, c.Records)
	}
	slices.Sort(list)
	var outer []string
	for _, dir := range list {
		inside := slices.ContainsFunc(outer, func(o string) bool { return o == "." || dir == o || strings.HasPrefix(dir, o+"/") })
		if !inside {
			outer = append(outer, dir)
		}
	}
	return outer
}
