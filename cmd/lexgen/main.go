// Command lexgen generates Go packages from lexicon documents, as configured in lexgen.json.
//
//	lexgen generate    write the packages
//	lexgen check       list what generate would change; exit with 1 if there is anything
//	lexgen lint        check the documents
//	lexgen lock        update the lockfiles to the current documents
//	lexgen diff        judge the changes between two versions of the documents
//	lexgen new         write a first document
//	lexgen install     install documents from the network, verified
//	lexgen pull        restore the installed documents
//	lexgen update      update the installed documents
//	lexgen publish     publish documents of your own
//	lexgen status      compare documents with what is published
//	lexgen bridge      write a package for records of an older version
//
// It exits with 0 on success, with 1 if something is wrong with the documents, the configuration or the
// files, and with 2 if its command line is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// The exit statuses besides 0.
const (
	exitFailure = 1
	exitMisuse  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// failure is an error that is not about the command line; its exit status is exitFailure.
type failure struct{ error }

// Unwrap returns the error itself.
func (f failure) Unwrap() error { return f.error }

// errFound ends a command that has already printed what it found.
var errFound = failure{errors.New("found")}

// run executes the command and returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	command := rootCommand()
	command.SetArgs(args)
	command.SetOut(stdout)
	command.SetErr(stderr)
	err := command.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case err == errFound:
		return exitFailure
	case errors.As(err, new(failure)):
		fmt.Fprintln(stderr, err)
		return exitFailure
	}
	fmt.Fprintf(stderr, "lexgen: %v\nRun 'lexgen --help' for usage.\n", err)
	return exitMisuse
}
