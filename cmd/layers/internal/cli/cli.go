// Package cli contains what the commands share: their groups, checks of arguments, flags, and help.
package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// The groups of commands in the help.
const (
	GroupRead  = "read"
	GroupWrite = "write"
)

// Online wraps the function of a command that talks to servers. An error of the function gives the exit status of a
// failure, unless it has another status already; without Online, it would be reported as wrong usage.
func Online(do func(ctx context.Context, command *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		return exit.Failure(do(command.Context(), command, args))
	}
}

// Arguments returns a check that a command has at least min and at most max arguments. In the error, usage describes
// the arguments that the command takes.
func Arguments(min, max int, usage string) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		if len(args) < min || len(args) > max {
			return exit.Misuse("%s takes %s, not %d arguments", command.CommandPath(), usage, len(args))
		}
		return nil
	}
}

// Writing is [Online] for commands that write records: it adds advice to the error that the account has moved away from
// the session's server.
func Writing(do func(ctx context.Context, command *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return Online(func(ctx context.Context, command *cobra.Command, args []string) error {
		err := do(ctx, command, args)
		if moved, ok := errors.AsType[*auth.MovedError](err); ok {
			return exit.WithHint(err, "if %s is the account's PDS under another address, add --any-pds", moved.Session)
		}
		return err
	})
}

// OrNone returns s, or "none" if s is empty.
func OrNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// WithDID returns uri with the account's DID in place of its handle, as records refer to each other. It resolves the
// handle, unless from, the value of --from, is set: then a handle is an error, since no server is to be asked.
func WithDID(ctx context.Context, s *connect.Servers, uri syntax.ATURI, from string) (syntax.ATURI, error) {
	handle, ok := uri.Authority().Handle()
	if !ok {
		return uri, nil
	}
	if from != "" {
		return "", exit.Misuse("with --from, the AT-URI must name the account by its DID")
	}
	did, err := s.Accounts(ctx)(handle)
	if err != nil {
		return "", exit.Failure(err)
	}
	return syntax.NewATURI(syntax.AtIdentifier(did), uri.Collection(), uri.RecordKey())
}
