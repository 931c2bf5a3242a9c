package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/gen"
	"github.com/layers-pub/layers-go/gen/lexicon"
)

// settings are the flags that all commands share.
type settings struct{ config string }

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

// read returns the configuration.
func (s *settings) read() (*gen.Config, error) {
	root := s.root()
	name, err := filepath.Abs(s.config)
	if err == nil {
		name, err = filepath.Rel(root, name)
	}
	if err != nil {
		return nil, err
	}
	return gen.ReadConfig(os.DirFS(root), filepath.ToSlash(name))
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
		RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("missing command: generate, check, lint or lock")
		},
	}
	command.PersistentFlags().StringVar(&s.config, "config", gen.ConfigFile, "the configuration, in the root of the module or below it; paths in it are relative to the root")
	command.AddCommand(generateCommand(s), checkCommand(s), lintCommand(s), lockCommand(s))
	return command
}

func generateCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "generate",
		Short: "Write the packages",
		Long: `Generate writes the packages that the configuration asks for. Before it touches
a file, the whole output is type-checked. Only files that differ are replaced;
those of an earlier run that are not needed any more are removed. A file that
lexgen did not write is never overwritten. At the end the lockfiles of the
directories with lexicons are brought up to date.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := s.read()
			if err != nil {
				return failure{err}
			}
			config.IgnoreLock = true
			output, err := gen.Generate(command.Context(), s.root(), config)
			if err != nil {
				return failure{err}
			}
			changes, err := output.Write(s.root())
			if err != nil {
				return failure{err}
			}
			printChanges(command, changes)
			if err := s.lock(command, config); err != nil {
				return err
			}
			fmt.Fprintf(command.ErrOrStderr(), "%d files, %d changed\n", len(output.Files), len(changes))
			return nil
		},
	}
}

func checkCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "List what generate would change",
		Long: `Check generates in memory and lists the files that differ from what is there,
lockfiles included. It exits with 1 if there are any.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := s.read()
			if err != nil {
				return failure{err}
			}
			config.IgnoreLock = true // a changed document shows as a change of the code generated from it
			output, err := gen.Generate(command.Context(), s.root(), config)
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
	}
}

// printChanges lists changes on standard output.
func printChanges(command *cobra.Command, changes []gen.Change) {
	for _, c := range changes {
		fmt.Fprintf(command.OutOrStdout(), "%s %s\n", c.Kind, c.Path)
	}
}

func lintCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "lint [directory...]",
		Short: "Check the documents",
		Long: `Lint checks the documents below the directories, or else those of the
configuration: what the Lexicon specification forbids, and what it allows but
was probably not meant. It exits with 1 if it finds anything.`,
		RunE: func(command *cobra.Command, directories []string) error {
			set, err := s.load(directories)
			if err != nil {
				return failure{err}
			}
			problems := lexicon.Lint(set)
			for _, problem := range problems {
				fmt.Fprintln(command.OutOrStdout(), problem.Error())
			}
			if len(problems) > 0 {
				return errFound
			}
			return nil
		},
	}
}

func (s *settings) load(directories []string) (*lexicon.Set, error) {
	if len(directories) > 0 {
		for i, dir := range directories {
			directories[i] = filepath.ToSlash(filepath.Clean(dir))
		}
		return lexicon.Load(os.DirFS("."), directories...)
	}
	config, err := s.read()
	if err != nil {
		return nil, err
	}
	return config.Load(os.DirFS(s.root()))
}

func lockCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use:   "lock",
		Short: "Accept the documents as they are in the lockfiles",
		Long: `Lock brings the lockfile of each directory with lexicons up to date. Check lists
one that is not, and lint refuses documents that differ from it.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := s.read()
			if err != nil {
				return failure{err}
			}
			return s.lock(command, config)
		},
	}
}

// lock updates the lockfiles and lists those that changed.
func (s *settings) lock(command *cobra.Command, config *gen.Config) error {
	changed, err := config.WriteLocks(s.root())
	for _, name := range changed {
		fmt.Fprintf(command.OutOrStdout(), "%s %s\n", gen.Update, name)
	}
	if err != nil {
		return failure{err}
	}
	return nil
}
