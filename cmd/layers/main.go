// Command layers works with Layers data in a terminal: see layers --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// The exit statuses.
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

// failure is an error that ends the command with the status of a failure. It is nil for nil.
func failure(err error) error {
	if _, ok := errors.AsType[*exitError](err); ok || err == nil {
		return err
	}
	return &exitError{exitFailure, err}
}

// misuse is an error about how the command was called.
func misuse(format string, args ...any) error {
	return &exitError{exitMisuse, fmt.Errorf(format, args...)}
}

// run carries out the command line args and returns the exit status. Results go to stdout, messages to
// stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "layers",
		Short:         "Linguistic annotation on the AT Protocol: read it, verify it, write it",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	var s servers
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
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "layers:", err)
	exit, ok := errors.AsType[*exitError](err)
	if ok && exit.status != exitMisuse {
		return exit.status
	}
	fmt.Fprintln(stderr, "See layers --help.")
	return exitMisuse
}

// The groups of commands in the help.
const (
	groupRead  = "read"
	groupWrite = "write"
)

// online makes what a command does: do, until an interrupt cancels it. Its errors are failures.
func online(do func(ctx context.Context, command *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		ctx, stop := signal.NotifyContext(command.Context(), os.Interrupt)
		defer stop()
		context.AfterFunc(ctx, stop) // a second interrupt ends the process
		return failure(do(ctx, command, args))
	}
}

// arguments checks the number of arguments; usage says what they are.
func arguments(min, max int, usage string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) < min || len(args) > max {
			return misuse("%s takes %s, and not %d arguments", command.CommandPath(), usage, len(args))
		}
		return nil
	}
}

// version returns the version that the module was built at.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}
