package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/cmd/layers/internal/cli"
	"github.com/layers-pub/layers-go/cmd/layers/internal/connect"
	"github.com/layers-pub/layers-go/cmd/layers/internal/names"
	"github.com/layers-pub/layers-go/cmd/layers/internal/output"
	"github.com/layers-pub/layers-go/cmd/layers/internal/terminal"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func resolveCommand(s *connect.Servers) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:     "resolve ACTOR",
		GroupID: cli.GroupRead,
		Short:   "Look up the DID, handle, PDS and key of an account",
		Long: `Resolve looks up an account and prints its DID, handle, PDS and signing key. ACTOR
is a handle or a DID.

Handles are verified in both directions: if the handle in the DID document does not
resolve to the DID, it is printed as handle.invalid.`,
		Example: `  layers resolve alice.example.com
  layers resolve did:plc:ewvi7nxzyoun6zhxrhs64oiz --json`,
		Args: cli.Arguments(1, 1, "an ACTOR"),
		RunE: cli.Online(func(ctx context.Context, command *cobra.Command, args []string) error {
			actor, err := names.ParseActor(args[0])
			if err != nil {
				return err
			}
			directory, err := s.Directory()
			if err != nil {
				return err
			}
			who, err := directory.Resolve(ctx, actor)
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			if asJSON {
				return output.JSON(terminal.Exact(out), struct {
					DID    syntax.DID    `json:"did"`
					Handle syntax.Handle `json:"handle"`
					PDS    string        `json:"pds"`
					Key    string        `json:"key"`
				}{who.DID, who.Handle, who.PDS, who.Key.DIDKey()})
			}
			return terminal.Printf(out, "did     %s\nhandle  %s\npds     %s\nkey     %s\n", who.DID, who.Handle, cli.OrNone(who.PDS), cli.OrNone(who.Key.DIDKey()))
		}),
	}
	cli.JSONFlag(command, &asJSON)
	return command
}
