// Package accounts implements the commands for sessions: login, logout, switch and whoami.
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

// Login returns the login command.
func Login(s *connect.Servers) *cobra.Command {
	var factor string
	command := &cobra.Command{
		Use:     "login ACTOR",
		GroupID: cli.GroupWrite,
		Short:   "Log in with an app password",
		Long: `Login creates a session at the account's PDS and stores it for the commands that
write. ACTOR is a handle or a DID. The file is $LAYERS_AUTH_FILE, or
layers/auth.json in $XDG_STATE_HOME; only you can read it. The session is renewed
automatically, so log in once rather than in each script.

Several accounts can be logged in. The last one is the current account; "layers
switch" changes that, and the flag --as names another account for one command.

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
			terminal.Note(command.ErrOrStderr(), "logged in as %s (%s) at %s\n", session.Handle, session.DID, session.PDS)
			return nil
		}),
	}
	command.Flags().StringVar(&factor, "factor", "", "the `CODE` of the second factor, if the server asks for one")
	return command
}

// readPassword reads the password from LAYERS_PASSWORD if that is set, or else from the terminal or standard input.
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

// Switch returns the switch command.
func Switch(s *connect.Servers) *cobra.Command {
	return &cobra.Command{
		Use:     "switch ACTOR",
		GroupID: cli.GroupWrite,
		Short:   "Choose the current account among those that are logged in",
		Long: `Switch makes ACTOR, a handle or a DID, the current account: the one that commands
use unless --as names another. ACTOR must be logged in; "layers whoami" lists the
accounts that are logged in.`,
		Example:           "  layers switch bob.example.com",
		Args:              cli.Arguments(1, 1, "an ACTOR"),
		ValidArgsFunction: completeAccount,
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			client, store, err := resume(ctx, s, args[0])
			if err != nil {
				return err
			}
			if err := store.SetCurrent(ctx, client.DID()); err != nil {
				return err
			}
			session := client.Session()
			return terminal.Note(command.ErrOrStderr(), "the current account is %s (%s)\n", session.Handle, session.DID)
		}),
	}
}

// resume resumes the stored session of who, a handle or a DID, or of the current account if who is "". It returns the
// client of the session, and the store of all sessions.
func resume(ctx context.Context, s *connect.Servers, who string) (*auth.Client, *auth.FileStore, error) {
	options, err := s.AuthOptions()
	if err != nil {
		return nil, nil, err
	}
	store, err := auth.OpenStore("")
	if err != nil {
		return nil, nil, err
	}
	client, err := s.Resume(ctx, who, options...)
	return client, store, err
}

// Logout returns the logout command.
func Logout(s *connect.Servers) *cobra.Command {
	var all bool
	command := &cobra.Command{
		Use:     "logout",
		GroupID: cli.GroupWrite,
		Short:   "Log out",
		Long: `Logout ends the session of the current account, or of the one that --as names, at
its server, and deletes it from the file of sessions; with --all, those of all
accounts.`,
		Example: "  layers logout\n  layers logout --as bob.example.com\n  layers logout --all",
		Args:    cli.Arguments(0, 0, "no arguments"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			if all && s.As != "" {
				return exit.Misuse("--all cannot be combined with --as")
			}
			if !all {
				client, err := s.Session(ctx)
				if err != nil {
					return err
				}
				return logOut(ctx, command, client)
			}
			store, err := auth.OpenStore("")
			if err != nil {
				return err
			}
			sessions, err := store.List(ctx)
			if err != nil {
				return err
			}
			var failed []error // a server that cannot be reached does not prevent the other logouts
			for _, session := range sessions {
				client, _, err := resume(ctx, s, string(session.DID))
				if err == nil {
					err = logOut(ctx, command, client)
				}
				failed = append(failed, err)
			}
			return errors.Join(failed...)
		}),
	}
	cli.AsFlag(command, s)
	command.Flags().BoolVar(&all, "all", false, "log out all accounts")
	return command
}

// logOut ends the session of client, and prints that it has ended.
func logOut(ctx context.Context, command *cobra.Command, client *auth.Client) error {
	session := client.Session()
	if err := client.Logout(ctx); err != nil {
		return err
	}
	return terminal.Note(command.ErrOrStderr(), "logged out %s (%s)\n", session.Handle, session.DID)
}

// account is an account as whoami prints it.
type account struct {
	DID    syntax.DID    `json:"did"`
	Handle syntax.Handle `json:"handle"`
	PDS    string        `json:"pds"`
}

// Whoami returns the whoami command.
func Whoami(s *connect.Servers) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:     "whoami",
		GroupID: cli.GroupWrite,
		Short:   "Show the accounts that are logged in",
		Long: `Whoami prints the current account, or the one that --as names, and then the other
accounts that are logged in. It contacts no server.`,
		Example: "  layers whoami --json",
		Args:    cli.Arguments(0, 0, "no arguments"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			client, store, failed := resume(ctx, s, s.As)
			if failed != nil && !errors.Is(failed, auth.ErrNoSession) {
				return failed
			}
			var current *account
			if failed == nil {
				session := client.Session()
				current = &account{session.DID, session.Handle, session.PDS}
			}
			sessions, err := store.List(ctx)
			if err != nil {
				return err
			}
			others := []account{}
			for _, session := range sessions {
				if current == nil || session.DID != current.DID {
					others = append(others, account{session.DID, session.Handle, session.PDS})
				}
			}
			if asJSON && current != nil {
				return output.JSON(terminal.Exact(command.OutOrStdout()), struct {
					*account
					Others []account `json:"others"`
				}{current, others})
			}
			if current != nil {
				failed = terminal.Printf(command.OutOrStdout(), "did     %s\nhandle  %s\npds     %s\n", current.DID, current.Handle, current.PDS)
			}
			out := command.OutOrStdout()
			if asJSON {
				out = command.ErrOrStderr()
			}
			for i, other := range others {
				if i == 0 {
					terminal.Printf(out, "\nalso logged in:\n")
				}
				terminal.Printf(out, "  %s (%s) at %s\n", other.Handle, other.DID, other.PDS)
			}
			return failed
		}),
	}
	cli.JSONFlag(command, &asJSON)
	cli.AsFlag(command, s)
	return command
}

// completeAccount completes the first argument with the handles of the accounts that are logged in.
func completeAccount(command *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return cli.CompleteAs(command, args, "")
}
