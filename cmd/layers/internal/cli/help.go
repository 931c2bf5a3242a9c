package cli

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
)

// UsageTail is the template for the end of each command's help, after the flags: the exit statuses and the environment
// variables.
const UsageTail = `{{if .Runnable}}
Exit status:
  0  success
  1  failure
  2  wrong usage{{if eq .Name "validate"}}
  3  a record is invalid, or has a warning with --strict{{else if and (.Flags.Lookup "strict") (eq .GroupID "write")}}
  3  there is a warning, with --strict{{else if .Flags.Lookup "strict"}}
  3  a record is invalid, with --strict{{end}}
  A signal gives 128 plus its number: 130 for an interrupt.

Environment:
  LAYERS_PLC, LAYERS_PDS, LAYERS_APPVIEW, LAYERS_ALLOW_PRIVATE  defaults of --plc, --pds, --appview, --allow-private
  LAYERS_AUTH_FILE  the file that stores the session (default layers/auth.json in $XDG_STATE_HOME){{if eq .Name "login"}}
  LAYERS_PASSWORD   the app password{{end}}
{{end}}`

// TakesCommand sets up a command that only has subcommands, which must include its first argument. Without arguments,
// the root command prints its help, and any other command returns an error that lists its subcommands.
func TakesCommand(command *cobra.Command) {
	command.Args = func(command *cobra.Command, args []string) error {
		if len(args) == 0 && !command.HasParent() {
			return nil
		}
		return unknownCommand(command, args)
	}
	command.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
}

// unknownCommand returns an error for args, which are empty or do not name a subcommand of parent.
func unknownCommand(parent *cobra.Command, args []string) error {
	var known []string
	for _, command := range parent.Commands() {
		if command.IsAvailableCommand() || command.Name() == "help" {
			known = append(known, command.Name())
		}
	}
	if len(args) == 0 {
		return exit.Misuse("%s: missing command: %s", parent.CommandPath(), strings.Join(known, ", "))
	}
	if meant := names.Nearest(args[0], known, nil); meant != "" {
		return exit.Misuse("unknown command %q of %s: did you mean %s?", args[0], parent.CommandPath(), meant)
	}
	return exit.Misuse("unknown command %q of %s; the commands are %s", args[0], parent.CommandPath(), strings.Join(known, ", "))
}

// HelpCommand returns a help command like cobra's, except that it returns an error for a command that does not exist.
func HelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND | TOPIC]",
		Short: "Print the help of a command, or of a topic",
		Example: `  layers help list
  layers help blob put
  layers help output`,
		ValidArgsFunction: completeHelp,
		RunE: func(command *cobra.Command, args []string) error {
			about, rest, err := command.Root().Find(args)
			if err != nil {
				return exit.Misuse("%v", err)
			}
			if len(rest) > 0 && about.HasSubCommands() {
				return unknownCommand(about, rest)
			}
			if len(rest) > 0 {
				return exit.Misuse("%s has no command %q", about.CommandPath(), rest[0])
			}
			about.InitDefaultHelpFlag() // so that the help lists it
			about.InitDefaultVersionFlag()
			return about.Help()
		},
	}
}

// completeHelp completes the arguments of layers help with the names of commands and topics.
func completeHelp(command *cobra.Command, args []string, _ string) (completions []string, _ cobra.ShellCompDirective) {
	about, rest, err := command.Root().Find(args)
	if err == nil && len(rest) == 0 {
		for _, sub := range about.Commands() {
			if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
				completions = append(completions, cobra.CompletionWithDesc(sub.Name(), sub.Short))
			}
		}
	}
	return completions, cobra.ShellCompDirectiveNoFileComp
}

// FlagError returns the error of wrong usage for err, an error from parsing the flags of a command. It suggests a known
// flag that resembles an unknown one.
func FlagError(command *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return exit.Misuse("%v", err)
	}
	var known []string
	command.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, "--"+f.Name)
		}
	})
	name := unknown.GetSpecifiedName()
	if meant := names.Nearest("--"+name, known, nil); meant != "" && len(name) > 1 {
		return exit.Misuse("%s has no flag --%s: did you mean %s?", command.CommandPath(), name, meant)
	}
	return exit.Misuse("%s: %v", command.CommandPath(), err)
}
