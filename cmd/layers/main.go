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
)

// The exit statuses. A command that a signal ended has 128 plus the signal's number: 130 after an interrupt.
const (
	exitOK      = 0
	exitFailure = 1
	exitMisuse  = 2
	exitStrict  = 3 // --strict, and records that failed
)

func main() {
	// The command's memory is a small part of a machine's: collecting garbage less often makes it faster.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(150)
	}
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// exitError is an error that ends the command with a status of its own.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// failure returns an error that ends the command with the exit status of a failure; nil if err is nil.
func failure(err error) error {
	if _, ok := errors.AsType[*exitError](err); ok || err == nil {
		return err
	}
	return &exitError{exitFailure, err}
}

// misuse returns an error that ends the command with the exit status of wrong usage.
func misuse(format string, args ...any) error {
	return &exitError{exitMisuse, fmt.Errorf(format, args...)}
}

// run carries out the command line args and returns the exit status. Results go to stdout, messages to
// stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	out, messages := newTextWriter(stdout), newTextWriter(stderr)
	defer out.flush()
	defer messages.flush()
	log.SetOutput(messages) // package net/http logs text from servers
	ctx, stop := withSignals(ctx)
	defer stop()

	root := &cobra.Command{
		Use:                "layers",
		Short:              "Linguistic annotation on the AT Protocol: read it, verify it, write it",
		Version:            version(),
		SilenceUsage:       true,
		SilenceErrors:      true,
		DisableSuggestions: true, // messages have their own
	}
	if stdin == nil {
		stdin = strings.NewReader("")
	}
	root.SetIn(&input{ctx: ctx, source: stdin, stderr: messages})
	root.SetOut(out)
	root.SetErr(messages)
	s := servers{messages: messages}
	s.addFlags(root.PersistentFlags())
	root.AddGroup(
		&cobra.Group{ID: groupRead, Title: "Reading:"},
		&cobra.Group{ID: groupWrite, Title: "Writing:"},
	)
	root.AddCommand(
		decodeCommand(), convertCommand(), resolveCommand(&s), describeCommand(&s), getCommand(&s), listCommand(&s), pullCommand(&s), queryCommand(&s),
		loginCommand(&s), logoutCommand(&s), whoamiCommand(&s),
		createCommand(&s), putCommand(&s), deleteCommand(&s), applyCommand(&s), blobCommand(&s),
	)
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
		if err := s.checkTimes(); err != nil {
			return err
		}
		if s.timeout > 0 {
			limited, cancel := context.WithTimeoutCause(ctx, s.timeout, fmt.Errorf("not done after %v, which --timeout allows", s.timeout))
			command.SetContext(limited)
			context.AfterFunc(ctx, cancel)
		}
		return nil
	}
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	if by, ok := errors.AsType[*signalError](context.Cause(ctx)); ok {
		fmt.Fprintln(messages, "layers: "+message(&hint{by, hintOf(err)}))
		return by.status()
	}
	fmt.Fprintln(messages, "layers: "+message(err))
	exit, ok := errors.AsType[*exitError](err)
	if ok && exit.status != exitMisuse {
		return exit.status
	}
	if command.Name() == "help" {
		command = root
	}
	fmt.Fprintf(messages, "See %s --help.\n", command.CommandPath())
	return exitMisuse
}

// hint is an error with advice, which is printed on a line of its own.
type hint struct {
	err  error
	text string // the command's own, or made by oneLine
}

func (h *hint) Error() string { return h.err.Error() }
func (h *hint) Unwrap() error { return h.err }

// withHint returns err with a hint.
func withHint(err error, format string, args ...any) error {
	for i, arg := range args {
		args[i] = oneLine(fmt.Sprint(arg))
	}
	return &hint{err, fmt.Sprintf(format, args...)}
}

func hintOf(err error) string {
	if h, ok := errors.AsType[*hint](err); ok {
		return h.text
	}
	return ""
}

// message returns the text of err as it is printed. Only joined errors and hints have lines of their own: a newline in a
// server's text is escaped.
func message(err error) string {
	switch err := err.(type) {
	case *exitError:
		return message(err.err)
	case *hint:
		if err.text == "" {
			return message(err.err)
		}
		return message(err.err) + "\n" + err.text
	case interface{ Unwrap() []error }:
		var parts, lines []string
		for _, part := range err.Unwrap() {
			parts, lines = append(parts, part.Error()), append(lines, message(part))
		}
		if err, ok := err.(error); ok && err.Error() == strings.Join(parts, "\n") {
			return strings.Join(lines, "\n")
		}
	}
	return oneLine(err.Error())
}

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
	var names []string
	for _, command := range parent.Commands() {
		if command.IsAvailableCommand() || command.Name() == "help" {
			names = append(names, command.Name())
		}
	}
	if len(args) == 0 {
		return misuse("%s takes a command: %s", parent.CommandPath(), strings.Join(names, ", "))
	}
	if meant := nearest(args[0], names, nil); meant != "" {
		return misuse("there is no command %q in %s: did you mean %s?", args[0], parent.CommandPath(), meant)
	}
	return misuse("there is no command %q in %s, which has %s", args[0], parent.CommandPath(), strings.Join(names, ", "))
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
				return misuse("%v", err)
			}
			if len(rest) > 0 && about.HasSubCommands() {
				return unknownCommand(about, rest)
			}
			if len(rest) > 0 {
				return misuse("%s has no commands, and so none %q", about.CommandPath(), rest[0])
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
		return misuse("%v", err)
	}
	var names []string
	command.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	name := unknown.GetSpecifiedName()
	if meant := nearest("--"+name, names, nil); meant != "" && len(name) > 1 {
		return misuse("%s has no flag --%s: did you mean %s?", command.CommandPath(), name, meant)
	}
	return misuse("%s: %v", command.CommandPath(), err)
}

// The groups of commands in the help.
const (
	groupRead  = "read"
	groupWrite = "write"
)

// online wraps the function of a command that talks to servers: its errors are failures, not misuse.
func online(do func(ctx context.Context, command *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		return failure(do(command.Context(), command, args))
	}
}

// arguments returns a check of the number of arguments; usage names them in the error.
func arguments(min, max int, usage string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) < min || len(args) > max {
			return misuse("%s takes %s, and not %d arguments", command.CommandPath(), usage, len(args))
		}
		return nil
	}
}

// version returns the version from which the command was built.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}
