// Command layers works with Layers data in a terminal: see layers --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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

// run carries out the command line args and returns the exit status. Results go to stdout, messages to
// stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:           "layers",
		Short:         "Read linguistic annotation on the AT Protocol",
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(decodeCommand())
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "layers:", err)
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.status
	}
	fmt.Fprintln(stderr, "See layers --help.")
	return exitMisuse
}

// version returns the version that the module was built at.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(unknown)"
}
