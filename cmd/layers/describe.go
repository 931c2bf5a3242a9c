package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/layers-pub/layers-go/runtime/lex"
	"github.com/layers-pub/layers-go/runtime/syntax"
)

func describeCommand(s *servers) *cobra.Command {
	var asJSON bool
	command := &cobra.Command{
		Use:     "describe ACTOR",
		GroupID: groupRead,
		Short:   "Say what a repository holds",
		Long: `Describe asks the PDS of an account about its repository, and prints the newest
commit, its revision, and the collections that have records.`,
		Example: `  layers describe alice.example.com
  layers describe alice.example.com --json | jq -r '.collections[]'`,
		Args: arguments(1, 1, "an ACTOR"),
		RunE: online(func(ctx context.Context, command *cobra.Command, args []string) error {
			actor, err := parseActor(args[0])
			if err != nil {
				return err
			}
			client, err := s.repos()
			if err != nil {
				return err
			}
			description, err := client.DescribeRepo(ctx, actor)
			if err != nil {
				return err
			}
			latest, err := client.GetLatestCommit(ctx, syntax.AtIdentifier(description.DID))
			if err != nil {
				return err
			}
			out := command.OutOrStdout()
			if asJSON {
				return printJSON(out, struct {
					DID         syntax.DID    `json:"did"`
					Handle      syntax.Handle `json:"handle"`
					Commit      lex.CID       `json:"commit"`
					Rev         syntax.TID    `json:"rev"`
					Collections []syntax.NSID `json:"collections"`
				}{description.DID, description.Handle, latest.CID, latest.Rev, description.Collections})
			}
			_, err = fmt.Fprintf(out, "did     %s\nhandle  %s\ncommit  %s\nrev     %s\n", description.DID, description.Handle, latest.CID, latest.Rev)
			for i, collection := range description.Collections {
				name := ""
				if i == 0 {
					name = "records"
				}
				if err == nil {
					_, err = fmt.Fprintf(out, "%-7s %s\n", name, collection)
				}
			}
			return err
		}),
	}
	jsonFlag(command, &asJSON)
	return command
}
