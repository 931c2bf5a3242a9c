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

// Online wraps the function of a command that talks to servers: its errors are failures, not misuse.
func Online(do func(ctx context.Context, command *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		return exit.Failure(do(command.Context(), command, args))
	}
}

// Arguments returns a check of the number of arguments; usage names them in the error.
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

// WithDID returns a URI that names its account by the DID, as records do.
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
