// Command layers works with Layers data in a terminal: see layers --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
)

func main() {
	// The command's memory is a small part of a machine's: collecting garbage less often makes it faster.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(150)
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run carries out the command line args and returns the exit status. Results go to stdout, messages to
// stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out, messages := terminal.NewWriter(stdout), terminal.NewWriter(stderr)
	defer out.Flush()
	defer messages.Flush()
	log.SetOutput(messages) // package net/http logs text from servers
	ctx, stop := exit.WithSignals(ctx)
	defer stop()

	root := &cobra.Command{
		Use:                "layers",
		Short:              "Read, verify and write Layers data (linguistic annotation) on the AT Protocol",
		Version:            connect.Version(),
		SilenceUsage:       true,
		SilenceErrors:      true,
		DisableSuggestions: true, // messages have their own
	}
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	root.SetIn(terminal.NewInput(ctx, stdin, messages))
	root.SetOut(out)
	root.SetErr(messages)
	s := connect.Servers{Messages: messages}
	s.AddFlags(root.PersistentFlags())
	root.AddGroup(
		&cobra.Group{ID: groupRead, Title: "Reading:"},
		&cobra.Group{ID: groupWrite, Title: "Writing:"},
	)
	root.AddCommand(
		decodeCommand(), convertCommand(), resolveCommand(&s), describeCommand(&s), getCommand(&s), listCommand(&s), pullCommand(&s), queryCommand(&s), tailCommand(&s), followCommand(&s),
		loginCommand(&s), logoutCommand(&s), whoamiCommand(&s),
		exportCommand(&s), validateCommand(),
		createCommand(&s), putCommand(&s), deleteCommand(&s), applyCommand(&s), blobCommand(&s), importCommand(&s),
	)
	root.SetUsageTemplate(root.UsageTemplate() + usageTail)
	root.SetHelpCommand(helpCommand())
	root.InitDefaultCompletionCmd(args...)
	takesCommand(root)
	for _, command := range root.Commands() {
		if command.HasSubCommands() {
			takesCommand(command)
		}
	}
	root.SetFlagErrorFunc(flagError)
	root.SetArgs(args)
	root.PersistentPreRunE = func(command *cobra.Command, _ []string) error {
		if err := s.CheckTimes(); err != nil {
			return err
		}
		if s.Timeout > 0 {
			limited, cancel := context.WithTimeoutCause(ctx, s.Timeout, fmt.Errorf("timed out after %v (--timeout)", s.Timeout))
			command.SetContext(limited)
			context.AfterFunc(ctx, cancel)
		}
		return nil
	}
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exit.OK
	}
	err = exit.Signalled(ctx, err)
	fmt.Fprintln(messages, "layers: "+exit.Message(err))
	if end, ok := errors.AsType[*exit.Error](err); ok && end.Status != exit.Misused {
		return end.Status
	}
	if command.Name() == "help" {
		command = root
	}
	fmt.Fprintf(messages, "See %s --help.\n", command.CommandPath())
	return exit.Misused
}

// usageTail follows the flags in the help of each command.
const usageTail = `{{if .Runnable}}
Exit status:
  0  success
  1  failure
  2  wrong usage{{if eq .Name "validate"}}
  3  a record is invalid, or has a warning with --strict{{else if .Flags.Lookup "strict"}}
  3  a record is invalid, with --strict{{end}}
  A signal gives 128 plus its number: 130 for an interrupt.

Environment:
  LAYERS_PLC, LAYERS_PDS, LAYERS_APPVIEW, LAYERS_ALLOW_PRIVATE  defaults of --plc, --pds, --appview, --allow-private
  LAYERS_AUTH_FILE  the file that stores the session (default layers/auth.json in $XDG_STATE_HOME){{if eq .Name "login"}}
  LAYERS_PASSWORD   the app password{{end}}
{{end}}`

// takesCommand sets up a command that only has subcommands: without arguments it shows its help, and it refuses an
// argument that is not one of its subcommands.
func takesCommand(command *cobra.Command) {
	command.Args = func(command *cobra.Command, args []string) error {
		if len(args) == 0 && !command.HasParent() {
			return nil
		}
		return unknownCommand(command, args)
	}
	command.RunE = func(command *cobra.Command, _ []string) error { return command.Help() }
}

// unknownCommand returns an error about args, which do not name a command of parent.
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

// helpCommand returns a help command like cobra's, except that it returns an error for a command that does not exist.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Print the help of a command",
		Example: `  layers help list
  layers help blob put`,
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

// flagError returns err with a suggestion of the flag that may have been meant.
func flagError(command *cobra.Command, err error) error {
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

// The groups of commands in the help.
const (
	groupRead  = "read"
	groupWrite = "write"
)

// online wraps the function of a command that talks to servers: its errors are failures, not misuse.
func online(do func(ctx context.Context, command *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		return exit.Failure(do(command.Context(), command, args))
	}
}

// arguments returns a check of the number of arguments; usage names them in the error.
func arguments(min, max int, usage string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) < min || len(args) > max {
			return exit.Misuse("%s takes %s, not %d arguments", command.CommandPath(), usage, len(args))
		}
		return nil
	}
}
