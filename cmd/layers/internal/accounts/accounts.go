// Package accounts has the commands for sessions: login, logout, switch and whoami.
package accounts

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/exit"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/auth"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

// Login returns the command.
func Login(s *connect.Servers) *cobra.Command {
	var factor string
	command := &cobra.Command{
		Use:     "login ACTOR",
		GroupID: cli.GroupWrite,
		Short:   "Log in with an app password",
		Long: `Login creates a session at the account's PDS and stores it for the commands that
write. ACTOR is a handle or a DID. The file is $LAYERS_AUTH_FILE, or
layers/auth.json in $XDG_STATE_HOME; only you can read it. The session renews
itself, so log in once rather than in each script.

The app password is read from LAYERS_PASSWORD if that is set, or else from the
terminal or standard input. It is not stored. Use an app password, which you can
revoke, rather than the password of the account.`,
		Example: `  layers login alice.example.com
  layers login alice.example.com < password.txt`,
		Args: cli.Arguments(1, 1, "an ACTOR"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			actor, err := names.ParseActor(args[0])
			if err != nil {
				return err
			}
			options, err := s.AuthOptions()
			if err != nil {
				return err
			}
			options = append(options, auth.WithAuthFactorToken(factor))
			password, err := readPassword(ctx, command.InOrStdin(), command.ErrOrStderr(), actor)
			if err != nil {
				return err
			}
			client, err := auth.Login(ctx, actor, password, options...)
			if errors.Is(err, auth.ErrAuthFactorTokenRequired) {
				return exit.WithHint(err, "the server has sent a code by e-mail: log in again with --factor CODE, or use an app password, which needs no code")
			}
			if err != nil {
				return err
			}
			session := client.Session()
			terminal.Printf(command.ErrOrStderr(), "logged in as %s (%s) at %s\n", session.Handle, session.DID, session.PDS)
			return nil
		}),
	}
	command.Flags().StringVar(&factor, "factor", "", "the `CODE` of the second factor, if the server asks for one")
	return command
}

// readPassword gets the password from the environment, the terminal or standard input.
func readPassword(ctx context.Context, stdin io.Reader, stderr io.Writer, actor syntax.AtIdentifier) (string, error) {
	if password := os.Getenv("LAYERS_PASSWORD"); password != "" {
		return password, nil
	}
	var password string
	if in, ok := stdin.(*terminal.Input); ok && in.Terminal() != nil {
		terminal.Printf(stderr, "App password of %s: ", actor)
		text, err := terminal.ReadSecret(ctx, in.Terminal())
		fmt.Fprintln(stderr)
		if err != nil {
			return "", err
		}
		password = text
	} else {
		text, err := bufio.NewReader(io.LimitReader(stdin, 4096)).ReadString('\n')
		if err != nil && err != io.EOF {
			return "", err
		}
		password = strings.TrimRight(text, "\r\n")
	}
	if password == "" {
		return "", exit.Misuse("no password: type it on the terminal, pass it on standard input, or set LAYERS_PASSWORD")
	}
	return password, nil
}

// Logout returns the command.
func Logout(s *connect.Servers) *cobra.Command {
	return &cobra.Command{
		Use:     "logout",
		GroupID: cli.GroupWrite,
		Short:   "Log out",
		Long:    "Logout ends the session at the server and deletes it from the file of sessions.",
		Example: "  layers logout",
		Args:    cli.Arguments(0, 0, "no arguments"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			client, err := s.Session(ctx)
			if err != nil {
				return err
			}
			session := client.Session()
			if err := client.Logout(ctx); err != nil {
				return err
			}
			terminal.Printf(command.ErrOrStderr(), "logged out %s (%s)\n", session.Handle, session.DID)
			return nil
		}),
	}
}

// Whoami returns the command.
func Whoami(s *connect.Servers) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:     "whoami",
		GroupID: cli.GroupWrite,
		Short:   "Show the account that is logged in",
		Long:    "Whoami prints the account of the stored session. It contacts no server.",
		Example: "  layers whoami --json",
		Args:    cli.Arguments(0, 0, "no arguments"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			client, err := s.Session(ctx)
			if err != nil {
				return err
			}
			session := client.Session()
			if asJSON {
				return output.JSON(terminal.Exact(command.OutOrStdout()), struct {
					DID    syntax.DID    `json:"did"`
					Handle syntax.Handle `json:"handle"`
					PDS    string        `json:"pds"`
				}{session.DID, session.Handle, session.PDS})
			}
			return terminal.Printf(command.OutOrStdout(), "did     %s\nhandle  %s\npds     %s\n", session.DID, session.Handle, session.PDS)
		}),
	}
	cli.JSONFlag(command, &asJSON)
	return command
}
