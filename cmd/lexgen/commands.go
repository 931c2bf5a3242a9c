package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/lexicon"
	"github.com/layers-pub/layers-go/gen/naming"
)

// settings are the flags that all commands share.
type settings struct {
	config string
	rename bool
}

// root returns the root of the module that the configuration is in: the nearest directory with a go.mod, starting at the
// configuration's own, or that directory itself if there is none.
func (s *settings) root() string {
	own := filepath.Dir(s.config)
	dir, err := filepath.Abs(own)
	if err != nil {
		return own
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}

// findConfig returns the path of the configuration in the working directory or the nearest directory above it that has one. If
// there is none it returns that in the working directory.
func findConfig() string {
	dir, err := os.Getwd()
	if err != nil {
		return gen.ConfigFile
	}
	for at := dir; ; at = filepath.Dir(at) {
		name := filepath.Join(at, gen.ConfigFile)
		if _, err := os.Stat(name); err == nil {
			return name
		}
		if at == filepath.Dir(at) {
			return gen.ConfigFile
		}
	}
}

// configPath returns the path of the configuration relative to the root of the module, with slashes.
func (s *settings) configPath() (string, error) {
	name, err := filepath.Abs(s.config)
	if err == nil {
		name, err = filepath.Rel(s.root(), name)
	}
	return filepath.ToSlash(name), err
}

// read reads the configuration.
func (s *settings) read() (*gen.Config, error) {
	name, err := s.configPath()
	if err != nil {
		return nil, err
	}
	config, err := gen.ReadConfig(os.DirFS(s.root()), name)
	if err == nil {
		config.Rename = s.rename
	}
	return config, err
}

// outputFlags adds the flags of commands that generate. Prove is the default of --prove.
func (s *settings) outputFlags(command *cobra.Command, prove bool) *cobra.Command {
	command.Flags().Bool("prove", prove, "decode and encode samples of every definition with the generated code, before anything is written")
	command.Flags().BoolVar(&s.rename, "rename", false, "accept that exported Go names of the name lock change or move")
	return command
}

func rootCommand() *cobra.Command {
	s := new(settings)
	command := &cobra.Command{
		Use:               "lexgen",
		Short:             "Generate Go packages from AT Protocol lexicons",
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
		Args:              cobra.NoArgs,
		PersistentPreRun: func(command *cobra.Command, _ []string) {
			if !command.Flags().Changed("config") {
				s.config = findConfig()
			}
		},
		RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("missing command: new, generate, check, lint, lock, diff, install, pull, update, publish, status or bridge")
		},
	}
	command.PersistentFlags().StringVar(&s.config, "config", gen.ConfigFile, "the configuration `file`, in the root of the module or below it; its paths are relative to the root. Without the flag it is the nearest one in the working directory or above")
	command.AddCommand(generateCommand(s), checkCommand(s), lintCommand(s), lockCommand(s), diffCommand(s),
		installCommand(s), pullCommand(s), updateCommand(s), publishCommand(s), statusCommand(s), newCommand(s), bridgeCommand(s))
	return command
}

func generateCommand(s *settings) *cobra.Command {
	return s.outputFlags(&cobra.Command{
		Use:   "generate",
		Short: "Generate the packages",
		Long: `Generate writes the packages that the configuration describes. It type-checks
the whole output before it writes a file. It replaces only the files that have
changed, and removes files of earlier runs that are no longer generated. It never
overwrites a file that lexgen did not write. At the end it updates the lockfiles
of the directories with lexicons, and prints the changes of the documents with the
verdicts of diff.

The name lock, lexgen.names, records every exported Go name. Later runs keep these
names. A run that cannot keep them fails and lists the names that would change;
--rename accepts the changes.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := s.read()
			if err != nil {
				return failure{err}
			}
			config.IgnoreLock = true
			output, err := s.generate(command, config)
			if err != nil {
				return failure{err}
			}
			defer printSkipped(command, output.Skipped)
			names, err := s.names(config)
			if err != nil {
				return failure{err}
			}
			changes, err := output.Write(s.root())
			if err != nil {
				return failure{err}
			}
			printChanges(command, changes)
			judged, err := s.lock(command, config, names)
			if err != nil {
				return err
			}
			if !judged {
				printGone(command, names, output.Names.Content)
			}
			fmt.Fprintf(command.ErrOrStderr(), "%d files, %d changed\n", len(output.Files), len(changes))
			return nil
		},
	}, false)
}

func checkCommand(s *settings) *cobra.Command {
	breaking, base := false, ""
	command := s.outputFlags(&cobra.Command{
		Use:   "check",
		Short: "List what generate would change",
		Long: `Check generates in memory and lists the files, lockfiles included, that generate
would create, change or remove. It exits with status 1 if there are any.

With --breaking it instead compares the documents with an earlier revision, and
exits with status 1 if a change breaks the rules of lexicon evolution: see diff. The
revision is that of --base. Without --base it is HEAD if the documents differ from
it, and otherwise the first parent of HEAD; if HEAD is a merge commit, that is the
target branch.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if breaking || base != "" {
				return s.checkBreaking(command, base)
			}
			config, err := s.read()
			if err != nil {
				return failure{err}
			}
			config.IgnoreLock = true // a changed document shows as a change of the code generated from it
			output, err := s.generate(command, config)
			if err != nil {
				return failure{err}
			}
			changes, err := output.Check(s.root())
			if err != nil {
				return failure{err}
			}
			locks, err := config.CheckLocks(s.root())
			changes = append(changes, locks...)
			printChanges(command, changes)
			if err != nil {
				return failure{err}
			}
			if len(changes) > 0 {
				return failure{fmt.Errorf("%d files are out of date; run `lexgen generate`", len(changes))}
			}
			return nil
		},
	}, true)
	command.Flags().BoolVar(&breaking, "breaking", false, "fail if a change since an earlier revision breaks the rules of lexicon evolution")
	command.Flags().StringVar(&base, "base", "", "the `revision` that --breaking compares with")
	return command
}

// generate generates the packages in memory and, if the flag --prove is set, proves the result.
func (s *settings) generate(command *cobra.Command, config *gen.Config) (*gen.Output, error) {
	output, err := gen.Generate(command.Context(), s.root(), config)
	if err != nil {
		return nil, err
	}
	if prove, err := command.Flags().GetBool("prove"); err != nil || !prove {
		return output, err
	}
	return output, output.Prove(command.Context(), s.root())
}

// printSkipped prints the faults of documents that were ignored.
func printSkipped(command *cobra.Command, skipped lexicon.Problems) {
	if len(skipped) > 0 {
		fmt.Fprintf(command.ErrOrStderr(), "%d faults were ignored:\n%v\n", len(skipped), skipped)
	}
}

// printChanges lists changes on standard output.
func printChanges(command *cobra.Command, changes []gen.Change) {
	for _, c := range changes {
		fmt.Fprintf(command.OutOrStdout(), "%s %s\n", c.Kind, c.Path)
	}
}

func lintCommand(s *settings) *cobra.Command {
	strict := false
	command := &cobra.Command{
		Use:   "lint [directory...]",
		Short: "Check the documents for mistakes",
		Long: `Lint checks the documents in the directories and below them or, without
arguments, those of the configuration. It reports what the Lexicon specification
forbids, which is an error, and warns of what it allows but is probably a mistake.
The setting "lint" of the configuration sets, for each namespace, how warnings are
treated: "off", "warn" or "error". Lint exits with status 1 if there is an error or,
with --strict, a warning.`,
		RunE: func(command *cobra.Command, directories []string) error {
			config, set, err := s.load(command.Context(), directories)
			if err != nil {
				return failure{err}
			}
			warnings, problems := config.LintSet(set)
			for _, problem := range problems {
				fmt.Fprintln(command.OutOrStdout(), problem.Error())
			}
			for _, problem := range warnings {
				fmt.Fprintln(command.OutOrStdout(), "warning: "+problem.Error())
			}
			printSkipped(command, set.Skipped)
			if len(problems) > 0 || strict && len(warnings) > 0 {
				return errFound
			}
			return nil
		},
	}
	command.Flags().BoolVar(&strict, "strict", false, "exit with status 1 if there are warnings")
	return command
}

// load loads the documents in directories or, if it is empty, those of the configuration. For directories it returns an
// empty configuration.
func (s *settings) load(ctx context.Context, directories []string) (*gen.Config, *lexicon.Set, error) {
	if len(directories) > 0 {
		for i, dir := range directories {
			directories[i] = filepath.ToSlash(filepath.Clean(dir))
		}
		set, err := lexicon.Load(os.DirFS("."), directories...)
		return new(gen.Config), set, err
	}
	config, err := s.read()
	if err != nil {
		return nil, nil, err
	}
	if err := config.ReadImports(ctx, s.root()); err != nil {
		return nil, nil, err
	}
	set, err := config.Load(os.DirFS(s.root()))
	return config, set, err
}

func lockCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "lock",
		Short: "Update the lockfiles to the current documents",
		Long: `Lock updates the lockfile of each directory with lexicons. Check lists lockfiles
that are out of date, and lint reports documents that differ from the lockfile. Lock
prints the changes of the documents with the verdicts of diff.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := s.read()
			if err != nil {
				return failure{err}
			}
			names, err := s.names(config)
			if err != nil {
				return failure{err}
			}
			_, err = s.lock(command, config, names)
			return err
		},
	}
}

// names returns the content of the name lock on disk, or nil if there is none.
func (s *settings) names(config *gen.Config) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(s.root(), filepath.FromSlash(config.NamesFile())))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// printGone lists the Go names that the name lock before has and the name lock after lacks. It is for runs that print
// no verdicts, which would tell what became of these names.
func printGone(command *cobra.Command, before, after []byte) {
	if before == nil {
		return
	}
	a, errA := naming.ParseLock(before)
	b, errB := naming.ParseLock(after)
	if errA != nil || errB != nil {
		return // without the old names, nothing can be compared
	}
	for _, name := range a.Gone(b) {
		fmt.Fprintf(command.ErrOrStderr(), "removes %s\n", name)
	}
}

// lock updates the lockfiles, and prints which of them changed and the changes of the documents with their verdicts.
// names is the content of the name lock before the run. It returns false if it cannot give verdicts.
func (s *settings) lock(command *cobra.Command, config *gen.Config, names []byte) (judged bool, err error) {
	if judged, err = s.accepted(command, config, names); err != nil {
		return false, err
	}
	changed, err := config.WriteLocks(s.root())
	for _, name := range changed {
		fmt.Fprintf(command.OutOrStdout(), "%s %s\n", gen.Update, name)
	}
	if err != nil {
		return false, failure{err}
	}
	return judged, nil
}
