package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/bridge"
)

// bridgeRules is the content of a file of rules, which the flag --rules names.
type bridgeRules struct {
	// Old is the old version: a directory, relative to the root of the module, or a git revision.
	Old string `json:"old"`
	// Output is the directory of the package, relative to the root of the module.
	Output string `json:"output"`
	// Version is the name of the old version in comments.
	Version string `json:"version"`
	// Rules are the rules for old fields, by NSID and path; see [bridge.Options].
	Rules map[string]map[string]bridge.Rule `json:"rules,omitzero"`
}

func bridgeCommand(s *settings) *cobra.Command {
	var file string
	var check bool
	flags := bridgeRules{}
	command := &cobra.Command{
		Use:   "bridge [old [new]]",
		Short: "Write a package for records of an older version",
		Long: `Bridge writes a package for the record types that lost fields, or whose fields changed
their types, since an older version of the documents. The package has the old types
and functions that upgrade their records to the current types. old is a directory with
documents or a git revision; new is the directory with the current documents, and can
be left out, since the configuration names it.

Bridge finds the obvious rules itself: for a field that was renamed, that became an
array whose name is the plural, that became an array of the same name, or whose integer
became a string; in the record and in the objects, arrays and unions below it; and for
a record type with a new NSID. For every other field it writes a stub of a function into
upgrade.go, once, for you to fill in. The package is type-checked together with your
functions before a file is written. A file of rules (--rules), in JSON, sets the other
rules; fields are named by paths, with * for the items of arrays and =NSID#def for
members of unions:

  {
    "old": "v1/lexicons", "output": "v1", "version": "1.0",
    "rules": {"com.example.app.note": {
      "by":    {"rename": "author"},
      "lang":  {"prepend": "langs"},
      "cite":  {"wrap": "text"},
      "count": {"text": "count"},
      "place": {"list": "place"},
      "spans/*/where": {"func": "upgradeWhere"},
      "$type": {"rename": "com.example.app.memo"}
    }}
  }

With --check it writes nothing, and exits with status 1 if files are out of date.`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			rules := flags
			if file != "" {
				read, err := readRules(file)
				if err != nil {
					return failure{err}
				}
				rules = *read
				if flags.Output != "" {
					rules.Output = flags.Output
				}
				if flags.Version != "" {
					rules.Version = flags.Version
				}
			}
			if len(args) > 0 {
				rules.Old = args[0]
			}
			if rules.Old == "" || rules.Output == "" {
				return errors.New("name the old version as an argument, and the directory of the package with --output")
			}
			if rules.Version == "" {
				rules.Version = rules.Old
			}
			return s.bridge(command, &rules, args, check)
		},
	}
	command.Flags().StringVar(&file, "rules", "", "the `file` of rules")
	command.Flags().StringVar(&flags.Output, "output", "", "the `directory` of the package, relative to the root of the module")
	command.Flags().StringVar(&flags.Version, "version", "", "the `name` of the old version in comments")
	command.Flags().BoolVar(&check, "check", false, "only list files that are out of date")
	return command
}

func readRules(name string) (*bridgeRules, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	rules := new(bridgeRules)
	if err := json.Unmarshal(data, rules, json.RejectUnknownMembers(true)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rules, nil
}

// bridge writes the package that rules describe or, if check is true, lists the files that are out of date. args are
// the arguments of the command.
func (s *settings) bridge(command *cobra.Command, rules *bridgeRules, args []string, check bool) error {
	ctx, root := command.Context(), s.root()
	config, err := s.read()
	if err != nil {
		return failure{err}
	}
	if len(args) > 1 {
		named, err := filepath.Abs(args[1])
		if err != nil {
			return failure{err}
		}
		if !slices.ContainsFunc(config.Lexicons, func(dir string) bool { return filepath.Join(absolute(root), filepath.FromSlash(dir)) == named }) {
			return failure{fmt.Errorf("%s is not a lexicon directory of the configuration, whose types the records are upgraded to", args[1])}
		}
	}
	if err := config.ReadImports(ctx, root); err != nil {
		return failure{err}
	}
	old := rules.Old
	if len(args) == 0 && fs.ValidPath(old) {
		if dir := filepath.Join(root, filepath.FromSlash(old)); isDirectory(dir) {
			old = dir
		}
	}
	before, err := s.side(ctx, old)
	if err != nil {
		return failure{err}
	}
	output, err := bridge.Generate(before.fsys, before.roots, os.DirFS(root), config,
		&bridge.Options{Dir: rules.Output, Version: rules.Version, Rules: rules.Rules})
	if err != nil {
		return failure{err}
	}
	if err := output.TypeCheck(ctx, root); err != nil {
		return failure{err}
	}
	files := gen.NewOutput([]string{rules.Output}, output.Files...)
	var changes []gen.Change
	if check {
		changes, err = files.Check(root)
	} else {
		changes, err = files.Write(root)
	}
	if err != nil {
		return failure{err}
	}
	printChanges(command, changes)
	if check && len(changes) > 0 {
		return failure{fmt.Errorf("%s out of date; run `lexgen bridge`", plural(len(changes), "file"))}
	}
	for _, stub := range output.Stubs {
		name := filepath.Join(root, filepath.FromSlash(stub.Path))
		if _, err := os.Stat(name); check || !errors.Is(err, fs.ErrNotExist) {
			return failure{fmt.Errorf("%s lacks functions that the rules name:\n%s", filepath.Dir(name), stub.Content)}
		}
		if err := createFile(command, name, string(stub.Content)); err != nil {
			return err
		}
	}
	return nil
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func absolute(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}
